"""Which reported activities wait, for whom, and whether there is somebody who may confirm them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Final

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session

from mhfa_lms.models import (
    ActivityReport,
    ActivityState,
    Authorisation,
    Cohort,
    Course,
    CourseRevision,
    Enrolment,
    EnrolmentState,
    Membership,
    MembershipRole,
    MembershipState,
    Role,
)
from mhfa_lms.policy import Actor, Can, allowed, scope
from mhfa_lms.services import catalogue

# As many as a class has, and some more; the others follow when these are done.
MOST_LISTED: Final = 100


@dataclass(frozen=True, slots=True)
class Waiting:
    """A report as an instructor sees it."""

    id: int
    name: str
    course: str
    step: str
    instructions: str
    cohort: str
    note: str
    times: int
    reported_at: datetime


def _mine(actor: Actor) -> list[ColumnElement[bool]]:
    """Return the conditions of what an instructor may confirm, as `Can.CONFIRM_ACTIVITY` asks of each."""
    return [
        scope(actor, ActivityReport),
        ActivityReport.state == ActivityState.WAITING,
        Enrolment.state == EnrolmentState.ACTIVE,
        Enrolment.membership_id != actor.membership_id,
        Course.certification_type_id.in_(actor.authorised_types),
    ]


def count(session: Session, actor: Actor) -> int:
    """Return how many reports wait for an instructor. One query."""
    if not allowed(actor, Can.CONFIRM_ACTIVITY):
        return 0
    query = select(func.count(ActivityReport.id)).join(Enrolment).join(Course, Course.id == Enrolment.course_id)
    return session.scalars(query.where(*_mine(actor))).one()


def waiting(session: Session, actor: Actor, *, cohort_id: int | None = None) -> list[Waiting]:
    """Return what waits for an instructor, the oldest first; of one cohort, where it is named. One query."""
    if not allowed(actor, Can.CONFIRM_ACTIVITY):
        return []
    query = (
        select(ActivityReport, CourseRevision, Membership.name, Cohort.name.label("cohort"))
        .join(Enrolment, Enrolment.id == ActivityReport.enrolment_id)
        .join(Course, Course.id == Enrolment.course_id)
        .join(CourseRevision, CourseRevision.id == Enrolment.revision_id)
        .join(Membership, Membership.id == Enrolment.membership_id)
        .outerjoin(Cohort, Cohort.id == Enrolment.cohort_id)
        .where(*_mine(actor))
        .order_by(ActivityReport.reported_at, ActivityReport.id)
        .limit(MOST_LISTED)
    )
    if cohort_id is not None:
        query = query.where(Enrolment.cohort_id == cohort_id)
    found = []
    for row, revision, name, cohort in session.execute(query):
        step = catalogue.course(revision).step(row.step)
        title, instructions = (step[1].title, "") if step else (row.step, "")
        if step and step[1].activity:
            instructions = step[1].activity.instructions
        found.append(
            Waiting(
                row.id, name, revision.title, title, instructions, cohort or "", row.note, row.times, row.reported_at
            )
        )
    return found


@lru_cache(maxsize=8)
def _somebody(today: date) -> ColumnElement[bool]:
    """Return the condition for enrolments, joined with their course, whose activities somebody else may confirm.

    Kept for the day: putting it together takes longer than asking it.
    """
    return (
        exists()
        .where(
            Membership.organisation_id == Enrolment.organisation_id,
            Membership.id != Enrolment.membership_id,
            Membership.state == MembershipState.ACTIVE,
            MembershipRole.membership_id == Membership.id,
            MembershipRole.role == Role.INSTRUCTOR,
            Authorisation.membership_id == Membership.id,
            Authorisation.certification_type_id == Course.certification_type_id,
            Authorisation.valid_from <= today,
            Authorisation.expires_on >= today,
        )
        .correlate(Enrolment, Course)
    )


def can_be_confirmed(session: Session, enrolment_id: int, today: date) -> bool:
    """Whether somebody may confirm what this learner does. One query."""
    query = select(Enrolment.id).join(Course, Course.id == Enrolment.course_id)
    return session.scalars(query.where(Enrolment.id == enrolment_id, _somebody(today))).one_or_none() is not None


def stuck(actor: Actor, today: date) -> Select[int]:
    """Return the query for how many reports of the actor's organisation wait although nobody may confirm them."""
    return (
        select(func.count(ActivityReport.id))
        .join(Enrolment, Enrolment.id == ActivityReport.enrolment_id)
        .join(Course, Course.id == Enrolment.course_id)
        .where(
            scope(actor, ActivityReport),
            ActivityReport.state == ActivityState.WAITING,
            Enrolment.state == EnrolmentState.ACTIVE,
            ~_somebody(today),
        )
    )


def cohorts(session: Session, actor: Actor) -> Sequence[tuple[int, str]]:
    """Return the cohorts of whom something waits, by name. One query."""
    query = (
        select(Cohort.id, Cohort.name)
        .join(Enrolment, Enrolment.cohort_id == Cohort.id)
        .join(ActivityReport, ActivityReport.enrolment_id == Enrolment.id)
        .join(Course, Course.id == Enrolment.course_id)
        .where(*_mine(actor))
        .distinct()
        .order_by(Cohort.name, Cohort.id)
    )
    return [(row.id, row.name) for row in session.execute(query)]
