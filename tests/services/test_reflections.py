"""What people write for themselves: encrypted, theirs alone, gone when they wish; a lost key loses nothing else."""

import pytest
from sqlalchemy import select, text, update

from mhfa_lms import db
from mhfa_lms.content.schema import Course
from mhfa_lms.models import AuditEvent, Message, Reflection
from mhfa_lms.policy import SYSTEM, Forbidden
from mhfa_lms.services import erasure, exporting, reflections, retention_records
from mhfa_lms.services.learning import UnknownStepError
from mhfa_lms.services.reflections import ClosedTextError, Written
from mhfa_lms.services.scenarios import NewerDraftError, TooLongError
from tests import make, small_course
from tests.make import NOON
from tests.services.learner import Learner, learner

pytestmark = pytest.mark.usefixtures("database")
OLD, NEW = "an-older-private-key", "a-newer-private-key"
WORDS = "I was afraid, too.\nNobody knows."


def with_writing() -> Course:
    """The small course; its second step has a box to write in."""
    document = small_course.document()
    document["modules"][0]["steps"][1]["reflection"] = {"prompt": "Who listens to you?"}
    document["modules"][0]["steps"][0]["reflection"] = "Only a thought."
    return Course.model_validate(document)


def writer(email: str = "amina@example.org") -> Learner:
    member = make.member(holder=make.account(email))
    enrolment = make.enrolment(member, make.published(with_writing()))
    return Learner(make.actor(member), enrolment.id, member.id)


@pytest.fixture
def who() -> Learner:
    reflections.configure([OLD])
    return writer()


def save(who: Learner, words: str, *, version: int = 0, page: str = "page", step: str = "one-b") -> int:
    return reflections.save(who.enrolment_id, step, words, version=version, page=page, by=who.actor, now=NOON)


def stored(who: Learner) -> Written:
    db.session().rollback()
    return reflections.written(db.session(), who.enrolment_id, "one-b")


def row() -> Reflection | None:
    db.session().rollback()
    return db.session().scalars(select(Reflection)).one_or_none()


def test_it_lies_encrypted_and_leaves_no_other_trace(who: Learner) -> None:
    assert stored(who) == Written("", 0)
    assert save(who, WORDS) == 1
    assert stored(who) == Written(WORDS, 1)
    found = row()
    assert found is not None
    assert "afraid" not in found.sealed_text
    assert not db.session().scalars(select(AuditEvent.id)).all()
    assert not db.session().scalars(select(Message.id)).all()


def test_windows_lose_nothing(who: Learner) -> None:
    save(who, "first", page="one")
    assert save(who, "first and more", version=0, page="one") == 2
    with pytest.raises(NewerDraftError) as caught:
        save(who, "from another", version=1, page="two")
    assert (caught.value.text, caught.value.version) == ("first and more", 2)
    assert save(who, "both", version=2, page="two") == 3


def test_it_goes_when_they_wish(who: Learner) -> None:
    save(who, WORDS)
    reflections.forget(who.enrolment_id, "one-b", by=who.actor)
    reflections.forget(who.enrolment_id, "one-b", by=who.actor)
    assert row() is None
    save(who, WORDS)
    assert save(who, "  \n", version=1) == 0
    assert row() is None


def test_only_the_learner_and_only_where_there_is_a_box(who: Learner) -> None:
    stranger = learner()
    with pytest.raises(Forbidden):
        reflections.save(who.enrolment_id, "one-b", "x", version=0, page="", by=stranger.actor, now=NOON)
    with pytest.raises(Forbidden):
        reflections.forget(who.enrolment_id, "one-b", by=stranger.actor)
    for step in ("one-a", "two-a", "nowhere"):
        with pytest.raises(UnknownStepError):
            save(who, "x", step=step)
    with pytest.raises(TooLongError):
        save(who, "x" * (reflections.LONGEST + 1))


def test_a_row_of_somebody_else_opens_nothing(who: Learner) -> None:
    save(who, WORDS)
    other = writer("noel@example.org")
    with db.transaction() as session:
        session.execute(update(Reflection).values(enrolment_id=other.enrolment_id))
    assert stored(other) == Written(None, 1)


def test_a_lost_key_loses_nothing_else(who: Learner) -> None:
    save(who, WORDS)
    reflections.configure([NEW])
    assert stored(who) == Written(None, 1)
    with pytest.raises(ClosedTextError):
        save(who, "anew", version=1)
    assert reflections.reseal(now=NOON) == 0
    reflections.configure([NEW, OLD])
    assert stored(who) == Written(WORDS, 1)


def test_a_newer_key_takes_the_place_of_an_older_one(who: Learner) -> None:
    save(who, WORDS)
    reflections.configure([NEW, OLD])
    assert (reflections.reseal(now=NOON), reflections.reseal(now=NOON)) == (1, 0)
    reflections.configure([NEW])
    assert stored(who) == Written(WORDS, 1)


def test_a_damaged_row_does_not_keep_the_others_under_the_old_key(who: Learner) -> None:
    save(who, WORDS)
    with db.transaction() as session:
        session.execute(update(Reflection).values(step="another-step"))
    save(who, WORDS)
    reflections.configure([NEW, OLD])
    assert reflections.reseal(now=NOON) == 1
    reflections.configure([NEW])
    assert stored(who) == Written(WORDS, 1)


def test_their_own_copy_has_it_and_no_administrators_file_does(who: Learner) -> None:
    save(who, WORDS)
    rows, _drawn = exporting.own(by=who.actor, keys=[OLD])
    assert rows["reflection"][0]["text"] == WORDS
    assert "sealed_text" not in rows["reflection"][0]
    assert "reflection" not in exporting.export("amina@example.org", by=SYSTEM, now=NOON)


@pytest.mark.parametrize("way", ["erased", "kept long enough"])
def test_it_ends_with_the_person_and_with_the_record(who: Learner, way: str) -> None:
    save(who, WORDS)
    if way == "erased":
        erasure.erase("amina@example.org", by=SYSTEM, now=NOON)
    else:
        with db.transaction() as session:
            retention_records.forget_learning(session, [who.enrolment_id])
    assert row() is None


def test_the_database_refuses_nonsense(who: Learner) -> None:
    save(who, WORDS)
    for change in ("sealed_text = ''", "version = 0"):
        with pytest.raises(Exception, match=r"(?i)check"), db.transaction() as session:
            session.execute(text(f"UPDATE reflection SET {change}"))
