"""Reading attempts: where an enrolment stands with its assessment, and what an attempt holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from mhfa_lms.content.questions import Question
from mhfa_lms.content.schema import Course
from mhfa_lms.db import rows
from mhfa_lms.models import Attempt, AttemptRelease, AttemptState, Enrolment
from mhfa_lms.services import pathway, rules
from mhfa_lms.services.pathway import Phase
from mhfa_lms.services.rules import Rule
from mhfa_lms.services.scoring import Drawn

# Made once, as the learner's pages run them.
_ATTEMPTS: Final = (
    select(Attempt)
    .where(Attempt.enrolment_id == bindparam("enrolment_id"), Attempt.assessment == bindparam("assessment"))
    .order_by(Attempt.number)
)
_ATTEMPT: Final = _ATTEMPTS.where(Attempt.number == bindparam("number"))
_RELEASED: Final = select(AttemptRelease.for_number).where(
    AttemptRelease.enrolment_id == bindparam("enrolment_id"), AttemptRelease.assessment == bindparam("assessment")
)


class NotNowError(RuntimeError):
    """The assessment is not in the phase for this."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an enrolment stands with its assessment. `attempts` are in order; `percent` is the pass mark."""

    phase: Phase
    attempts: tuple[Attempt, ...]
    allowed: int
    percent: int
    released: bool

    @property
    def last(self) -> Attempt | None:
        """The newest attempt."""
        return self.attempts[-1] if self.attempts else None

    @property
    def next_number(self) -> int:
        """The number of the attempt that is open, or that would be started next."""
        return len(self.attempts) + (self.phase is not Phase.OPEN)


def standing(session: Session, enrolment: Enrolment, course: Course, *, is_open: bool) -> Standing:
    """Return where an enrolment stands; `is_open` says whether a first attempt could start. Four queries."""
    wanted = {"enrolment_id": enrolment.id, "assessment": course.assessment.id}
    attempts = tuple(session.scalars(_ATTEMPTS, wanted))
    # Without an attempt nothing can have been released.
    released = set(rows(session, _RELEASED, wanted).scalars()) if attempts else set()
    found = rules.resolve(
        session,
        [Rule.ATTEMPTS, Rule.PASS_PERCENT],
        organisation_id=enrolment.organisation_id,
        course_id=enrolment.course_id,
        revision_defaults=course.defaults.model_dump(),
    )
    allowed, more = found[Rule.ATTEMPTS].value, len(attempts) + 1 in released
    phase = pathway.phase(
        passed=any(attempt.passed for attempt in attempts),
        under_way=any(attempt.state is AttemptState.OPEN for attempt in attempts),
        used=len(attempts),
        allowed=allowed,
        released=more,
        is_open=is_open,
    )
    return Standing(phase, attempts, allowed, found[Rule.PASS_PERCENT].value, more)


def attempt(session: Session, enrolment_id: int, course: Course, number: int) -> Attempt | None:
    """Return one attempt of an enrolment. One query, and one more where its answers are looked at."""
    wanted = {"enrolment_id": enrolment_id, "assessment": course.assessment.id, "number": number}
    return session.scalars(_ATTEMPT, wanted).one_or_none()


def drawn_of(attempt: Attempt) -> list[Drawn]:
    """Return an attempt's questions in order."""
    return [Drawn.read(stored) for stored in attempt.drawn]


def questions_of(attempt: Attempt, course: Course) -> list[Question]:
    """Return an attempt's questions in order. `Question.asked` shows one in the order drawn."""
    by_id = {question.id: question for question in course.assessment.questions}
    return [by_id[one.question] for one in drawn_of(attempt)]


def answers_of(attempt: Attempt) -> Mapping[str, list[str]]:
    """Return what was chosen, by question id."""
    return {answer.question: [str(one) for one in answer.chosen] for answer in attempt.answers}


def unanswered(attempt: Attempt) -> list[int]:
    """Return the numbers (from 1) of the questions without an answer."""
    answered = {answer.question for answer in attempt.answers}
    return [place for place, one in enumerate(drawn_of(attempt), 1) if one.question not in answered]
