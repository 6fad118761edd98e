"""Attempts at the assessment: starting, answering, handing in, and what happens after the last one.

Whatever is sent twice, by an impatient click or from two windows, is done once.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms import db
from mhfa_lms.content.questions import Question, checked
from mhfa_lms.content.schema import Course
from mhfa_lms.db import transaction
from mhfa_lms.models import Attempt, AttemptAnswer, AttemptState, Enrolment, EnrolmentState, Membership
from mhfa_lms.policy import SYSTEM, Actor
from mhfa_lms.services import attempts, audit, certification, enrolments, learning, scoring
from mhfa_lms.services.adjustments import ReasonNeededError
from mhfa_lms.services.attempts import NotNowError, Standing
from mhfa_lms.services.enrolments import CannotBeginAgainError, NotActiveError
from mhfa_lms.services.pathway import Phase
from mhfa_lms.services.releases import OutOfAttempts, out_of_attempts, release
from mhfa_lms.services.secrets import new_secret

__all__ = [
    "AnsweredElsewhereError",
    "NotNowError",
    "OutOfAttempts",
    "Phase",
    "ReasonNeededError",
    "TimeOverError",
    "UnansweredError",
    "UnknownQuestionError",
    "begin_again",
    "hand_in_overdue",
    "out_of_attempts",
    "release",
    "save_answer",
    "start",
    "submit",
]


MOST_A_ROUND: Final = 200


class UnknownQuestionError(LookupError):
    """The attempt does not hold this question."""


class UnansweredError(ValueError):
    """Questions are unanswered; `places` are their numbers, from 1."""

    def __init__(self, places: list[int]) -> None:
        super().__init__(f"unanswered: {places}")
        self.places = places


class TimeOverError(RuntimeError):
    """The attempt's time was over, so it was handed in with what had been saved."""


class AnsweredElsewhereError(RuntimeError):
    """Another window saved a different answer to this question since the page was opened."""


def start(enrolment_id: int, *, by: Actor, now: datetime) -> int:
    """Start an attempt and return its number; one that is open already is returned as it is, or, when its time is over,
    handed in first.

    Raises `NotNowError` while steps are missing, after a pass and when no attempt is left; `NotActiveError`.
    """
    with transaction() as session:
        enrolment, course, here = _held(session, enrolment_id, by=by)
        if here.last is not None and here.phase is Phase.OPEN:
            if attempts.is_over(here.last, now):
                _hand_in(session, here.last, enrolment, by=by, now=now)
            return here.next_number
        if here.phase not in {Phase.READY, Phase.AGAIN}:
            raise NotNowError(here.phase)
        seed = new_secret()
        drawn = scoring.draw(
            course.assessment.questions,
            course.assessment.draw,
            seed=seed,
            before=[[one.question for one in attempts.drawn_of(attempt)] for attempt in here.attempts],
        )
        attempt = Attempt(
            enrolment_id=enrolment_id,
            assessment=course.assessment.id,
            number=here.next_number,
            drawn=[one.stored() for one in drawn],
            pass_percent=here.percent,
            max_points=len(drawn),
            seed=seed,
            started_at=now,
            due_at=None if here.minutes is None else now + timedelta(minutes=here.minutes),
        )
        session.add(attempt)
        session.flush()
        _record(session, "attempt-started", attempt, enrolment, by=by, now=now, number=attempt.number)
        return attempt.number


def save_answer(
    enrolment_id: int,
    number: int,
    question_id: str,
    chosen: Collection[str],
    *,
    version: int,
    client_id: str = "",
    by: Actor,
    now: datetime,
) -> None:
    """Keep the answer to one question of an open attempt.

    `version` is one more than the version the page was made from. The same answer sent again changes nothing; an older
    page with another answer raises `AnsweredElsewhereError`. Raises `NotNowError` once the attempt is handed in,
    `TimeOverError` (the attempt is handed in then), `UnknownQuestionError`, `questions.BadChoiceError`.
    """
    with transaction() as session:
        enrolment = enrolments.hold_active(session, enrolment_id, by=by)
        course = learning.course_of(enrolment)
        found = attempts.attempt(session, enrolment_id, course, number)
        if found is None or found.state is not AttemptState.OPEN:
            raise NotNowError(number)
        over = attempts.is_over(found, now)
        if over:
            _hand_in(session, found, enrolment, by=by, now=now)
        else:
            question = next((one for one in attempts.questions_of(found, course) if one.id == question_id), None)
            if question is None:
                raise UnknownQuestionError(question_id)
            _keep(session, found, question, chosen, version=version, client_id=client_id, now=now)
    if over:
        # Raised after the attempt is handed in: what was saved in time counts.
        raise TimeOverError(number)


def _keep(
    session: Session,
    found: Attempt,
    question: Question,
    chosen: Collection[str],
    *,
    version: int,
    client_id: str,
    now: datetime,
) -> None:
    picked = checked(question, chosen)
    row = next((answer for answer in found.answers if answer.question == question.id), None)
    if row is None:
        row = AttemptAnswer(attempt_id=found.id, question=question.id, version=0, chosen=[])
        session.add(row)
    if version <= row.version:
        if row.chosen != picked:
            raise AnsweredElsewhereError(question.id)
        return
    # No honest page is further ahead than by one; a number made up must not shut out the pages to come.
    version = row.version + 1
    row.chosen, row.version, row.client_id, row.saved_at = list(picked), version, client_id[:64], now


def submit(enrolment_id: int, number: int, *, by: Actor, now: datetime, leave_blank: bool = False) -> None:
    """Hand an attempt in and mark it; handing it in again changes nothing.

    Raises `UnansweredError` while questions are unanswered, unless the learner chose to leave them blank or the time is
    over.
    """
    with transaction() as session:
        enrolment = enrolments.hold(session, enrolment_id, by=by)
        found = attempts.attempt(session, enrolment_id, learning.course_of(enrolment), number)
        if found is None:
            raise NotNowError(number)
        if found.state is AttemptState.SUBMITTED:
            return
        if enrolment.state is not EnrolmentState.ACTIVE:
            raise NotActiveError(enrolment_id)
        missing = attempts.unanswered(found)
        if missing and not leave_blank and not attempts.is_over(found, now):
            raise UnansweredError(missing)
        _hand_in(session, found, enrolment, by=by, now=now)


def _hand_in(session: Session, found: Attempt, enrolment: Enrolment, *, by: Actor, now: datetime) -> None:
    """Mark what is saved and end the attempt, in the caller's transaction, which holds the enrolment."""
    result = scoring.mark(
        attempts.questions_of(found, learning.course_of(enrolment)),
        attempts.answers_of(found),
        max_points=found.max_points,
        percent=found.pass_percent,
    )
    found.state, found.submitted_at = AttemptState.SUBMITTED, now
    found.points, found.passed = result.points, result.passed
    _record(session, "attempt-submitted", found, enrolment, by=by, now=now, passed=result.passed)
    if result.passed:
        certification.complete_if_ready(session, enrolment.id, now=now, by=by)


def hand_in_overdue(*, now: datetime) -> int:
    """Hand in, with what was saved, every attempt whose time is over; returns how many. The worker's part of it.

    Each in a transaction of its own, for whoever looks at the same moment; those of enrolments that are over stay.
    """
    due = (
        select(Attempt.enrolment_id, Attempt.number)
        .join(Enrolment, Enrolment.id == Attempt.enrolment_id)
        .where(
            Attempt.state == AttemptState.OPEN,
            Attempt.due_at < now - attempts.GRACE,
            Enrolment.state == EnrolmentState.ACTIVE,
        )
        .order_by(Attempt.due_at)
        .limit(MOST_A_ROUND)
    )
    found = db.session().execute(due).all()
    return sum(_hand_in_if_over(row.enrolment_id, row.number, now=now) for row in found)


def _hand_in_if_over(enrolment_id: int, number: int, *, now: datetime) -> bool:
    with transaction() as session:
        enrolment = enrolments.hold(session, enrolment_id, by=SYSTEM)
        found = attempts.attempt(session, enrolment_id, learning.course_of(enrolment), number)
        # Asked again under the lock: meanwhile it may have been handed in, or given more time.
        if found is None or found.state is not AttemptState.OPEN or not attempts.is_over(found, now):
            return False
        _hand_in(session, found, enrolment, by=SYSTEM, now=now)
        return True


def begin_again(enrolment_id: int, *, by: Actor, now: datetime) -> int:
    """End an enrolment without attempts left and begin the course anew; repeated calls return the same new enrolment.

    Raises `CannotBeginAgainError` while there is another way, `NotActiveError`, `enrolments.NotPublishedError`.
    """
    with transaction() as session:
        enrolment = enrolments.hold(session, enrolment_id, by=by)
        if enrolment.state is EnrolmentState.ENDED:
            successor = enrolments.active(session, enrolment.membership_id, enrolment.course_id)
            if successor is None:
                raise NotActiveError(enrolment_id)
            return successor.id
        _enrolment, _course, here = _held(session, enrolment_id, by=by)
        if here.phase is not Phase.OUT:
            raise CannotBeginAgainError(here.phase)
        enrolments.end(session, enrolment, by=by, now=now)
        membership = session.get_one(Membership, enrolment.membership_id)
        return enrolments.enrol_in(session, membership, enrolment.course_id, by=by, now=now).id


def _held(session: Session, enrolment_id: int, *, by: Actor) -> tuple[Enrolment, Course, Standing]:
    """Return the learner's active enrolment, locked, its course and where it stands."""
    enrolment = enrolments.hold_active(session, enrolment_id, by=by)
    course = learning.course_of(enrolment)
    lock = learning.progress(session, enrolment_id, course).path.assessment_lock
    return enrolment, course, attempts.standing(session, enrolment, course, is_open=lock is None)


def _record(
    session: Session,
    verb: str,
    attempt: Attempt,
    enrolment: Enrolment,
    *,
    by: Actor,
    now: datetime,
    **data: int | str | bool | None,
) -> None:
    audit.record(
        session,
        verb,
        by=by,
        now=now,
        subject="attempt",
        subject_id=attempt.id,
        organisation_id=enrolment.organisation_id,
        **data,
    )
