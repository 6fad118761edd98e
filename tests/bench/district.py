"""An organisation of many learners, each somewhere on the way: what the tables hold while pages are measured."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from mhfa_lms.content.schema import Course as Content
from mhfa_lms.models import (
    AnswerState,
    Attempt,
    AttemptAnswer,
    AttemptState,
    CourseRevision,
    Enrolment,
    EnrolmentState,
    ScenarioAnswer,
    StepProgress,
)
from mhfa_lms.services import scoring
from tests.bench import bulk

# Of ten learners, six are in the steps, one is in the assessment, one waits for a mark and two are certified.
IN_STEPS, IN_ASSESSMENT, WAITS, OF = 6, 7, 8, 10
# So many of those in the assessment have saved nothing yet: they do so all at once.
CROWD: Final = 50
WORDS: Final = "I sit down beside Sam and ask how the week has been. Then I listen, and I do not hurry. " * 8


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A learner's enrolment by its id, and how far along it is."""

    id: int
    number: int

    @property
    def stage(self) -> int:
        """Which of ten it is."""
        return self.number % OF


def waiting(learners: int) -> int:
    """Return of how many learners an answer waits."""
    return sum(number % OF == IN_ASSESSMENT for number in range(learners))


def certified(learners: int) -> int:
    """Return how many learners are certified."""
    return sum(number % OF >= WAITS for number in range(learners))


def fill(
    organisation_id: int, memberships: list[int], revision: CourseRevision, content: Content, now: datetime
) -> list[Enrolled]:
    """Bring everybody to where they stand; returns the enrolments. Certificates are given by the caller."""
    began = now - timedelta(days=60)
    rows = [
        {
            "membership_id": one,
            "organisation_id": organisation_id,
            "course_id": revision.course_id,
            "revision_id": revision.id,
            "enrolled_at": began,
            "state": EnrolmentState.COMPLETED if number % OF >= WAITS else EnrolmentState.ACTIVE,
            "completed_at": now if number % OF >= WAITS else None,
            "completed_on": now.date() if number % OF >= WAITS else None,
        }
        for number, one in enumerate(memberships)
    ]
    enrolled = [Enrolled(one, number) for number, one in enumerate(bulk.insert_all(Enrolment, rows))]
    bulk.insert_all(StepProgress, _steps(enrolled, content, now))
    taking = [one for one in enrolled if one.stage >= IN_STEPS]
    attempts = bulk.insert_all(Attempt, (attempt(content, one, now) for one in taking))
    silent = set(crowd(enrolled))
    answering = [(attempt_id, one) for attempt_id, one in zip(attempts, taking, strict=True) if one not in silent]
    bulk.insert_all(AttemptAnswer, _answers(content, answering, now))
    bulk.insert_all(ScenarioAnswer, _scenarios(organisation_id, enrolled, content, now))
    return enrolled


def crowd(enrolled: list[Enrolled]) -> list[Enrolled]:
    """Return those who begin to save answers together."""
    return [one for one in enrolled if one.stage == IN_STEPS][:CROWD]


def _steps(enrolled: list[Enrolled], content: Content, now: datetime) -> Iterator[dict[str, Any]]:
    steps = [step.id for _module, step in content.steps()]
    for one in enrolled:
        done = one.number % len(steps) if one.stage < IN_STEPS else len(steps)
        yield from ({"enrolment_id": one.id, "step": step, "done_at": now} for step in steps[:done])


def attempt(content: Content, one: Enrolled, now: datetime) -> dict[str, Any]:
    """Return an attempt's row: open, or passed."""
    drawn = scoring.draw(content.assessment.questions, content.assessment.draw, seed=str(one.id))
    passed = one.stage >= IN_ASSESSMENT
    return {
        "enrolment_id": one.id,
        "assessment": content.assessment.id,
        "number": 1,
        "drawn": [question.stored() for question in drawn],
        "pass_percent": 80,
        "max_points": len(drawn),
        "started_at": now,
        "state": AttemptState.SUBMITTED if passed else AttemptState.OPEN,
        "submitted_at": now if passed else None,
        "points": len(drawn) if passed else None,
        "passed": True if passed else None,
    }


def _answers(content: Content, taken: list[tuple[int, Enrolled]], now: datetime) -> Iterator[dict[str, Any]]:
    for attempt_id, one in taken:
        drawn = scoring.draw(content.assessment.questions, content.assessment.draw, seed=str(one.id))
        answered = len(drawn) if one.stage >= IN_ASSESSMENT else len(drawn) // 2
        for question in drawn[:answered]:
            chosen = list(question.options[:1])
            yield {"attempt_id": attempt_id, "question": question.question, "chosen": chosen, "saved_at": now}


def _scenarios(
    organisation_id: int, enrolled: list[Enrolled], content: Content, now: datetime
) -> Iterator[dict[str, Any]]:
    for one in enrolled:
        if one.stage < IN_ASSESSMENT:
            continue
        passed = one.stage >= WAITS
        sent = now - timedelta(minutes=one.number + 1)
        yield {
            "enrolment_id": one.id,
            "organisation_id": organisation_id,
            "scenario": content.scenarios[0].id,
            "number": 1,
            "alias": f"{one.number:04X}"[-4:],
            "text": WORDS,
            "state": AnswerState.PASSED if passed else AnswerState.WAITING,
            "saved_at": sent,
            "submitted_at": sent,
            "decided_at": now if passed else None,
        }
