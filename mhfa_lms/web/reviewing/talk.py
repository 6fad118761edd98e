"""Saying something about a passage, answering it, settling it."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db
from mhfa_lms.content import review_parts
from mhfa_lms.content.review_parts import Part
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import Course, CourseRevision
from mhfa_lms.policy import Can
from mhfa_lms.services import catalogue, reviewing
from mhfa_lms.web.access import requires
from mhfa_lms.web.identity import me
from mhfa_lms.web.reviewing import fields, reading
from mhfa_lms.web.reviewing.blueprint import blueprint


def _read(found: Course) -> tuple[CourseRevision, list[Part]]:
    """Return the revision that is being read, and its parts."""
    revision = reading.revision_of(db.session(), found, request.args.get("revision"))
    if revision is None:
        abort(404)
    return revision, review_parts.parts(catalogue.course(revision))


@blueprint.route("/review/<reviewed>/comment", methods=["GET", "POST"])
@requires(Can.REVIEW, load=reading.load)
def comment(found: Course) -> ResponseReturnValue:
    """Say something about a part, or about one of its passages."""
    revision, parts = _read(found)
    there = review_parts.find(parts, request.values.get("at", "course"))
    if there is None:
        abort(404)
    part, passage = there
    text, errors = request.form.get("text", ""), []
    if request.method == "POST":
        quoted = passage.text if passage else ""
        anchor = passage.anchor if passage else part.anchor
        try:
            reviewing.comment(found, anchor, text, quoted=quoted, revision_id=revision.id, by=me(), now=clock.now())
        except reviewing.EmptyError:
            errors = [{"id": "text", "text": _("Write what you would like to say")}]
        else:
            flash(_("Your comment is kept."), "success")
            return redirect(_back(found, revision, part.anchor), 303)
    chosen = passage.anchor if passage else part.anchor
    page = render_template(
        "review/comment.html", slug=found.slug, revision=revision, part=part, chosen=chosen, text=text,
        page_errors=errors, name_of=fields.name_of, kinds=reading.kinds(), most=reviewing.LONGEST,
    )  # fmt: skip
    return page, 422 if errors else 200


@blueprint.route("/review/<reviewed>/threads/<int:thread_id>", methods=["GET", "POST"])
@requires(Can.REVIEW, load=reading.load)
def thread(found: Course, thread_id: int) -> ResponseReturnValue:
    """One thread with its passage as it is now: answer it, settle it, open it again."""
    revision, parts = _read(found)
    one = next((other for other in reviewing.threads(db.session(), found.id) if other.first.id == thread_id), None)
    if one is None:
        abort(404)
    anchor, said = reading.place(parts, one)
    text, errors = request.form.get("text", ""), []
    if request.method == "POST":
        try:
            _act(found, thread_id, text)
        except reviewing.EmptyError:
            errors = [{"id": "text", "text": _("Write an answer first")}]
        else:
            return redirect(_back(found, revision, anchor or "gone"), 303)
    there = review_parts.find(parts, one.first.anchor)
    page = render_template(
        "review/thread.html", slug=found.slug, revision=revision, one=said, text=text, page_errors=errors,
        passage=there[1] if there else None, part=there[0] if there else None, most=reviewing.LONGEST,
    )  # fmt: skip
    return page, 422 if errors else 200


def _act(found: Course, thread_id: int, text: str) -> None:
    """Do what the button said."""
    what, who, now = request.form.get("do", "answer"), me(), clock.now()
    if what == "answer" or text.strip():
        reviewing.answer(found, thread_id, text, by=who, now=now)
    if what != "answer":
        reviewing.resolve(found, thread_id, by=who, now=now, resolved=what == "resolve")
    flash(_("Kept."), "success")


def _back(found: Course, revision: CourseRevision, anchor: str) -> str:
    return url_for("reviewing.course", reviewed=found.slug, revision=revision.number, _anchor=anchor)
