"""The courses somebody reviews, and a whole revision of one on one page, to be read, talked about and signed off."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from mhfa_lms import clock, db
from mhfa_lms.content import review_parts
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import Course
from mhfa_lms.policy import Can
from mhfa_lms.services import catalogue, publishing, review_state, reviewing
from mhfa_lms.web.access import requires
from mhfa_lms.web.identity import me
from mhfa_lms.web.reviewing import reading
from mhfa_lms.web.reviewing.blueprint import blueprint


@blueprint.get("/review")
@requires(Can.REVIEW)
def courses() -> ResponseReturnValue:
    """The courses that one reviews; an administrator sees all of them."""
    session, who = db.session(), me()
    query = select(Course).order_by(Course.slug)
    found = session.scalars(query if who.is_admin else query.where(Course.id.in_(who.reviews)))
    newest = [(one, publishing.newest_of(session, one.id)) for one in found]
    shown = [(one, revision) for one, revision in newest if revision]
    states = review_state.of_all(session, [revision for _course, revision in shown])
    return render_template("review/courses.html", shown=shown, states=states)


@blueprint.get("/review/<reviewed>")
@requires(Can.REVIEW, load=reading.load)
def course(found: Course) -> ResponseReturnValue:
    """A whole revision, the newest unless another is asked for, with what was said about each part."""
    return _page(found)


def _page(found: Course, bad: int = 0) -> str:
    """`bad` is the sign-off that was to be withdrawn without a reason."""
    session = db.session()
    revision = reading.revision_of(session, found, request.args.get("revision"))
    if revision is None:
        abort(404)
    content = catalogue.course(revision)
    parts = review_parts.parts(content)
    said = reading.said(session, found, parts)
    return render_template(
        "review/course.html",
        slug=found.slug,
        revision=revision,
        newest=publishing.newest_of(session, found.id),
        content=content,
        said=said,
        still_open=reading.still_open(said),
        state=review_state.of(session, revision),
        signs=reviewing.signs(session, revision.id),
        bad=bad,
        page_errors=[{"id": f"because-{bad}", "text": _("Write why it is withdrawn")}] if bad else [],
        mine=reviewing.mine(session, found.id, by=me()),
        me_id=me().account_id,
        **reading.shared(content, parts),
    )


@blueprint.post("/review/<reviewed>/<int:revision_id>/sign-off")
@requires(Can.SIGN_OFF, load=reading.load)
def sign_off(found: Course, revision_id: int) -> ResponseReturnValue:
    """Stand behind a revision."""
    if request.form.get("read") != "yes":
        flash(_("Not signed: tick that you have read all of it."), "warning")
    elif not reviewing.sign_off(found, revision_id, by=me(), now=clock.now()):
        abort(404)
    else:
        flash(_("You have signed this revision off. Your name and profession stand with it. Thank you."), "success")
    return redirect(url_for("reviewing.course", reviewed=found.slug, _anchor="sign-off"), 303)


@blueprint.post("/review/<reviewed>/sign-offs/<int:sign_off_id>/withdraw")
@requires(Can.REVIEW, load=reading.load)
def withdraw_sign_off(found: Course, sign_off_id: int) -> ResponseReturnValue:
    """Take a sign-off back, with a reason."""
    slug = found.slug
    try:
        reason = request.form.get(f"because-{sign_off_id}", "")
        if not reviewing.withdraw_sign_off(found, sign_off_id, reason, by=me(), now=clock.now()):
            abort(404)
    except reviewing.EmptyError:
        return _page(found, sign_off_id), 422
    flash(_("The sign-off is withdrawn. It stays on record with the reason."), "success")
    return redirect(url_for("reviewing.course", reviewed=slug, _anchor="sign-off"), 303)
