"""Finding what a learner's pages are about: always their own, through the organisation they are using."""

from typing import Final

from flask import abort
from sqlalchemy import bindparam, select
from sqlalchemy.orm import joinedload

from mhfa_lms import db
from mhfa_lms.content.scenarios import Scenario
from mhfa_lms.content.schema import Course
from mhfa_lms.models import Attempt, Enrolment
from mhfa_lms.policy import Actor, bound_scope
from mhfa_lms.services import attempts, catalogue

# Made once: every page of a learner's runs it, and putting it together took longer than running it.
_OWN_ENROLMENT: Final = (
    select(Enrolment)
    .where(
        bound_scope(Enrolment),
        Enrolment.membership_id == bindparam("membership_id"),
        Enrolment.id == bindparam("enrolment_id"),
    )
    .options(joinedload(Enrolment.revision))
)


def own_enrolment(actor: Actor, enrolment_id: int) -> Enrolment | None:
    """Return one of the actor's own enrolments with its revision. One query."""
    wanted = {
        "organisation_id": actor.organisation_id,
        "membership_id": actor.membership_id,
        "enrolment_id": enrolment_id,
    }
    return db.session().scalars(_OWN_ENROLMENT, wanted).one_or_none()


def course_of(enrolment: Enrolment) -> Course:
    """Return an enrolment's course, as it was published when the learner began, in the language it is read in."""
    return catalogue.shown(enrolment.revision)


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
