"""A course's outline, and beginning it again."""

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db
from mhfa_lms.content.glossary import sorted_terms
from mhfa_lms.content.markdown import render
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import CourseKind, Enrolment, EnrolmentState
from mhfa_lms.policy import Can
from mhfa_lms.services import assessment, journey, renewal, review_state, waiting
from mhfa_lms.services.enrolments import CannotBeginAgainError, NotActiveError, NotPublishedError
from mhfa_lms.services.renewal import WhyNot
from mhfa_lms.web.access import requires
from mhfa_lms.web.identity import me
from mhfa_lms.web.learn.blueprint import blueprint
from mhfa_lms.web.learn.load import course_of, own_enrolment
from mhfa_lms.web.learn.renewal_words import refresher_words


@blueprint.get("/learn", endpoint="courses")
@requires(Can.LEARN)
def mine() -> ResponseReturnValue:
    """Go to the one course under way; with none or several, show what there is."""
    found = journey.courses(db.session(), me())
    active = [one for one in found if one.state is EnrolmentState.ACTIVE]
    if len(active) == 1:
        return redirect(url_for("learn.course", enrolment_id=active[0].id), 303)
    finished = [one for one in found if one.state is EnrolmentState.COMPLETED]
    return render_template("learn/courses.html", active=active, finished=finished)


@blueprint.get("/learn/<int:enrolment_id>")
@requires(Can.LEARN, load=own_enrolment)
def course(enrolment: Enrolment) -> str:
    """The way through a course: its modules with their steps, the assessment, the scenarios."""
    here = journey.of(db.session(), enrolment)
    session = db.session()
    return render_template(
        "learn/course.html",
        here=here,
        course=here.course,
        about=render(here.course.about),
        two=waiting.has_clashes(session, enrolment.id),
        review=review_state.of(session, enrolment.revision),
        refused=_refused(enrolment) if here.course.kind == CourseKind.REFRESHER.value else None,
    )


def _refused(enrolment: Enrolment) -> tuple[str, bool] | None:
    """Say of a refresher under way why it would renew nothing if finished today, and whether it is only too early."""
    if enrolment.state is not EnrolmentState.ACTIVE:
        return None
    found = renewal.refused(db.session(), enrolment.membership_id, enrolment.course_id, clock.now())
    return (refresher_words(found, enrolment), found.why is WhyNot.NOT_YET) if found else None


@blueprint.get("/learn/<int:enrolment_id>/glossary")
@requires(Can.LEARN, load=own_enrolment)
def glossary(enrolment: Enrolment) -> str:
    """The words of a course, explained."""
    course = course_of(enrolment)
    if not course.glossary:
        abort(404)
    return render_template("learn/glossary.html", enrolment=enrolment, course=course, words=sorted_terms(course))


@blueprint.post("/learn/<int:enrolment_id>/again")
@requires(Can.LEARN, load=own_enrolment)
def again(enrolment: Enrolment) -> ResponseReturnValue:
    """Take the course again from the start, after the last attempt."""
    enrolment_id = enrolment.id
    try:
        new_id = assessment.begin_again(enrolment_id, by=me(), now=clock.now())
    except (CannotBeginAgainError, NotActiveError):
        return redirect(url_for("learn.assessment", enrolment_id=enrolment_id), 303)
    except NotPublishedError:
        flash(_("This course is not open for new starts at the moment. Your instructor can help."), "warning")
        return redirect(url_for("learn.assessment", enrolment_id=enrolment_id), 303)
    flash(_("A fresh start. What you did before is kept, and you begin at the first step."), "success")
    return redirect(url_for("learn.course", enrolment_id=new_id), 303)
