"""Finding what a learner's pages are about: always their own, through the organisation they are using."""

from flask import abort
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from mhfa_lms import db
from mhfa_lms.content.schema import Course, Scenario
from mhfa_lms.models import Attempt, Enrolment
from mhfa_lms.policy import Actor, scope
from mhfa_lms.services import attempts, catalogue


def own_enrolment(actor: Actor, enrolment_id: int) -> Enrolment | None:
    """Return one of the actor's own enrolments with its revision. One query."""
    return (
        db.session()
        .scalars(
            select(Enrolment)
            .where(
                scope(actor, Enrolment),
                Enrolment.membership_id == actor.membership_id,
                Enrolment.id == enrolment_id,
            )
            .options(joinedload(Enrolment.revision))
        )
        .one_or_none()
    )


def course_of(enrolment: Enrolment) -> Course:
    """Return an enrolment's course, as it was published when the learner began."""
    return catalogue.course(enrolment.revision)


def attempt_of(enrolment: Enrolment, number: int) -> Attempt:
    """Return one of an enrolment's attempts, or answer 404."""
    found = attempts.attempt(db.session(), enrolment.id, course_of(enrolment), number)
    if found is None:
        abort(404)
    return found


def scenario_of(enrolment: Enrolment, scenario_id: str) -> Scenario:
    """Return one of a course's scenarios, or answer 404."""
    found = course_of(enrolment).scenario(scenario_id)
    if found is None:
        abort(404)
    return found
