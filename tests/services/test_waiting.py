"""What waited on a device: taken once however often it is sent, and of two answers to one question neither is lost."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from mhfa_lms import db
from mhfa_lms.content.schema import Course
from mhfa_lms.models import ActivityReport, Arrival, Doing, Enrolment, PracticeAnswer, SentLater, StepProgress, Way
from mhfa_lms.policy import Forbidden
from mhfa_lms.services import activities, learning, waiting
from mhfa_lms.services.waiting import Waited
from tests import make, small_course
from tests.make import NOON
from tests.services.learner import COURSE, Learner, learner

pytestmark = pytest.mark.usefixtures("database")
QUESTION = COURSE.modules[0].steps[0].question
A = Waited("device-1", "one-a", Doing.ANSWER, ("a",))


def receive(who: Learner, *items: Waited) -> list[Arrival]:
    return [one.arrival for one in waiting.receive(who.enrolment_id, items, by=who.actor, now=NOON)]


def kept(who: Learner) -> tuple[list[object], int]:
    db.session().rollback()
    assert QUESTION
    row = learning.practised(db.session(), who.enrolment_id, QUESTION)
    assert row
    return row.chosen, row.version


def count(table: type[db.Base]) -> int:
    db.session().rollback()
    return db.session().scalar(select(func.count()).select_from(table)) or 0


def test_what_is_sent_twice_counts_once() -> None:
    who = learner()
    items = [A, Waited("device-2", "one-a", Doing.CONTINUE), Waited("device-3", "two-b", Doing.SKIP)]
    assert receive(who, *items) == [Arrival.TAKEN] * 3
    assert receive(who, *items) == [Arrival.TAKEN] * 3
    assert kept(who) == (["a"], 1)
    assert (count(SentLater), count(PracticeAnswer), count(StepProgress)) == (3, 1, 2)
    ways = learning.progress(db.session(), who.enrolment_id, COURSE).ways
    assert ways == {"one-a": Way.READ, "two-b": Way.SKIPPED}


def test_the_same_answer_from_elsewhere_is_no_clash() -> None:
    who = learner()
    learning.answer(who.enrolment_id, "one-a", ["a"], by=who.actor, now=NOON)
    assert receive(who, A) == [Arrival.KNOWN]
    assert kept(who) == (["a"], 1)


@pytest.mark.parametrize(("later", "counts", "became"), [(True, ["a"], Arrival.CHOSEN), (False, ["b"], Arrival.LEFT)])
def test_of_two_answers_the_learner_chooses_one(later: bool, counts: list[str], became: Arrival) -> None:
    who = learner()
    learning.answer(who.enrolment_id, "one-a", ["b"], by=who.actor, now=NOON)
    assert receive(who, A, A) == [Arrival.CLASH] * 2
    assert kept(who) == (["b"], 1)
    assert waiting.has_clashes(db.session(), who.enrolment_id)
    (clash,) = waiting.clashes(db.session(), db.session().merge(_enrolment(who)))
    assert (clash.step, clash.now, clash.later) == ("one-a", ["b"], ["a"])
    assert waiting.choose(who.enrolment_id, clash.id, later=later, by=who.actor, now=NOON)
    assert not waiting.choose(who.enrolment_id, clash.id, later=True, by=who.actor, now=NOON)
    assert kept(who)[0] == counts
    assert db.session().scalars(select(SentLater.arrival)).all() == [became]
    assert not waiting.has_clashes(db.session(), who.enrolment_id)


def _enrolment(who: Learner) -> Enrolment:
    return db.session().get_one(Enrolment, who.enrolment_id)


def test_an_answer_based_on_what_counts_replaces_it() -> None:
    who = learner()
    learning.answer(who.enrolment_id, "one-a", ["b"], by=who.actor, now=NOON)
    assert receive(who, Waited("device-1", "one-a", Doing.ANSWER, ("a",), version=1)) == [Arrival.TAKEN]
    assert kept(who) == (["a"], 2)


@pytest.mark.parametrize(
    "one",
    [
        Waited("device-1", "no-such-step", Doing.CONTINUE),
        Waited("device-1", "one-b", Doing.ANSWER, ("a",)),
        Waited("device-1", "one-a", Doing.ANSWER, ()),
        Waited("device-1", "one-a", Doing.ANSWER, ("a", "b")),
        Waited("device-1", "one-a", Doing.SKIP),
    ],
)
def test_what_cannot_be_is_refused_and_remembered(one: Waited) -> None:
    who = learner()
    assert receive(who, one) == receive(who, one) == [Arrival.REFUSED]
    assert (count(SentLater), count(PracticeAnswer), count(StepProgress)) == (1, 0, 0)


def test_somebody_elses_course_takes_nothing() -> None:
    who, other = learner(), learner()
    with pytest.raises(Forbidden):
        waiting.receive(who.enrolment_id, [A], by=other.actor, now=NOON)
    learning.answer(who.enrolment_id, "one-a", ["b"], by=who.actor, now=NOON)
    receive(who, A)
    clash = db.session().scalars(select(SentLater.id)).one()
    assert not waiting.choose(other.enrolment_id, clash, later=True, by=other.actor, now=NOON)
    with pytest.raises(Forbidden):
        waiting.choose(who.enrolment_id, clash, later=True, by=other.actor, now=NOON)
    assert kept(who) == (["b"], 1)


def test_the_database_refuses_an_id_used_twice_and_a_step_that_clashes() -> None:
    who = learner()
    receive(who, A)
    row = {"enrolment_id": who.enrolment_id, "step": "one-a", "chosen": [], "received_at": NOON}
    for more in (
        {"client_id": "device-1", "doing": Doing.ANSWER, "arrival": Arrival.TAKEN},
        {"client_id": "device-9", "doing": Doing.CONTINUE, "arrival": Arrival.CLASH},
        {"client_id": "", "doing": Doing.CONTINUE, "arrival": Arrival.TAKEN},
    ):
        with pytest.raises(IntegrityError):
            _store(SentLater(**row, **more))


def _store(row: SentLater) -> None:
    with db.transaction() as session:
        session.add(row)


def test_no_more_are_remembered_than_the_bound_and_what_waits_for_a_choice_goes_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "MOST", 3)
    who = learner()
    learning.answer(who.enrolment_id, "one-a", ["b"], by=who.actor, now=NOON)
    receive(who, A, *(Waited(f"more-{number}", "no-such-step", Doing.CONTINUE) for number in range(5)))
    left = db.session().scalars(select(SentLater.client_id).order_by(SentLater.id)).all()
    assert left == ["device-1", "more-3", "more-4"]


def test_a_note_to_the_instructor_joins_one_that_waits() -> None:
    document = small_course.document("offline")
    del document["modules"][0]["steps"][0]["question"]
    document["modules"][0]["steps"][0]["activity"] = {"instructions": "Ask somebody."}
    member = make.member()
    enrolment = make.enrolment(member, make.published(Course.model_validate(document)))
    who = Learner(make.actor(member), enrolment.id, member.id)
    activities.report(who.enrolment_id, "one-a", "From home.", by=who.actor, now=NOON)
    for note, became in (("From the bus.", Arrival.TAKEN), ("x" * 999, Arrival.REFUSED)):
        assert receive(who, Waited(f"device-{became}", "one-a", Doing.REPORT, note=note)) == [became]
    assert db.session().scalars(select(ActivityReport.note)).all() == ["From home.\n\nFrom the bus."]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_however_devices_send_nothing_is_lost(data: st.DataObject) -> None:
    """Two devices that know what they know, sending what they have any number of times, in any order."""
    who = learner()
    known, items = {"x": 0, "y": 0}, []
    for number in range(data.draw(st.integers(1, 6))):
        device = data.draw(st.sampled_from("xy"))
        items.append(
            Waited(f"device-{number}", "one-a", Doing.ANSWER, (data.draw(st.sampled_from("ab")),), known[device])
        )
        for one in data.draw(st.lists(st.sampled_from(items), max_size=3)):
            (receipt,) = waiting.receive(who.enrolment_id, [one], by=who.actor, now=NOON)
            known[data.draw(st.sampled_from("xy"))] = receipt.version
    receive(who, *items)
    db.session().rollback()
    mine = db.session().scalars(select(SentLater).where(SentLater.enrolment_id == who.enrolment_id)).all()
    assert {row.client_id: tuple(row.chosen) for row in mine} == {one.client_id: one.chosen for one in items}
    assert kept(who)[1] == sum(row.arrival is Arrival.TAKEN for row in mine)
