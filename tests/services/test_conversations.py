"""Playing a conversation: whatever is sent, in whatever order and from however many windows, what is kept is a way."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.content import playing
from mhfa_lms.content.questions import BadChoiceError
from mhfa_lms.models import Arrival, AuditEvent, ConversationRun, Enrolment, StepProgress, Way
from mhfa_lms.policy import Forbidden
from mhfa_lms.services import conversations, learning
from mhfa_lms.services.conversations import ElsewhereError, Run, TooLongError
from mhfa_lms.services.finishing import Missing, NotFinishedError
from mhfa_lms.services.learning import UnknownStepError
from tests import make, talk
from tests.make import NOON
from tests.services.learner import Learner
from tests.talk import STEP

pytestmark = pytest.mark.usefixtures("database")
TALK = talk.conversation()


def talker() -> Learner:
    """A learner on the small course with the conversation."""
    member = make.member()
    enrolment = make.enrolment(member, make.published(talk.course()))
    return Learner(make.actor(member), enrolment.id, member.id)


def say(who: Learner, depth: int, scene: str, choice: str) -> None:
    conversations.choose(who.enrolment_id, STEP, depth=depth, scene_id=scene, choice_id=choice, by=who.actor, now=NOON)


def back(who: Learner, depth: int, scene: str) -> None:
    conversations.go_back(who.enrolment_id, STEP, depth=depth, scene_id=scene, by=who.actor, now=NOON)


def run(who: Learner) -> Run:
    db.session().rollback()
    return conversations.run(db.session(), who.enrolment_id, TALK)


def test_from_the_start_to_an_ending_on_another_device_too() -> None:
    who = talker()
    assert (run(who).way.here_id, run(who).version) == ("door", 0)
    say(who, 0, "door", "push")
    assert (run(who).way.here_id, run(who).ended_at) == ("hurt", None)
    say(who, 1, "hurt", "sorry")
    say(who, 2, "table", "hear")
    assert (run(who).way.here_id, run(who).ended_at, run(who).version) == ("well", NOON, 3)


def test_the_same_form_twice_changes_nothing() -> None:
    who = talker()
    for _click in range(3):
        say(who, 0, "door", "sit")
    say(who, 1, "table", "hear")
    say(who, 0, "door", "sit")
    assert (run(who).way.keys, run(who).version) == (["door/sit", "table/hear"], 2)
    for _click in range(2):
        back(who, 1, "table")
    assert (run(who).way.keys, run(who).version) == (["door/sit"], 3)


def test_going_back_keeps_what_was_seen_and_that_an_ending_was_reached() -> None:
    who = talker()
    say(who, 0, "door", "sit")
    say(who, 1, "table", "hear")
    back(who, 0, "door")
    say(who, 0, "door", "push")
    found = run(who)
    assert found.way.keys == ["door/push"]
    assert found.seen == {"door/sit", "table/hear", "door/push"}
    assert found.ended_at == NOON


def test_a_choice_at_an_earlier_place_replaces_what_came_after() -> None:
    who = talker()
    say(who, 0, "door", "sit")
    say(who, 1, "table", "advise")
    say(who, 1, "table", "hear")
    assert run(who).way.keys == ["door/sit", "table/hear"]


def test_a_place_that_is_no_longer_on_the_way_is_refused() -> None:
    who = talker()
    say(who, 0, "door", "push")
    say(who, 0, "door", "sit")
    with pytest.raises(ElsewhereError):
        say(who, 1, "hurt", "sorry")
    with pytest.raises(ElsewhereError):
        back(who, 1, "hurt")
    with pytest.raises(ElsewhereError):
        say(who, 7, "table", "hear")
    assert run(who).way.keys == ["door/sit"]


def test_what_cannot_be_is_refused() -> None:
    who, other = talker(), talker()
    with pytest.raises(BadChoiceError):
        say(who, 0, "door", "fly")
    with pytest.raises(UnknownStepError):
        conversations.choose(
            who.enrolment_id, "one-a", depth=0, scene_id="door", choice_id="sit", by=who.actor, now=NOON
        )
    with pytest.raises(Forbidden):
        conversations.choose(
            who.enrolment_id, STEP, depth=0, scene_id="door", choice_id="sit", by=other.actor, now=NOON
        )
    with pytest.raises(Forbidden):
        conversations.go_back(who.enrolment_id, STEP, depth=0, scene_id="door", by=other.actor, now=NOON)
    assert run(who).version == 0


def test_round_and_round_comes_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playing, "LONGEST", 3)
    who = talker()
    for depth, (scene, choice) in enumerate([("door", "sit"), ("table", "advise"), ("hurt", "sorry")]):
        say(who, depth, scene, choice)
    with pytest.raises(TooLongError):
        say(who, 3, "table", "hear")
    back(who, 1, "table")
    say(who, 1, "table", "hear")
    assert run(who).ended_at == NOON


def test_the_step_is_read_once_an_ending_was_reached() -> None:
    who = talker()
    with pytest.raises(NotFinishedError) as caught:
        learning.complete(who.enrolment_id, STEP, Way.READ, by=who.actor, now=NOON)
    assert caught.value.missing is Missing.CONVERSATION
    say(who, 0, "door", "push")
    with pytest.raises(NotFinishedError):
        learning.complete(who.enrolment_id, STEP, Way.READ, by=who.actor, now=NOON)
    # Also a bad ending is one: nobody has to be good at it.
    say(who, 1, "hurt", "leave")
    learning.complete(who.enrolment_id, STEP, Way.READ, by=who.actor, now=NOON)
    back(who, 0, "door")
    assert db.session().scalars(select(StepProgress.step)).all() == [STEP]


@pytest.mark.parametrize("way", [Way.SUMMARY, Way.SKIPPED])
def test_the_summary_and_skipping_need_no_conversation(way: Way) -> None:
    who = talker()
    assert learning.complete(who.enrolment_id, STEP, way, by=who.actor, now=NOON).ways == {STEP: way}


def test_it_leaves_no_trace_in_the_audit_trail() -> None:
    who = talker()
    before = len(db.session().scalars(select(AuditEvent.id)).all())
    say(who, 0, "door", "push")
    assert len(db.session().scalars(select(AuditEvent.id)).all()) == before


def test_a_correction_that_takes_a_choice_away_leaves_the_way_up_to_it() -> None:
    who = talker()
    say(who, 0, "door", "sit")
    say(who, 1, "table", "advise")
    shorter = talk.document()
    shorter["scenes"][1]["choices"][1] = talk.choice("listen", "helpful", "hurt")
    found = conversations.run(db.session(), who.enrolment_id, talk.conversation(scenes=shorter["scenes"]))
    assert (found.way.keys, found.way.here_id) == (["door/sit"], "table")


def test_two_windows_at_once_leave_a_way() -> None:
    who = talker()
    db.session().rollback()
    clicks = [
        (0, "door", "sit"),
        (0, "door", "push"),
        (1, "table", "advise"),
        (1, "hurt", "sorry"),
        (1, "table", "hear"),
    ]

    def click(number: int) -> bool:
        try:
            say(who, *clicks[number % len(clicks)])
        except ElsewhereError:
            return False
        finally:
            db.sessions.remove()
        return True

    with ThreadPoolExecutor(8) as pool:
        taken = sum(pool.map(click, range(40)))
    found = run(who)
    assert found.version <= taken
    assert [str(key) for key in _stored()] == found.way.keys != []
    assert set(found.way.keys) <= found.seen


FORMS = st.tuples(
    st.integers(0, 4),
    st.sampled_from(["door", "table", "hurt", "well"]),
    st.sampled_from(["sit", "push", "hear", "advise", "sorry", "leave", "back"]),
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(FORMS, max_size=12))
def test_any_forms_in_any_order_keep_a_way_and_lose_nothing_seen(forms: list[tuple[int, str, str]]) -> None:
    who = talker()
    seen: frozenset[str] = frozenset()
    for depth, scene, choice in forms:
        with suppress(ElsewhereError, BadChoiceError):
            back(who, depth, scene) if choice == "back" else say(who, depth, scene, choice)
        found = run(who)
        assert seen | set(found.way.keys) <= found.seen
        assert [str(key) for key in _stored()] == found.way.keys
        seen = found.seen
    _forget()


def _stored() -> list[object]:
    row = db.session().scalars(select(ConversationRun).order_by(ConversationRun.id.desc()).limit(1)).one_or_none()
    return row.path if row else []


def _forget() -> None:
    with db.transaction() as session:
        for row in session.scalars(select(ConversationRun)):
            session.delete(row)


def ways() -> st.SearchStrategy[list[str]]:
    """Ways through the conversation, up to some length; circles among them."""

    @st.composite
    def draw(draw: st.DrawFn) -> list[str]:
        way = playing.follow(TALK, ())
        for _turn in range(draw(st.integers(0, 6))):
            if way.scene is None:
                break
            way = way.on(draw(st.sampled_from(way.scene.choices)))
        return way.keys

    return draw()


def bring(who: Learner, keys: list[str], version: int, seen: list[str]) -> Arrival:
    with db.transaction() as session:
        enrolment = session.get_one(Enrolment, who.enrolment_id)
        return conversations.bring(session, enrolment, STEP, keys, seen, version=version, now=NOON)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tries=st.lists(st.tuples(ways(), ways(), st.booleans()), min_size=1, max_size=5))
def test_ways_from_several_devices_lose_nothing_that_was_seen(tries: list[tuple[list[str], list[str], bool]]) -> None:
    who = talker()
    for keys, also, knows in tries:
        before = run(who)
        became = bring(who, keys, before.version if knows else before.version + 1, also)
        after = run(who)
        assert after.seen == before.seen | {*keys, *also}
        kept = after.way.keys
        assert kept == (keys if became is Arrival.TAKEN else before.way.keys)
        if knows:
            assert became is Arrival.TAKEN
        elif became is Arrival.KNOWN:
            assert kept[: len(keys)] == keys
        elif became is Arrival.TAKEN:
            assert keys[: len(before.way.keys)] == before.way.keys
        met = playing.met_places(TALK, after.seen)
        assert (after.ended_at is not None) == any(one.id in met for one in TALK.endings)


@pytest.mark.parametrize(
    ("keys", "seen"),
    [(["door/none"], []), (["table/hear"], []), (["door/sit", "door/sit"], []), ([], ["x/y"]), (["door"], [])],
)
def test_a_way_that_cannot_be_gone_is_refused(keys: list[str], seen: list[str]) -> None:
    who = talker()
    with pytest.raises(BadChoiceError):
        bring(who, keys, 0, seen)
    assert run(who).version == 0
