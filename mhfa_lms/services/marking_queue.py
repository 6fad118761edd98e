"""What an instructor finds waiting: which answers they may mark, how many, how old; and what they marked lately."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, bindparam, func, or_, select, tuple_
from sqlalchemy.orm import Session

from mhfa_lms.models import (
    AnswerState,
    Course,
    CourseRevision,
    Enrolment,
    EnrolmentState,
    Mark,
    Membership,
    ScenarioAnswer,
)
from mhfa_lms.policy import Actor, bound_scope, scope
from mhfa_lms.services import catalogue, names
from mhfa_lms.services.paging import COUNTED, PAGE, Total, count

LATELY: Final = 5
Place = tuple[datetime, int]
S = TypeVar("S", bound=Select[*tuple[Any, ...]])


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many answers wait for this instructor (10,001 means more than 10,000), and since when the oldest does."""

    count: int
    oldest_at: datetime | None

    @property
    def more(self) -> bool:
        """Whether there are more than were counted."""
        return self.count > COUNTED


@dataclass(frozen=True, slots=True)
class Line:
    """One waiting answer as the list shows it: no name, no text. `holder` is who marks it now, empty when nobody."""

    id: int
    alias: str
    number: int
    scenario: str
    course: str
    submitted_at: datetime
    holder_id: int | None
    holder: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Marked:
    """One answer this instructor marked; the mark is final, so the name may be shown."""

    id: int
    name: str
    scenario: str
    passed: bool
    marked_at: datetime


def eligible(by: Actor) -> ColumnElement[bool]:
    """Return the condition for answers this instructor may mark; it needs `joined`.

    Waiting, of their organisation, of a type they are authorised for, of somebody else, on an enrolment that goes on.
    """
    return and_(
        scope(by, ScenarioAnswer),
        ScenarioAnswer.state == AnswerState.WAITING,
        Enrolment.state == EnrolmentState.ACTIVE,
        Enrolment.membership_id != by.membership_id,
        Course.certification_type_id.in_(by.authorised_types),
    )


def held_by(by: Actor, now: datetime) -> ColumnElement[bool]:
    """Return the condition for answers that this marker holds at this moment."""
    return and_(ScenarioAnswer.claimed_by_id == by.membership_id, ScenarioAnswer.claimed_until > now)


def free(now: datetime) -> ColumnElement[bool]:
    """Return the condition for answers that nobody holds: a claim whose time is over does not count."""
    return or_(ScenarioAnswer.claimed_until.is_(None), ScenarioAnswer.claimed_until <= now)


def joined(statement: S) -> S:
    """Join a query over answers to what `eligible` looks at."""
    return statement.join(Enrolment, Enrolment.id == ScenarioAnswer.enrolment_id).join(
        Course, Course.id == Enrolment.course_id
    )


def waiting(session: Session, by: Actor) -> Waiting:
    """Count what waits. One query, whose cost ends at 10,000 answers."""
    oldest = (
        joined(select(ScenarioAnswer.submitted_at))
        .where(eligible(by))
        .order_by(ScenarioAnswer.submitted_at)
        .limit(COUNTED + 1)
        .subquery()
    )
    row = session.execute(select(func.count(), func.min(oldest.c.submitted_at)).select_from(oldest)).one()
    return Waiting(row[0], row[1])


def counted(types: Select[int], most: int) -> ScalarSelect[int]:
    """Return a part of a query that counts, no further than `most`, what waits for an instructor of these types.

    The navigation shows it on every page, so it travels with the question who is asking. It is made once and run with
    `organisation_id` and `membership_id`.
    """
    some = (
        joined(select(ScenarioAnswer.id))
        .where(
            bound_scope(ScenarioAnswer),
            ScenarioAnswer.state == AnswerState.WAITING,
            Enrolment.state == EnrolmentState.ACTIVE,
            Enrolment.membership_id != bindparam("membership_id"),
            Course.certification_type_id.in_(types),
        )
        .limit(most)
        .subquery()
    )
    return select(func.count()).select_from(some).scalar_subquery()


def page(session: Session, by: Actor, *, now: datetime, after: Place | None = None) -> list[Line]:
    """Return the waiting answers after a place in the queue, oldest first: one more than a page when there is one."""
    statement = (
        joined(select(ScenarioAnswer, CourseRevision, Membership.name))
        .join(CourseRevision, CourseRevision.id == Enrolment.revision_id)
        .outerjoin(Membership, Membership.id == ScenarioAnswer.claimed_by_id)
        .where(eligible(by))
        .order_by(ScenarioAnswer.submitted_at, ScenarioAnswer.id)
        .limit(PAGE + 1)
    )
    if after is not None:
        statement = statement.where(tuple_(ScenarioAnswer.submitted_at, ScenarioAnswer.id) > after)
    return [_line(answer, revision, holder, now) for answer, revision, holder in session.execute(statement).all()]


def _line(answer: ScenarioAnswer, revision: CourseRevision, holder: str | None, now: datetime) -> Line:
    held = answer.claimed_until is not None and answer.claimed_until > now
    assert answer.submitted_at is not None  # noqa: S101  # the database keeps it: only drafts have none
    return Line(
        id=answer.id,
        alias=answer.alias,
        number=answer.number,
        scenario=scenario_title(revision, answer.scenario),
        course=revision.title,
        submitted_at=answer.submitted_at,
        holder_id=answer.claimed_by_id if held else None,
        holder=(holder or "") if held else "",
        until=answer.claimed_until if held else None,
    )


def held(session: Session, by: Actor, *, now: datetime) -> int | None:
    """Return the oldest answer that this marker holds."""
    return session.scalars(
        joined(select(ScenarioAnswer.id))
        .where(eligible(by), held_by(by, now))
        .order_by(ScenarioAnswer.submitted_at, ScenarioAnswer.id)
        .limit(1)
    ).one_or_none()


def lately(session: Session, by: Actor) -> list[Marked]:
    """Return what this instructor marked last, newest first."""
    return finished(session, by, size=LATELY)[0]


def _finished(by: Actor, text: str) -> ColumnElement[bool]:
    return and_(
        scope(by, ScenarioAnswer),
        Mark.marker_id == by.membership_id,
        # A name is shown only once the mark is final.
        ScenarioAnswer.decided_at.is_not(None),
        *(Membership.sort_key.contains(word, autoescape=True) for word in names.sort_key(text).split()),
    )


def _finished_from(statement: S) -> S:
    return (
        statement.join(ScenarioAnswer, ScenarioAnswer.id == Mark.answer_id)
        .join(Enrolment, Enrolment.id == ScenarioAnswer.enrolment_id)
        .join(CourseRevision, CourseRevision.id == Mark.revision_id)
        .join(Membership, Membership.id == Enrolment.membership_id)
    )


def finished(
    session: Session, by: Actor, *, text: str = "", before: int | None = None, size: int = PAGE
) -> tuple[list[Marked], int | None]:
    """Return a page of what this instructor marked, newest first, and the mark that the next page begins before."""
    statement = _finished_from(select(Mark, ScenarioAnswer.scenario, CourseRevision, Membership.name))
    if before is not None:
        statement = statement.where(Mark.id < before)
    rows = session.execute(statement.where(_finished(by, text)).order_by(Mark.id.desc()).limit(size + 1)).all()
    found = [
        Marked(mark.answer_id, name, scenario_title(revision, scenario), mark.passed, mark.marked_at)
        for mark, scenario, revision, name in rows[:size]
    ]
    return found, rows[size - 1][0].id if len(rows) > size else None


def finished_total(session: Session, by: Actor, *, text: str = "") -> Total:
    """Return how many answers this instructor has marked, exactly up to 10,000."""
    return count(session, _finished_from(select(Mark.id)).where(_finished(by, text)))


def scenario_title(revision: CourseRevision, scenario_id: str) -> str:
    """Return a scenario's title in the revision the learner took."""
    found = catalogue.course(revision).scenario(scenario_id)
    return found.title if found else scenario_id
