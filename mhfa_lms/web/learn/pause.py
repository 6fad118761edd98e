"""A pause after a hard step: offered, never asked for, and nobody is told."""

from flask import abort, render_template, url_for

from mhfa_lms import db
from mhfa_lms.models import Enrolment
from mhfa_lms.policy import Can
from mhfa_lms.services import learning
from mhfa_lms.services.learning import Place, UnknownStepError
from mhfa_lms.web.access import requires
from mhfa_lms.web.learn.blueprint import blueprint
from mhfa_lms.web.learn.load import course_of, own_enrolment


@blueprint.get("/learn/<int:enrolment_id>/pause/<step_id>")
@requires(Can.LEARN, load=own_enrolment)
def pause(enrolment: Enrolment, step_id: str) -> str:
    """Something to breathe, and the ways on from a step: further, home, or to a person."""
    course = course_of(enrolment)
    try:
        here = learning.place(course, step_id)
    except UnknownStepError:
        abort(404)
    session = db.session()
    progress = learning.progress(session, enrolment.id, course)
    done = here.step.id in progress.ways
    asks = here.step.question is not None and not learning.practice(session, enrolment.id, here.step.question)
    return render_template(
        "learn/pause.html",
        course=course,
        enrolment=enrolment,
        here=here,
        step_address=_step(enrolment, here.step.id),
        on=_following(enrolment, here) if done else "",
        asks=asks and not done,
        quick_exit=True,
    )


def _step(enrolment: Enrolment, step_id: str) -> str:
    return url_for("learn.step", enrolment_id=enrolment.id, step_id=step_id)


def _following(enrolment: Enrolment, here: Place) -> str:
    if here.following is None or here.ends_module:
        return url_for("learn.course", enrolment_id=enrolment.id)
    return _step(enrolment, here.following.id)
