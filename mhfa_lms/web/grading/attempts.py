"""Learners who are out of attempts at the assessment, and letting one of them try again."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from wtforms import TextAreaField
from wtforms.validators import DataRequired

from mhfa_lms import clock, db
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import lazy
from mhfa_lms.models import CourseRevision, Enrolment
from mhfa_lms.policy import Actor, Can, scope
from mhfa_lms.services import assessment
from mhfa_lms.services.assessment import NotNowError
from mhfa_lms.services.enrolments import NotActiveError
from mhfa_lms.web.access import requires
from mhfa_lms.web.forms import Form, at_most, stripped
from mhfa_lms.web.grading.blueprint import blueprint
from mhfa_lms.web.grading.queue import closed
from mhfa_lms.web.identity import me


class ReleaseForm(Form):
    """Why somebody may try again."""

    reason = TextAreaField(
        lazy("Why may this learner try again?"),
        filters=[stripped],
        # Blanks are no reason, so it is the stripped value that counts.
        validators=[DataRequired(lazy("Write a reason, in a sentence or two")), at_most(500)],
    )


@blueprint.get("/mark/attempts")
@requires(Can.SEE_MARKING)
def attempts() -> str:
    """Who is out of attempts, the longest waiting first."""
    by, session = me(), db.session()
    if not by.authorised_types:
        return closed()
    return render_template("grading/attempts.html", waiting=assessment.out_of_attempts(session, by))


def learner(actor: Actor, enrolment_id: int) -> Enrolment | None:
    """Load an enrolment of the actor's organisation."""
    return (
        db.session()
        .scalars(
            select(Enrolment)
            .where(scope(actor, Enrolment), Enrolment.id == enrolment_id)
            .options(joinedload(Enrolment.membership), joinedload(Enrolment.revision).joinedload(CourseRevision.course))
        )
        .one_or_none()
    )


@blueprint.route("/mark/attempts/<int:enrolment_id>", methods=["GET", "POST"])
@requires(Can.RELEASE_ATTEMPT, load=learner)
def release(enrolment: Enrolment) -> ResponseReturnValue:
    """Let one learner try again, with the reason for it."""
    form = ReleaseForm()
    name, course = enrolment.membership.name, enrolment.revision.title
    if not form.validate_on_submit():
        page = render_template("grading/release.html", form=form, name=name, course=course)
        return page, 422 if request.method == "POST" else 200
    try:
        assessment.release(enrolment.id, reason=form.reason.data or "", by=me(), now=clock.now())
    except (NotNowError, NotActiveError):
        flash(_("%(name)s does not need another attempt now.", name=name), "warning")
    else:
        flash(_("%(name)s can try again. We have sent them a mail.", name=name), "success")
    return redirect(url_for("grading.attempts"), 303)
