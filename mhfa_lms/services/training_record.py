"""One person's training as their coordinator sees it.

What was done, never how: not in which way a step was taken, no practice answers, no text, no marks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from mhfa_lms import clock
from mhfa_lms.models import (
    AnswerState,
    Attempt,
    AttemptState,
    Certificate,
    Enrolment,
    EnrolmentState,
    Membership,
    Organisation,
    ScenarioAnswer,
    StepProgress,
)
from mhfa_lms.policy import Actor, Can, require, scope
from mhfa_lms.services import attendance, catalogue, pathway
from mhfa_lms.services.pathway import Left
from mhfa_lms.services.periods import Standing, standing

MOST: Final = 50


class Tried(StrEnum):
    """Where somebody stands with the assessment."""

    NOT_STARTED = "not-started"
    UNDER_WAY = "under-way"
    NOT_YET_PASSED = "not-yet-passed"
    PASSED = "passed"


@dataclass(frozen=True, slots=True)
class Skill:
    """One scenario: its title and the state of the newest answer, None while nothing was written."""

    title: str
    state: AnswerState | None


@dataclass(frozen=True, slots=True)
class OnCourse:
    """One enrolment, in outline."""

    id: int
    title: str
    state: EnrolmentState
    enrolled_at: datetime
    completed_on: date | None
    steps_done: int
    steps_total: int
    tried: Tried
    tries: int
    skills: tuple[Skill, ...]
    # What is left, never how anything was done; nothing for an enrolment that is over.
    left: Left | None
    # The day by which most people finish, while the course is under way and where it names one.
    aim: date | None = None
    # Finished before its time: the certificate is renewed on the first day on which it can be.
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """One certificate and where it stands."""

    certificate: Certificate
    standing: Standing


@dataclass(frozen=True, slots=True)
class Record:
    """A person's courses and certificates in one organisation, newest first."""

    courses: list[OnCourse]
    certificates: list[Held]


def of(session: Session, membership: Membership, *, by: Actor, today: date) -> Record:
    """Return a member's training. Five queries, and one for a course this process has not read yet."""
    require(by, Can.SEE_PEOPLE, membership)
    enrolments = session.scalars(
        select(Enrolment)
        .options(joinedload(Enrolment.revision))
        .where(scope(by, Enrolment), Enrolment.membership_id == membership.id)
        .order_by(Enrolment.id.desc())
        .limit(MOST)
    ).all()
    certificates = session.scalars(
        select(Certificate)
        .where(scope(by, Certificate), Certificate.membership_id == membership.id)
        .order_by(Certificate.id.desc())
        .limit(MOST)
    )
    return Record(outlines(session, enrolments), [Held(one, standing(one, today)) for one in certificates])


def outlines(session: Session, enrolments: Sequence[Enrolment]) -> list[OnCourse]:
    """Return enrolments in outline, in their order. Three queries, whatever their number, and two more for cohorts.

    One more where a course names a day to aim for.
    """
    ids = [one.id for one in enrolments]
    steps: dict[int, set[str]] = {}
    done = select(StepProgress.enrolment_id, StepProgress.step).where(StepProgress.enrolment_id.in_(ids))
    for enrolment_id, step in session.execute(done):
        steps.setdefault(enrolment_id, set()).add(step)
    attempts: dict[int, list[tuple[AttemptState, bool | None]]] = {}
    tried = select(Attempt.enrolment_id, Attempt.state, Attempt.passed).where(Attempt.enrolment_id.in_(ids))
    for enrolment_id, state, passed in session.execute(tried.order_by(Attempt.number)):
        attempts.setdefault(enrolment_id, []).append((state, passed))
    answers: dict[tuple[int, str], AnswerState] = {}
    written = select(ScenarioAnswer.enrolment_id, ScenarioAnswer.scenario, ScenarioAnswer.state).where(
        ScenarioAnswer.enrolment_id.in_(ids)
    )
    for enrolment_id, scenario, answer in session.execute(written.order_by(ScenarioAnswer.number)):
        answers[enrolment_id, scenario] = answer
    missed = attendance.missed(session, enrolments)
    aims = _aims(session, enrolments)
    return [
        replace(
            _course(one, steps.get(one.id, set()), attempts.get(one.id, []), answers, missed[one.id]),
            aim=aims.get(one.id),
        )
        for one in enrolments
    ]


def _aims(session: Session, enrolments: Sequence[Enrolment]) -> dict[int, date]:
    """Return the day to aim for by enrolment under way, counted in the organisation's time zone. At most one query."""
    under_way = [one for one in enrolments if one.state is EnrolmentState.ACTIVE]
    wanted = [one for one in under_way if catalogue.course(one.revision).complete_within_days]
    if not wanted:
        return {}
    places = {one.organisation_id for one in wanted}
    found = session.execute(select(Organisation.id, Organisation.timezone).where(Organisation.id.in_(places)))
    zones = {row.id: row.timezone for row in found}
    aims = {}
    for one in wanted:
        enrolled_on = clock.civil_date(one.enrolled_at, zones[one.organisation_id])
        if day := pathway.aim(catalogue.course(one.revision), enrolled_on):
            aims[one.id] = day
    return aims


def _course(
    enrolment: Enrolment,
    done: set[str],
    attempts: list[tuple[AttemptState, bool | None]],
    answers: dict[tuple[int, str], AnswerState],
    missed: int,
) -> OnCourse:
    content = catalogue.course(enrolment.revision)
    steps = {step.id for _module, step in content.steps()}
    left = pathway.left(
        content,
        done,
        assessment_passed=_tried(attempts) is Tried.PASSED,
        scenarios_passed=[
            one.id for one in content.scenarios if answers.get((enrolment.id, one.id)) is AnswerState.PASSED
        ],
        sessions_missing=missed,
    )
    return OnCourse(
        id=enrolment.id,
        title=enrolment.revision.title,
        state=enrolment.state,
        enrolled_at=enrolment.enrolled_at,
        completed_on=enrolment.completed_on,
        steps_done=len(steps & done),
        steps_total=len(steps),
        tried=_tried(attempts),
        tries=sum(state is AttemptState.SUBMITTED for state, _passed in attempts),
        skills=tuple(Skill(one.title, answers.get((enrolment.id, one.id))) for one in content.scenarios),
        left=left if enrolment.state is EnrolmentState.ACTIVE else None,
        waits=enrolment.state is EnrolmentState.ACTIVE and enrolment.ready_since is not None,
    )


def _tried(attempts: list[tuple[AttemptState, bool | None]]) -> Tried:
    if any(passed for _state, passed in attempts):
        return Tried.PASSED
    if not attempts:
        return Tried.NOT_STARTED
    return Tried.UNDER_WAY if attempts[-1][0] is AttemptState.OPEN else Tried.NOT_YET_PASSED
