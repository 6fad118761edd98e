"""Steps: done once, in whatever way, and nobody else's business."""

import pytest
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.content.questions import BadChoiceError
from mhfa_lms.models import AuditEvent, Enrolment, EnrolmentState, PracticeAnswer, StepProgress, Way
from mhfa_lms.policy import Forbidden
from mhfa_lms.services import learning
from mhfa_lms.services.learning import UnknownStepError
from tests.make import NOON
from tests.services.learner import COURSE, STEPS, Learner, learner

pytestmark = pytest.mark.usefixtures("database")


def complete(who: Learner, step: str, way: Way = Way.READ) -> learning.Progress:
    return learning.complete(who.enrolment_id, step, way, by=who.actor, now=NOON)


@pytest.mark.parametrize("way", list(Way))
def test_every_way_counts_as_done(way: Way) -> None:
    who = learner()
    after = [complete(who, step, way) for step in STEPS][-1]
    assert after.all_done
    assert set(learning.progress(db.session(), who.enrolment_id, COURSE).ways.values()) == {way}


def test_a_step_is_done_once_and_reading_outweighs_the_other_ways() -> None:
    who = learner()
    for way in (Way.SKIPPED, Way.SUMMARY, Way.READ, Way.SKIPPED):
        complete(who, "two-b", way)
    rows = db.session().scalars(select(StepProgress)).all()
    assert [(row.step, row.way) for row in rows] == [("two-b", Way.READ)]


def test_how_a_step_was_done_leaves_no_trace_in_the_audit_trail() -> None:
    who = learner()
    complete(who, "two-b", Way.SKIPPED)
    assert "skipped" not in str([event.data for event in db.session().scalars(select(AuditEvent))])


def test_progress_knows_what_comes_next() -> None:
    who = learner()
    after = complete(who, "one-a")
    module = COURSE.modules[0]
    assert after.next == (module, module.steps[1])
    assert (after.done_in(module), after.minutes_left(module)) == (1, 3)
    assert after.stones(module) == ["done", "next"]
    assert after.stones(COURSE.modules[1]) == ["todo", "todo"]
    assert after.stones(COURSE.modules[1], COURSE.modules[1].steps[1]) == ["todo", "next"]


def test_a_step_knows_its_neighbours_across_modules() -> None:
    here = learning.place(COURSE, "two-a")
    assert (here.module.id, here.number, here.ends_module) == ("two", 1, False)
    assert here.previous is not None
    assert here.following is not None
    assert (here.previous.id, here.following.id) == ("one-b", "two-b")
    assert learning.place(COURSE, "one-a").previous is None
    assert learning.place(COURSE, "two-b").following is None


def test_unknown_steps_are_refused() -> None:
    who = learner()
    with pytest.raises(UnknownStepError):
        complete(who, "three-a")
    with pytest.raises(UnknownStepError):
        learning.answer(who.enrolment_id, "one-b", ["a"], by=who.actor, now=NOON)


def test_practice_keeps_the_latest_answer_and_gates_nothing() -> None:
    who = learner()
    for chosen in ("b", "a"):
        learning.answer(who.enrolment_id, "one-a", [chosen], by=who.actor, now=NOON)
    row = db.session().scalars(select(PracticeAnswer)).one()
    assert (row.chosen, row.correct, row.version) == (["a"], True, 2)
    assert learning.practice(db.session(), who.enrolment_id, COURSE.modules[0].steps[0].question) == ["a"]
    assert complete(learner(), "one-a").ways == {"one-a": Way.READ}


@pytest.mark.parametrize("chosen", [[], ["z"], ["a", "b"], ["a", "z"]])
def test_a_choice_that_cannot_be_is_refused(chosen: list[str]) -> None:
    who = learner()
    with pytest.raises(BadChoiceError):
        learning.answer(who.enrolment_id, "one-a", chosen, by=who.actor, now=NOON)


def test_somebody_elses_steps_cannot_be_touched() -> None:
    who, other = learner(), learner()
    with pytest.raises(Forbidden):
        learning.complete(who.enrolment_id, "one-a", Way.READ, by=other.actor, now=NOON)
    with pytest.raises(Forbidden):
        learning.answer(who.enrolment_id, "one-a", ["a"], by=other.actor, now=NOON)
    with pytest.raises(Forbidden):
        learning.complete(999_999, "one-a", Way.READ, by=other.actor, now=NOON)


def test_an_enrolment_that_is_over_keeps_its_steps_as_they_are() -> None:
    who = learner()
    with db.transaction() as session:
        session.get_one(Enrolment, who.enrolment_id).state = EnrolmentState.WITHDRAWN
    assert complete(who, "one-a").ways == {}


def test_the_last_step_completes_an_enrolment_whose_other_parts_are_done() -> None:
    who = learner()
    for step in STEPS[:-1]:
        complete(who, step)
    who.pass_rest()
    complete(who, STEPS[-1], Way.SKIPPED)
    assert db.session().get_one(Enrolment, who.enrolment_id).state is EnrolmentState.COMPLETED
