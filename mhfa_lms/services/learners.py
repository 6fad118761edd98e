"""The learners of an instructor: how far they are, and never which answer is whose.

An answer that waits for its mark is read without a name. So this list, which has names, says of a scenario only whether
it has been passed: not that an answer was sent, let alone when.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session, joinedload

from mhfa_lms.models import AnswerState, Course, Enrolment, EnrolmentState, Membership
from mhfa_lms.policy import Actor, Can, require, scope
from mhfa_lms.services import names, paging, training_record
from mhfa_lms.services.paging import Order, Page, Place, Total
from mhfa_lms.services.pathway import Left
from mhfa_lms.services.training_record import Tried


@dataclass(frozen=True, slots=True)
class Filters:
    """Whom to show: those in training, or those who have finished; by words of their name."""

    text: str = ""
    finished: bool = False


@dataclass(frozen=True, slots=True)
class Learner:
    """One enrolment, in outline; `skills` and `skills_passed` count scenarios."""

    id: int
    name: str
    course: str
    steps_done: int
    steps_total: int
    tried: Tried
    skills: int
    skills_passed: int
    left: Left | None
    aim: date | None


def _chosen(filters: Filters, by: Actor) -> ColumnElement[bool]:
    state = EnrolmentState.COMPLETED if filters.finished else EnrolmentState.ACTIVE
    words = names.sort_key(filters.text).split()
    return and_(
        _theirs(by),
        Enrolment.state == state,
        *(Membership.sort_key.contains(word, autoescape=True) for word in words),
    )


def _theirs(by: Actor) -> ColumnElement[bool]:
    """Return the condition for learners of the types that the instructor is authorised for, but for themselves."""
    types = select(Course.id).where(Course.certification_type_id.in_(by.authorised_types))
    return and_(
        scope(by, Enrolment),
        Membership.id == Enrolment.membership_id,
        Enrolment.membership_id != by.membership_id,
        Enrolment.course_id.in_(types),
    )


def total(session: Session, filters: Filters, *, by: Actor) -> Total:
    """Return how many the filters let through, exactly up to 10,000."""
    return paging.count(session, select(Enrolment.id).where(_chosen(filters, by)))


def page(session: Session, filters: Filters, place: Place, *, by: Actor) -> Page[Learner]:
    """Return 25 learners in the order of names. Raises `Forbidden`."""
    require(by, Can.SEE_MARKING)
    columns = (
        select(Enrolment.id, Enrolment, Membership.name)
        .where(_chosen(filters, by))
        .options(joinedload(Enrolment.revision))
    )
    found = paging.page(session, columns, Order(Membership.sort_key, Enrolment.id, _theirs(by)), place)
    outlines = training_record.outlines(session, [row.Enrolment for row in found.rows])
    return Page([_learner(row, one) for row, one in zip(found.rows, outlines, strict=True)], found.before, found.after)


def _learner(row: Any, one: training_record.OnCourse) -> Learner:
    return Learner(
        id=row.id,
        name=row.name,
        course=one.title,
        steps_done=one.steps_done,
        steps_total=one.steps_total,
        tried=one.tried,
        skills=len(one.skills),
        skills_passed=sum(skill.state is AnswerState.PASSED for skill in one.skills),
        left=one.left,
        aim=one.aim,
    )
