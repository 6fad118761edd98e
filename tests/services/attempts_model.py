"""A model of attempts and gating, and a machine that lets it and the real thing be used in any order.

Two devices of one learner read, save, hand in and try again, at once too; time passes; an instructor agrees, takes back
and releases; the worker comes by; the course is published anew and corrected. After each of these the database must say
what the model says.
"""

import contextlib
import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.models import (
    AdjustmentKind,
    Attempt,
    AttemptState,
    AuditEvent,
    CourseRevision,
    Enrolment,
    EnrolmentState,
    Organisation,
    Role,
    StepProgress,
    Way,
)
from mhfa_lms.services import adjustments, assessment, attempts, catalogue, corrections, learning
from mhfa_lms.services.assessment import AnsweredElsewhereError, NotNowError, TimeOverError, UnansweredError
from mhfa_lms.services.enrolments import CannotBeginAgainError, NotActiveError
from mhfa_lms.services.pathway import LockedError
from tests import make
from tests.make import NOON
from tests.small_course import course, document

LIMIT, ALLOWED, DRAWN = 40, 2, 3
STEPS = ("one-a", "one-b", "two-a", "two-b")
BEFORE = {"two-a": {"one-a", "one-b"}, "two-b": {"one-a", "one-b"}}
_names = itertools.count(1)


@dataclass
class Try:
    """What the model knows of an attempt: `answers` holds version and choice by question."""

    questions: list[str]
    due_at: datetime | None
    answers: dict[str, tuple[int, str]] = field(default_factory=dict)
    result: tuple[Any, bool] | None = None

    @property
    def points(self) -> int:
        """What the answers are worth: of every question, `a` is right."""
        return sum(chosen == "a" for _version, chosen in self.answers.values())


class Attempts(RuleBasedStateMachine):
    """One learner with two devices on one course whose modules go in order and whose assessment has a limit."""

    @initialize(ready=st.sampled_from([True, True, True, False]))
    def begin(self, *, ready: bool) -> None:
        self.slug, self.title = f"model-{next(_names)}", 0
        place = make.organisation(self.slug)
        place_id = place.id
        revision = make.published(self._course())
        revision_id = revision.id
        member = make.member(place)
        self.enrolment_id, self.learner = make.enrolment(member, revision).id, make.actor(member)
        staff = make.member(db.session().get_one(Organisation, place_id), Role.INSTRUCTOR)
        make.authorisation(staff, db.session().get_one(CourseRevision, revision_id))
        self.staff, self.now = make.actor(staff), NOON
        self._fresh_start()
        if ready:
            self.does_the_rest()
            self.starts()

    def _fresh_start(self) -> None:
        self.done: set[str] = set()
        self.tries: list[Try] = []
        self.agreed: dict[AdjustmentKind, int] = {}
        self.released: set[int] = set()
        # By device: the version of each question's answer on the page that is open there.
        self.pages: list[dict[str, int]] = [{}, {}]

    def _course(self) -> Any:
        pool = {**document()["assessment"], "minutes": LIMIT}
        return course(self.slug, title=f"Model {self.title}", assessment=pool, order="in-order")

    # What the model says of now.

    @property
    def last(self) -> Try | None:
        return self.tries[-1] if self.tries else None

    @property
    def open(self) -> Try | None:
        return self.last if self.last and self.last.result is None else None

    @property
    def passed(self) -> bool:
        return any(one.result and one.result[1] for one in self.tries)

    @property
    def left(self) -> bool:
        allowed = ALLOWED + self.agreed.get(AdjustmentKind.MORE_ATTEMPTS, 0)
        return len(self.tries) < allowed or len(self.tries) + 1 in self.released

    @property
    def is_out(self) -> bool:
        return self.done == set(STEPS) and bool(self.tries) and not (self.passed or self.open or self.left)

    def _is_over(self, one: Try) -> bool:
        return one.due_at is not None and self.now > one.due_at + attempts.GRACE

    def _minutes(self) -> int | None:
        if AdjustmentKind.NO_TIME_LIMIT in self.agreed:
            return None
        percent = self.agreed.get(AdjustmentKind.MORE_TIME, 0)
        return -(-LIMIT * (100 + percent) // 100)

    def _ends(self, one: Try) -> None:
        one.result = (one.points, one.points * 100 >= 80 * DRAWN)

    # What people do.

    @rule(step=st.sampled_from(STEPS))
    def does_a_step(self, step: str) -> None:
        if step in self.done or self.done >= BEFORE.get(step, set()):
            self._learns(step)
            self.done.add(step)
            return
        with contextlib.suppress(LockedError):
            self._learns(step)
            raise AssertionError(f"{step} was open too early")

    @precondition(lambda self: self.done != set(STEPS))
    @rule()
    def does_the_rest(self) -> None:
        for step in STEPS:
            self._learns(step)
            self.done.add(step)

    def _learns(self, step: str) -> None:
        learning.complete(self.enrolment_id, step, Way.READ, by=self.learner, now=self.now)

    @rule()
    def starts(self) -> None:
        one = self.open
        if one is not None:
            assert self._start() == len(self.tries)
            if self._is_over(one):
                self._ends(one)
            return
        if self.done == set(STEPS) and not self.passed and self.left:
            number = self._start()
            assert number == len(self.tries) + 1
            stored = self._stored()[number - 1]
            minutes = self._minutes()
            due_at = None if minutes is None else self.now + timedelta(minutes=minutes)
            self.tries.append(Try([drawn.question for drawn in attempts.drawn_of(stored)], due_at))
            self.pages = [{}, {}]
            return
        with contextlib.suppress(NotNowError):
            self._start()
            raise AssertionError("an attempt began that is not allowed")

    def _start(self) -> int:
        return assessment.start(self.enrolment_id, by=self.learner, now=self.now)

    @precondition(lambda self: self.open is not None)
    @rule(device=st.sampled_from([0, 1]))
    def reloads(self, device: int) -> None:
        assert self.open is not None
        self.pages[device] = {question: version for question, (version, _chosen) in self.open.answers.items()}

    @precondition(lambda self: self.last is not None)
    @rule(
        clicks=st.lists(
            st.tuples(st.sampled_from([0, 1]), st.integers(0, DRAWN - 1), st.sampled_from("aab"), st.booleans()),
            min_size=1,
            max_size=8,
        )
    )
    def saves(self, clicks: list[tuple[int, int, str, bool]]) -> None:
        for device, place, chosen, again in clicks:
            self._saves(device, place, chosen, again=again)

    def _saves(self, device: int, place: int, chosen: str, *, again: bool) -> None:
        assert self.last is not None
        one, page = self.last, self.pages[device]
        question = one.questions[place]
        kept, before = one.answers.get(question, (0, ""))
        sent = page.get(question, 0) + 1
        save = self._saving(question, chosen, sent)
        if one.result is not None:
            return self._refused(save, NotNowError)
        if self._is_over(one):
            self._ends(one)
            return self._refused(save, TimeOverError)
        if sent <= kept and before != chosen:
            self._refused(save, AnsweredElsewhereError)
            page[question] = kept
            return None
        save()
        if sent > kept:
            one.answers[question] = (kept + 1, chosen)
        page[question] = one.answers[question][0]
        if again:
            save()
        return None

    def _saving(self, question: str, chosen: str, version: int) -> Callable[[], None]:
        number, by, now = len(self.tries), self.learner, self.now
        return lambda: assessment.save_answer(
            self.enrolment_id, number, question, [chosen], version=version, by=by, now=now
        )

    def _refused(self, act: Callable[[], object], error: type[Exception]) -> None:
        with contextlib.suppress(error):
            act()
            raise AssertionError(f"{error.__name__} was due")

    @precondition(lambda self: self.last is not None)
    @rule(leave_blank=st.booleans(), twice=st.booleans())
    def hands_in(self, *, leave_blank: bool, twice: bool) -> None:
        one = self.last
        assert one is not None
        submit = self._submitting(leave_blank=leave_blank)
        if one.result is None and len(one.answers) < DRAWN and not leave_blank and not self._is_over(one):
            return self._refused(submit, UnansweredError)
        submit()
        if twice:
            submit()
        if one.result is None:
            self._ends(one)
        return None

    def _submitting(self, *, leave_blank: bool) -> Callable[[], None]:
        number, by, now = len(self.tries), self.learner, self.now
        return lambda: assessment.submit(self.enrolment_id, number, leave_blank=leave_blank, by=by, now=now)

    @precondition(lambda self: self.open is not None and not self._is_over(self.open))
    @rule(place=st.integers(0, DRAWN - 1))
    def saves_and_hands_in_at_once(self, place: int) -> None:
        one = self.open
        assert one is not None
        question = one.questions[place]
        kept, before = one.answers.get(question, (0, ""))
        # Which of them comes first is chance: what may be done next must not hang on it, so the points stay the same.
        chosen = "a" if before == "a" else "b"
        submit, save = self._submitting(leave_blank=True), self._saving(question, chosen, kept + 1)
        [_first, saved, _second] = together(submit, save, submit)
        assert saved is None or isinstance(saved, NotNowError)
        if saved is None:
            one.answers[question] = (kept + 1, chosen)
        self._ends(one)

    # What others do.

    @rule(minutes=st.sampled_from([1, 5, 15, 30]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @precondition(lambda self: self.open is not None and self.open.due_at is not None)
    @rule(seconds=st.sampled_from([-1, 30, 61]))
    def the_end_comes(self, seconds: int) -> None:
        assert self.open is not None
        assert self.open.due_at is not None
        self.now = max(self.now, self.open.due_at + timedelta(seconds=seconds))

    @rule()
    def the_worker_comes_by(self) -> None:
        assessment.hand_in_overdue(now=self.now)
        if self.open and self._is_over(self.open):
            self._ends(self.open)

    @rule(
        kind=st.sampled_from([AdjustmentKind.MORE_TIME, AdjustmentKind.MORE_ATTEMPTS, AdjustmentKind.NO_TIME_LIMIT]),
        amount=st.integers(1, 3),
    )
    def agrees(self, kind: AdjustmentKind, amount: int) -> None:
        much = {AdjustmentKind.MORE_TIME: amount * 50, AdjustmentKind.MORE_ATTEMPTS: amount}.get(kind)
        same = self.agreed.get(kind) == (much or 0) and kind in self.agreed
        adjustments.agree(self.enrolment_id, kind, amount=much, reason="Agreed.", by=self.staff, now=self.now)
        self.agreed[kind] = much or 0
        one = self.open
        if one is None or one.due_at is None or same:
            return
        minutes, started = self._minutes(), self._stored()[-1].started_at
        one.due_at = None if minutes is None else max(one.due_at, started + timedelta(minutes=minutes))

    @precondition(lambda self: self.agreed)
    @rule()
    def takes_back(self) -> None:
        db.session().rollback()
        row = adjustments.in_force(db.session(), self.enrolment_id)[0]
        kind, row_id = row.kind, row.id
        adjustments.take_back(self.enrolment_id, row_id, by=self.staff, now=self.now)
        del self.agreed[kind]

    @rule()
    def releases(self) -> None:
        next_number = len(self.tries) + 1
        if self.is_out or (next_number in self.released and not (self.passed or self.open)):
            self._release()
            self.released.add(next_number)
        elif self.tries or self.done != set(STEPS):
            self._refused(self._release, NotNowError)

    def _release(self) -> None:
        assessment.release(self.enrolment_id, reason="Because.", by=self.staff, now=self.now)

    @rule()
    def begins_again(self) -> None:
        if not self.is_out:
            return self._refused(self._begin_again, CannotBeginAgainError)
        old, new = self.enrolment_id, self._begin_again()
        assert self._begin_again() == new
        self.enrolment_id = new
        self._refused(lambda: assessment.start(old, by=self.learner, now=self.now), NotActiveError)
        self._fresh_start()
        return None

    def _begin_again(self) -> int:
        return assessment.begin_again(self.enrolment_id, by=self.learner, now=self.now)

    @rule(correction=st.booleans())
    def publishes(self, *, correction: bool) -> None:
        self.title += 1
        db.session().rollback()
        ours = select(CourseRevision.id).join(CourseRevision.course).where(CourseRevision.course.has(slug=self.slug))
        newest = db.session().scalars(ours.order_by(CourseRevision.number.desc())).first()
        make.published(self._course(), corrects_id=newest if correction else None)
        corrections.flow(now=self.now)

    # What must hold after each.

    @invariant()
    def the_database_says_the_same(self) -> None:
        if not hasattr(self, "done"):
            return
        stored = self._stored()
        assert [one.number for one in stored] == [*range(1, len(self.tries) + 1)]
        for row, one in zip(stored, self.tries, strict=True):
            assert {answer.question: (answer.version, answer.chosen[0]) for answer in row.answers} == one.answers
            assert row.due_at == one.due_at
            result = None if row.state is AttemptState.OPEN else (row.points, row.passed)
            assert result == one.result
            marks = select(AuditEvent.id).where(AuditEvent.verb == "attempt-submitted", AuditEvent.subject_id == row.id)
            assert len(db.session().scalars(marks).all()) == (one.result is not None)
        done = select(StepProgress.step).where(StepProgress.enrolment_id == self.enrolment_id)
        assert set(db.session().scalars(done)) == self.done
        assert not self.tries or self.done == set(STEPS)

    @invariant()
    def the_seeds_give_the_draws_and_the_second_is_another(self) -> None:
        if not hasattr(self, "done") or not self.tries:
            return
        stored = self._stored()
        content = catalogue.course(db.session().get_one(Enrolment, self.enrolment_id).revision)
        for number, row in enumerate(stored):
            assert attempts.redrawn(row, content, stored[:number]) == attempts.drawn_of(row)
        for first, second in itertools.pairwise(self.tries):
            assert not set(first.questions) & set(second.questions)

    def _stored(self) -> list[Attempt]:
        db.session().rollback()
        assert db.session().get_one(Enrolment, self.enrolment_id).state is EnrolmentState.ACTIVE
        found = select(Attempt).where(Attempt.enrolment_id == self.enrolment_id).order_by(Attempt.number)
        return list(db.session().scalars(found))


def together(*acts: Callable[[], object]) -> list[Exception | None]:
    """Do several things at the same time, each with a session of its own; returns what each raised."""
    db.session().rollback()

    def one(act: Callable[[], object]) -> Exception | None:
        try:
            act()
        except NotNowError as error:
            return error
        finally:
            db.sessions.remove()
        return None

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))
