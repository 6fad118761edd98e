"""One course: its files beside what is published, what publishing would change for whom, and publishing it."""

import json
from pathlib import Path
from typing import Any, Final

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from mhfa_lms import clock, db
from mhfa_lms.content import loader
from mhfa_lms.content.corrections import Why
from mhfa_lms.content.differences import Difference
from mhfa_lms.content.marking import Kind, Piece, marked
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import lazy, ngettext
from mhfa_lms.models import Course, ReviewerKind
from mhfa_lms.policy import Can
from mhfa_lms.services import acceptance, publication, publishing, review_state, review_trail, reviewing
from mhfa_lms.services.publishing import Published
from mhfa_lms.web.access import requires
from mhfa_lms.web.admin.blueprint import blueprint
from mhfa_lms.web.admin.forms import ReviewerForm
from mhfa_lms.web.identity import me, settings

# More would only repeat itself on a page; the command line shows every one.
SHOWN: Final = 100
# Comparing word by word takes the square of the words: a page shows longer texts one below the other.
LONGEST: Final = 6_000
WHY: Final = {
    Why.ADDED: lazy("was added"),
    Why.REMOVED: lazy("was taken out"),
    Why.ORDER: lazy("is in another order"),
    Why.SWAPPED: lazy("has the words of another one now"),
    Why.CHANGED: lazy("is more than words"),
}


def folder_of(slug: str) -> Path | None:
    """Return the folder of a course's files; None when there is none. Nothing but a listed folder is ever read."""
    return next((path for path in loader.find(settings().courses_dir) if path.name == slug), None)


@blueprint.get("/admin/courses/<course>")
@requires(Can.ADMINISTER)
def one_course(course: str) -> ResponseReturnValue:
    """What the files say now, what publishing them would change, and for whom."""
    return _page(course, ReviewerForm())


def _page(course: str, form: ReviewerForm) -> ResponseReturnValue:
    folder, session = folder_of(course), db.session()
    if folder is None:
        abort(404)
    plan = publication.plan(session, folder, by=me())
    revisions = [one.id for one in (plan.last, plan.live) if one]
    page = render_template(
        "admin/course.html",
        plan=plan,
        title=plan.content.title if plan.content else plan.last.title if plan.last else course,
        shown=[(one.where, pieces(one)) for one in plan.differences[:SHOWN]],
        more=len(plan.differences) - SHOWN,
        why=WHY,
        accepted=acceptance.accepted(session, revisions),
        seen=seen(plan.content.model_dump(mode="json")) if plan.content else "",
        reviewers=reviewing.reviewers(session, plan.last.course_id) if plan.last else [],
        state=review_state.of(session, plan.last) if plan.last else None,
        trail=review_trail.trail(session, plan.last.course_id) if plan.last else [],
        form=form,
    )
    return page, 422 if form.errors else 200


@blueprint.post("/admin/courses/<course>/reviewers")
@requires(Can.ADMINISTER)
def name_reviewer(course: str) -> ResponseReturnValue:
    """Ask somebody to review this course."""
    row = db.session().scalars(select(Course).where(Course.slug == course)).one_or_none()
    if row is None or folder_of(course) is None:
        abort(404)
    form, course_id = ReviewerForm(), row.id
    if form.validate():
        try:
            reviewing.name_reviewer(
                course_id,
                form.email.data or "",
                ReviewerKind(form.kind.data),
                name=form.name.data or "",
                profession=form.profession.data or "",
                by=me(),
                now=clock.now(),
            )
        except reviewing.ClosedAccountError:
            form.email.errors = [_("The account with this address is closed")]
        except reviewing.ReviewsAlreadyError:
            form.email.errors = [_("This person reviews the course already")]
        else:
            flash(_("They get a mail, and find the course under Reviews when they sign in."), "success")
            return redirect(url_for("admin.one_course", course=course, _anchor="reviewers"), 303)
    return _page(course, form)


@blueprint.post("/admin/reviewers/<int:reviewer_id>/end")
@requires(Can.ADMINISTER)
def end_reviewer(reviewer_id: int) -> ResponseReturnValue:
    """Take somebody off a course; what they wrote and signed stays."""
    if not reviewing.end_reviewer(reviewer_id, by=me(), now=clock.now()):
        abort(404)
    flash(_("They no longer see the course. What they wrote and signed stays."), "success")
    return redirect(url_for("admin.courses"), 303)


@blueprint.post("/admin/courses/<course>/publish")
@requires(Can.ADMINISTER)
def publish_course(course: str) -> ResponseReturnValue:
    """Publish the files as they were shown; files that have changed since are shown again first."""
    folder = folder_of(course)
    if folder is None:
        abort(404)
    correction = request.form.get("how") == "correction"
    plan = publication.plan(db.session(), folder, by=me())
    if plan.content and seen(plan.content.model_dump(mode="json")) != request.form.get("seen"):
        flash(_("The files have changed since you looked. Look at them again, then publish."), "warning")
    else:
        _say(publishing.publish(folder, by=me(), now=clock.now(), correction=correction))
    return redirect(url_for("admin.one_course", course=course), 303)


def _say(done: Published) -> None:
    if done.problems:
        flash(_("Not published: the files have problems."), "warning")
    elif done.too_large:
        flash(_("Not published: this is more than a correction. Publish it as a new revision."), "warning")
    elif not done.new:
        flash(_("The files say what is published already. Nothing was changed."), "info")
    else:
        flash(_("Revision %(number)s is published.", number=done.number), "success")
        if done.corrected:
            words = ("%(num)s learner under way has it now.", "%(num)s learners under way have it now.")
            flash(ngettext(*words, done.corrected), "success")
        if not done.open:
            flash(_("New learners do not get it yet: nobody has reviewed it."), "info")


def seen(document: dict[str, Any]) -> str:
    """Return what tells whether the files are still those that somebody looked at."""
    return publishing.document_digest(document)


def pieces(one: Difference) -> list[Piece]:
    """Return a difference as marked words; what is no text, or too long to compare, as what went and what came."""
    before, after = _text(one.before), _text(one.after)
    if isinstance(one.before, str) and isinstance(one.after, str) and len(before) + len(after) <= LONGEST:
        return marked(before, after)
    return [piece for piece in (Piece(Kind.GONE, before), Piece(Kind.NEW, after)) if piece.text]


def _text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False)
