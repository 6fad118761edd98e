"""The one place that says what of a course is open, what is locked and why, what comes next, what is left and by when.

Pure: a course's rules and a learner's facts go in; no database, no clock. What somebody has begun stays open to them:
a step that is done, an attempt under way, an answer once written, and a whole course from its first step on.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from mhfa_lms.content.gating import NOTHING, Order, Prerequisites
from mhfa_lms.content.schema import Course, Module, Step
from mhfa_lms.models import AnswerState, EnrolmentState


class Next(StrEnum):
    """The one thing to do next in an enrolment."""

    PREREQUISITES = "prerequisites"  # something else comes before this course
    STEP = "step"
    ASSESSMENT = "assessment"
    SCENARIO = "scenario"
    WAIT = "wait"  # an instructor has the answer, or an activity to confirm
    SESSION = "session"  # only a live session is missing
    FINISHED = "finished"
    OVER = "over"  # ended or withdrawn


class Phase(StrEnum):
    """What a learner can do about the assessment now."""

    CLOSED = "closed"  # something comes first
    READY = "ready"  # the first attempt can start
    OPEN = "open"  # an attempt is under way
    AGAIN = "again"  # failed, and another attempt is left
    OUT = "out"  # failed, and none is left
    PASSED = "passed"


class Why(StrEnum):
    """Why something is locked."""

    PREREQUISITES = "prerequisites"
    MODULES = "modules"
    STEPS = "steps"


@dataclass(frozen=True, slots=True)
class Lock:
    """Why something cannot be opened yet, and what opens it: modules to finish, or what comes before the course."""

    why: Why
    modules: tuple[Module, ...] = ()
    missing: Prerequisites = NOTHING


class LockedError(RuntimeError):
    """It is not open yet; `lock` says why."""

    def __init__(self, lock: Lock) -> None:
        super().__init__(lock.why.value)
        self.lock = lock


@dataclass(frozen=True, slots=True)
class Left:
    """What completing a course still needs. `minutes` are those of the steps."""

    steps: tuple[Step, ...]
    assessment: bool
    scenarios: tuple[str, ...]
    sessions: int

    @property
    def minutes(self) -> int:
        """How long the needed steps that are left take."""
        return sum(step.minutes for step in self.steps)

    @property
    def activities(self) -> int:
        """How many of the steps an instructor confirms."""
        return sum(step.activity is not None for step in self.steps)

    @property
    def nothing(self) -> bool:
        """Whether the course is complete."""
        return not (self.steps or self.assessment or self.scenarios or self.sessions)


def left(
    course: Course,
    done: Collection[str],
    *,
    assessment_passed: bool,
    scenarios_passed: Collection[str],
    sessions_missing: int,
) -> Left:
    """Return what completing a course still needs; `done` and `scenarios_passed` are ids."""
    needs = course.completion
    scenarios = tuple(one.id for one in course.scenarios if one.id not in scenarios_passed)
    return Left(
        steps=tuple(step for _module, step in to_do(course, done)) if needs.steps else (),
        assessment=needs.assessment and not assessment_passed,
        scenarios=scenarios if needs.scenarios else (),
        sessions=sessions_missing if needs.sessions else 0,
    )


def needed(course: Course) -> list[tuple[Module, Step]]:
    """Return the steps that are not only on offer, in order."""
    return [(module, step) for module, step in course.steps() if module.id in course.needed_modules and step.required]


def to_do(course: Course, done: Collection[str]) -> list[tuple[Module, Step]]:
    """Return the needed steps that are not done, in order."""
    return [(module, step) for module, step in needed(course) if step.id not in done]


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of a course: which are done, open, locked. `missing` is what of its prerequisites somebody lacks."""

    course: Course
    done: Collection[str]
    missing: Prerequisites = NOTHING
    # Steps whose activity an instructor has to look at: nothing to do there for now.
    waiting: Collection[str] = ()

    @property
    def lock(self) -> Lock | None:
        """Why the whole course is locked. A course once begun stays open."""
        if not self.missing.any or any(step.id in self.done for _module, step in self.course.steps()):
            return None
        return Lock(Why.PREREQUISITES, missing=self.missing)

    def is_finished(self, module: Module) -> bool:
        """Whether a module's required steps are done."""
        return all(step.id in self.done for step in module.steps if step.required)

    def module_lock(self, module: Module) -> Lock | None:
        """Why a module is locked."""
        before = self.course.before[module.id]
        waits_for = tuple(one for one in self.course.modules if one.id in before and not self.is_finished(one))
        return self.lock or (Lock(Why.MODULES, modules=waits_for) if waits_for else None)

    def step_lock(self, module: Module, step: Step) -> Lock | None:
        """Why a step is locked; one that is done stays open, to be read again."""
        return None if step.id in self.done else self.module_lock(module)

    @property
    def next(self) -> tuple[Module, Step] | None:
        """The first needed step that is not done and open, or None."""
        waiting = to_do(self.course, self.done)
        theirs = [(module, step) for module, step in waiting if step.id not in self.waiting]
        return next(((module, step) for module, step in theirs if self.module_lock(module) is None), None)

    @property
    def all_done(self) -> bool:
        """Whether every needed step is done."""
        return not to_do(self.course, self.done)

    @property
    def assessment_lock(self) -> Lock | None:
        """Why no first attempt at the assessment can start: it opens when the needed steps are done."""
        waits = self.course.completion.steps and not self.all_done
        return self.lock or (Lock(Why.STEPS) if waits else None)

    def scenario_lock(self, state: AnswerState | None) -> Lock | None:
        """Why a scenario is locked; `state` is the newest answer's, and one that was begun stays open."""
        if state is not None:
            return None
        waits = self.course.order is Order.IN_ORDER and self.course.completion.steps and not self.all_done
        return self.lock or (Lock(Why.STEPS) if waits else None)


def phase(*, passed: bool, under_way: bool, used: int, allowed: int, released: bool, is_open: bool) -> Phase:
    """Return what can be done about the assessment; `used` attempts of `allowed`, `released` one more by name."""
    if passed:
        return Phase.PASSED
    if under_way:
        return Phase.OPEN
    if not is_open:
        return Phase.CLOSED
    if not used:
        return Phase.READY
    return Phase.AGAIN if used < allowed or released else Phase.OUT


@dataclass(frozen=True, slots=True)
class Pathway:
    """One enrolment's way through its course. `answers` holds the newest answer's state by scenario."""

    state: EnrolmentState
    steps: Steps
    phase: Phase
    answers: Mapping[str, AnswerState]
    sessions_missing: int

    @property
    def left(self) -> Left:
        """What completing the course still needs."""
        return left(
            self.steps.course,
            self.steps.done,
            assessment_passed=self.phase is Phase.PASSED,
            scenarios_passed=[one for one, state in self.answers.items() if state is AnswerState.PASSED],
            sessions_missing=self.sessions_missing,
        )

    @property
    def next(self) -> Next:
        """The one thing to do next: steps, then the assessment, then the scenarios."""
        if self.state is not EnrolmentState.ACTIVE:
            return Next.FINISHED if self.state is EnrolmentState.COMPLETED else Next.OVER
        if self.steps.lock is not None:
            return Next.PREREQUISITES
        still = self.left
        if still.steps:
            return Next.WAIT if self.steps.waiting and self.steps.next is None else Next.STEP
        if still.assessment:
            return Next.ASSESSMENT
        if self.to_write is not None:
            return Next.SCENARIO
        return Next.WAIT if still.scenarios else Next.SESSION

    @property
    def to_write(self) -> str | None:
        """The first needed scenario that waits for the learner."""
        theirs = {None, AnswerState.DRAFT, AnswerState.TRY_AGAIN}
        return next((one for one in self.left.scenarios if self.answers.get(one) in theirs), None)


def aim(course: Course, enrolled_on: date) -> date | None:
    """Return the day by which most people finish, if the course names one. Nothing is locked after it."""
    return enrolled_on + timedelta(days=course.complete_within_days) if course.complete_within_days else None
