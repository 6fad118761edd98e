"""Reading attempts: where an enrolment stands with its assessment, and what an attempt holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import String, bindparam, literal, null, select, union_all
from sqlalchemy.orm import Session

from mhfa_lms.content.questions import Question
from mhfa_lms.content.schema import Course
from mhfa_lms.models import (
    Adjustment,
    AdjustmentKind,
    Attempt,
    AttemptRelease,
    AttemptState,
    Enrolment,
    EnrolmentState,
    Format,
)
from mhfa_lms.services import adjustments, pathway, rules, scoring
from mhfa_lms.services.adjustments import InForce
from mhfa_lms.services.pathway import Phase
from mhfa_lms.services.rules import Rule
from mhfa_lms.services.scoring import Drawn

# What was sent in time may arrive late. Whatever arrives within this still counts.
GRACE: Final = timedelta(seconds=60)
# Made once, as the learner's pages run them.
_ATTEMPTS: Final = (
    select(Attempt)
    .where(Attempt.enrolment_id == bindparam("enrolment_id"), Attempt.assessment == bindparam("assessment"))
    .order_by(Attempt.number)
)
_ATTEMPT: Final = _ATTEMPTS.where(Attempt.number == bindparam("number"))
# What was allowed beyond the rules, in one question: attempts released by number, and what is agreed.
_ALLOWED: Final = union_all(
    select(
        literal("released", String).label("kind"),
        AttemptRelease.for_number.label("amount"),
        null().cast(String).label("wanted"),
    ).where(
        AttemptRelease.enrolment_id == bindparam("enrolment_id"), AttemptRelease.assessment == bindparam("assessment")
    ),
    select(Adjustment.kind.cast(String), Adjustment.amount, Adjustment.wanted.cast(String)).where(
        Adjustment.enrolment_id == bindparam("enrolment_id"), Adjustment.ended_at.is_(None)
    ),
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
    # What was agreed for the learner, and how long an attempt begun now may take; None: as long as it takes.
    agreed: tuple[InForce, ...] = ()
    minutes: int | None = None

    @property
    def last(self) -> Attempt | None:
        """The newest attempt."""
        return self.attempts[-1] if self.attempts else None

    @property
    def next_number(self) -> int:
        """The number of the attempt that is open, or that would be started next."""
        return len(self.attempts) + (self.phase is not Phase.OPEN)


def standing(session: Session, enrolment: Enrolment, course: Course, *, is_open: bool) -> Standing:
    """Return where an enrolment stands; `is_open` says whether a first attempt could start.

    Four queries; one where the course is completed.
    """
    wanted = {"enrolment_id": enrolment.id, "assessment": course.assessment.id}
    attempts = tuple(session.scalars(_ATTEMPTS, wanted))
    passed = next((attempt for attempt in attempts if attempt.passed), None)
    if passed is not None and enrolment.state is EnrolmentState.COMPLETED:
        # Nothing can be started any more, so what would be allowed now has no bearing.
        return Standing(Phase.PASSED, attempts, len(attempts), passed.pass_percent, released=False)
    released, agreed = _allowed(session, wanted)
    found = rules.resolve(
        session,
        [Rule.ATTEMPTS, Rule.PASS_PERCENT],
        organisation_id=enrolment.organisation_id,
        course_id=enrolment.course_id,
        revision_defaults=course.defaults.model_dump(),
    )
    held = adjustments.terms(course.assessment.minutes, found[Rule.ATTEMPTS].value, agreed)
    more = len(attempts) + 1 in released
    phase = pathway.phase(
        passed=passed is not None,
        under_way=any(attempt.state is AttemptState.OPEN for attempt in attempts),
        used=len(attempts),
        allowed=held.attempts,
        released=more,
        is_open=is_open,
    )
    percent = found[Rule.PASS_PERCENT].value
    return Standing(phase, attempts, held.attempts, percent, more, agreed, held.minutes)


def _allowed(session: Session, wanted: dict[str, object]) -> tuple[set[int], tuple[InForce, ...]]:
    found = session.execute(_ALLOWED, wanted).all()
    agreed = [one for one in found if one.kind != "released"]
    return (
        {one.amount for one in found if one.kind == "released"},
        tuple(
            InForce(AdjustmentKind(one.kind), one.amount, Format(one.wanted) if one.wanted else None) for one in agreed
        ),
    )


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


def redrawn(attempt: Attempt, course: Course, before: Sequence[Attempt]) -> list[Drawn] | None:
    """Draw an attempt's questions again from its seed; `before` are the attempts before it. None without a seed.

    The same as `drawn_of` for as long as the revision's pool is the one it was drawn from.
    """
    if attempt.seed is None:
        return None
    seen = [[one.question for one in drawn_of(earlier)] for earlier in before]
    return scoring.draw(course.assessment.questions, len(attempt.drawn), seed=attempt.seed, before=seen)


def is_over(attempt: Attempt, now: datetime) -> bool:
    """Whether an open attempt's time is over, the grace for slow connections included."""
    return attempt.due_at is not None and now > attempt.due_at + GRACE


def answers_of(attempt: Attempt) -> Mapping[str, list[str]]:
    """Return what was chosen, by question id."""
    return {answer.question: [str(one) for one in answer.chosen] for answer in attempt.answers}


def unanswered(attempt: Attempt) -> list[int]:
    """Return the numbers (from 1) of the questions without an answer."""
    answered = {answer.question for answer in attempt.answers}
    return [place for place, one in enumerate(drawn_of(attempt), 1) if one.question not in answered]
