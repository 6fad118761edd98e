"""Going through the steps of a course: what is done, what comes next, and practice that gates nothing."""

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from mhfa_lms.content.gating import NOTHING, Prerequisites
from mhfa_lms.content.questions import Question, checked
from mhfa_lms.content.schema import Course, Module, Step
from mhfa_lms.db import rows, transaction
from mhfa_lms.models import ActivityReport, ActivityState, Enrolment, EnrolmentState, PracticeAnswer, StepProgress, Way
from mhfa_lms.policy import Actor
from mhfa_lms.services import catalogue, certification, enrolments, prerequisites
from mhfa_lms.services.finishing import NotFinishedError, may_finish
from mhfa_lms.services.pathway import LockedError, Steps

DONE, NEXT, TODO = "done", "next", "todo"
# Made once, as every step runs them.
_WAYS: Final = select(StepProgress.step, StepProgress.way).where(StepProgress.enrolment_id == bindparam("enrolment_id"))
_REPORTED: Final = select(ActivityReport.step, ActivityReport.state).where(
    ActivityReport.enrolment_id == bindparam("enrolment_id")
)
_CHOSEN: Final = select(PracticeAnswer.chosen).where(
    PracticeAnswer.enrolment_id == bindparam("enrolment_id"), PracticeAnswer.question == bindparam("question")
)


class UnknownStepError(LookupError):
    """The course has no such step, or the step no such question."""


@dataclass(frozen=True, slots=True)
class Place:
    """A step among the others of its course."""

    module: Module
    step: Step
    number: int
    previous: Step | None
    following: Step | None

    @property
    def ends_module(self) -> bool:
        """Whether it is the last step of its module."""
        return self.number == len(self.module.steps)


@dataclass(frozen=True, slots=True)
class Progress:
    """The steps of a course, which of them are done and how; `missing` is what of its prerequisites is lacking."""

    course: Course
    ways: Mapping[str, Way]
    missing: Prerequisites = NOTHING
    # Where each activity stands that the learner has reported, by step.
    activities: Mapping[str, ActivityState] = field(default_factory=dict)

    @property
    def path(self) -> Steps:
        """What of the steps is open, locked and left."""
        waiting = [step for step, state in self.activities.items() if state is ActivityState.WAITING]
        return Steps(self.course, self.ways, self.missing, waiting)

    def is_done(self, step: Step) -> bool:
        """Whether a step is done, in whatever way."""
        return step.id in self.ways

    @property
    def next(self) -> tuple[Module, Step] | None:
        """The first needed step that is not done and open, or None."""
        return self.path.next

    @property
    def all_done(self) -> bool:
        """Whether every needed step is done."""
        return self.path.all_done

    def done_in(self, module: Module) -> int:
        """How many of a module's steps are done."""
        return sum(self.is_done(step) for step in module.steps)

    def minutes_left(self, module: Module) -> int:
        """The time that a module's remaining steps take, in minutes."""
        return sum(step.minutes for step in module.steps if not self.is_done(step))

    def stones(self, module: Module, here: Step | None = None) -> list[str]:
        """Return a module's stones; the honey one is `here`, or else the course's next step."""
        upcoming = self.next[1] if self.next else None
        mark = here or upcoming
        return [
            DONE if self.is_done(step) else NEXT if mark is not None and step.id == mark.id else TODO
            for step in module.steps
        ]


def place(course: Course, step_id: str) -> Place:
    """Return a step with its neighbours. Raises `UnknownStepError`."""
    everything = list(course.steps())
    for index, (module, step) in enumerate(everything):
        if step.id == step_id:
            return Place(
                module=module,
                step=step,
                number=module.steps.index(step) + 1,
                previous=everything[index - 1][1] if index else None,
                following=everything[index + 1][1] if index + 1 < len(everything) else None,
            )
    raise UnknownStepError(step_id)


def progress(session: Session, enrolment_id: int, course: Course) -> Progress:
    """Return an enrolment's progress. One query; more for prerequisites and activities."""
    found = rows(session, _WAYS, {"enrolment_id": enrolment_id})
    ways = {row.step: row.way for row in found}
    missing = NOTHING if ways else prerequisites.missing(session, enrolment_id, course)
    activities = {}
    if course.has_activities:
        reported = rows(session, _REPORTED, {"enrolment_id": enrolment_id})
        activities = {row.step: row.state for row in reported}
    return Progress(course, ways, missing, activities)


def practice(session: Session, enrolment_id: int, question: Question | None) -> list[str]:
    """Return what was last chosen for a step's question; nothing when it was not answered."""
    if question is None:
        return []
    wanted = {"enrolment_id": enrolment_id, "question": question.id}
    chosen = rows(session, _CHOSEN, wanted).scalar_one_or_none()
    return [str(one) for one in chosen or ()]


def complete(enrolment_id: int, step_id: str, way: Way, *, by: Actor, now: datetime) -> Progress:
    """Count a step as done, in whatever way; doing it again changes nothing, but reading outweighs the other ways.

    An enrolment that is over keeps its steps as they are. Returns the progress after it. Raises `UnknownStepError`,
    `pathway.LockedError`, and `finishing.NotFinishedError` for a step that waits for something.
    """
    with transaction() as session:
        return count_as_done(session, enrolments.hold(session, enrolment_id, by=by), step_id, way, by=by, now=now)


def count_as_done(
    session: Session, enrolment: Enrolment, step_id: str, way: Way, *, by: Actor, now: datetime
) -> Progress:
    """The same in the caller's transaction, for an enrolment that it holds."""
    course = course_of(enrolment)
    here = place(course, step_id)
    before = progress(session, enrolment.id, course)
    if enrolment.state is not EnrolmentState.ACTIVE:
        return before
    if step_id not in before.ways:
        if lock := before.path.step_lock(here.module, here.step):
            raise LockedError(lock)
        if missing := may_finish(session, enrolment, here.step, way):
            raise NotFinishedError(missing)
        session.add(StepProgress(enrolment_id=enrolment.id, step=step_id, way=way, done_at=now))
    elif way is Way.READ and before.ways[step_id] is not Way.READ:
        _row(session, enrolment.id, step_id).way = way
    after = Progress(course, {**before.ways, step_id: way})
    if after.all_done:
        certification.complete_if_ready(session, enrolment.id, now=now, by=by)
    return after


def answer(enrolment_id: int, step_id: str, chosen: Collection[str], *, by: Actor, now: datetime) -> None:
    """Keep the answer to a step's question. Raises `UnknownStepError`, `questions.BadChoiceError`, `LockedError`."""
    with transaction() as session:
        keep_answer(session, enrolments.hold(session, enrolment_id, by=by), step_id, chosen, now=now)


def keep_answer(
    session: Session, enrolment: Enrolment, step_id: str, chosen: Collection[str], *, now: datetime
) -> PracticeAnswer:
    """The same in the caller's transaction, for an enrolment that it holds; returns the answer as it is kept."""
    course = course_of(enrolment)
    here = place(course, step_id)
    question = here.step.question
    if question is None:
        raise UnknownStepError(step_id)
    if lock := progress(session, enrolment.id, course).path.step_lock(here.module, here.step):
        raise LockedError(lock)
    picked = checked(question, chosen)
    row = practised(session, enrolment.id, question)
    if row is None:
        row = PracticeAnswer(enrolment_id=enrolment.id, question=question.id, version=0)
        session.add(row)
    right = question.is_right(picked)
    row.chosen, row.correct, row.version, row.answered_at = list(picked), right, row.version + 1, now
    return row


def order(enrolment_id: int, question: Question) -> tuple[str, ...]:
    """Return the order in which a learner practises with a question: always the same one."""
    dice = random.Random(f"{enrolment_id}:{question.id}")  # noqa: S311  # it shuffles; nothing secret depends on it
    return question.order(dice)


def practised(session: Session, enrolment_id: int, question: Question) -> PracticeAnswer | None:
    """Return the answer to a step's question that is kept now."""
    return session.scalars(
        select(PracticeAnswer).where(
            PracticeAnswer.enrolment_id == enrolment_id, PracticeAnswer.question == question.id
        )
    ).one_or_none()


def course_of(enrolment: Enrolment) -> Course:
    """Return the course of the revision that an enrolment is pinned to."""
    return catalogue.shown(enrolment.revision)


def _row(session: Session, enrolment_id: int, step_id: str) -> StepProgress:
    return session.scalars(
        select(StepProgress).where(StepProgress.enrolment_id == enrolment_id, StepProgress.step == step_id)
    ).one()
