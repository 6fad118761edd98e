"""What ticks post that look only at what is new is what ticks post that look at everything."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, event, select

from mhfa_lms import db
from mhfa_lms.models import (
    Certificate,
    CourseRevision,
    Membership,
    MembershipState,
    Message,
    Organisation,
    Reminder,
    ReminderMark,
    Role,
)
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import (
    accounts,
    authorisation_reminders,
    certificates,
    digests,
    duty_reminders,
    memberships,
    reminder_marks,
    reminders,
    rules,
)
from mhfa_lms.services.rules import Rule
from tests import make
from tests.make import NOON
from tests.services.test_reminders import held, in_days
from tests.services.test_rule_changes import CHANGES, world

pytestmark = pytest.mark.usefixtures("database")
Change = Callable[[random.Random, datetime], object]


@pytest.fixture(autouse=True)
def no_second_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is looked at again for good measure: neither the last certificates nor everything once a day."""
    monkeypatch.setattr(reminder_marks, "STRETCH", 0)
    monkeypatch.setattr(reminder_marks, "_turn", lambda _organisation_id, now: now - timedelta(days=10_000))


def posted() -> set[tuple[int, int]]:
    db.session().rollback()
    return {(row.certificate_id, row.offset_days) for row in db.session().scalars(select(Reminder))}


def posts(now: datetime) -> int:
    """Tick; then look at everything as if there were no marks, and see that nothing was left out."""
    found = reminders.post_due(now=now)
    kept = marks()
    with db.transaction() as session:
        session.execute(delete(ReminderMark))
    before = posted()
    assert (reminders.post_due(now=now), posted() - before) == (0, set())
    with db.transaction() as session:
        session.execute(delete(ReminderMark))
        if kept:
            session.execute(db.insert(session, ReminderMark), kept)
    return found


def marks() -> list[dict[str, Any]]:
    db.session().rollback()
    return [dict(row) for row in db.session().execute(select(ReminderMark.__table__)).mappings()]


def _anyone(chance: random.Random, *conditions: Any) -> Membership | None:
    db.session().rollback()
    found = db.session().scalars(select(Membership).where(*conditions).order_by(Membership.id)).all()
    return chance.choice(found) if found else None


def _opt(chance: random.Random, now: datetime) -> None:
    member = _anyone(chance, Membership.state == MembershipState.ACTIVE)
    if member is not None:
        memberships.set_reminders(member.id, member.reminders_stopped_at is not None, by=SYSTEM, now=now)


def _rule(chance: random.Random, now: datetime) -> None:
    rule, value = chance.choice([*CHANGES, (Rule.REMINDER_DAYS, [180, 90, 30, 0]), (Rule.GRACE_REMINDER_DAYS, 60)])
    place = chance.choice([None, *db.session().scalars(select(Organisation.id))])
    rules.put(rule, value, by=SYSTEM, now=now, organisation_id=place)


def _issue(chance: random.Random, _now: datetime) -> None:
    """A certificate for somebody who may have one already: then it renews that one."""
    member = _anyone(chance, Membership.state == MembershipState.ACTIVE)
    assert member is not None
    old = db.session().scalars(select(Certificate).where(Certificate.membership_id == member.id)).first()
    assert old is not None
    days = chance.randint(-60, 1_000)
    revision = db.session().scalars(select(CourseRevision).order_by(CourseRevision.id)).first()
    new = make.certificate(member, revision, **in_days(days))
    if chance.random() < 0.5:
        with db.transaction() as session:
            session.get_one(Certificate, old.id).renewed_by_id = new.id


def _revoke(chance: random.Random, now: datetime) -> None:
    usable = (Certificate.revoked_at.is_(None), Certificate.replaced_by_id.is_(None))
    found = list(db.session().scalars(select(Certificate.code).where(*usable).order_by(Certificate.id.desc())))
    certificates.revoke(chance.choice(found[:12]), "A mistake", by=SYSTEM, now=now)


def _leave_or_return(chance: random.Random, now: datetime) -> None:
    member = _anyone(chance)
    assert member is not None
    if member.state is MembershipState.ACTIVE:
        with db.transaction() as session:
            row = session.get_one(Membership, member.id)
            row.state, row.left_at = MembershipState.LEFT, now
        return
    with db.transaction() as session:
        memberships.add(
            session, member.account_id, member.organisation_id, member.name,
            roles=[], audience=member.audience, now=now, by=SYSTEM,
        )  # fmt: skip


def _close_or_open(chance: random.Random, now: datetime) -> None:
    member = _anyone(chance)
    assert member is not None
    accounts.deactivate(member.account_id, by=SYSTEM, now=now)
    if chance.random() < 0.7:
        posts(now)
        accounts.reactivate(member.account_id, by=SYSTEM, now=now)


def _move_zone(chance: random.Random, _now: datetime) -> None:
    with db.transaction() as session:
        place = chance.choice(session.scalars(select(Organisation)).all())
        place.timezone = chance.choice(["Pacific/Kiritimati", "Etc/GMT+12", "UTC"])


STEPS: tuple[Change, ...] = (_opt, _opt, _rule, _issue, _revoke, _leave_or_return, _close_or_open, _move_zone)


@pytest.mark.parametrize("number", range(2))
def test_what_is_new_is_all_there_is(number: int) -> None:
    chance = random.Random(number)
    world(chance)
    now, total = NOON, 0
    for _step in range(16):
        total += posts(now)
        # Mostly on, by hours or days; at times weeks without a worker, or back.
        hours = chance.choice([1, 7, 13, 24, 24, 24, 49, 24 * 15, -3, -24, -24 * 4])
        now += timedelta(hours=hours)
        if chance.random() < 0.6:
            chance.choice(STEPS)(chance, now)
    assert total > 20


def test_a_second_tick_does_not_look_at_old_certificates() -> None:
    owner, revision = make.organisation(), make.published()
    for days in (200, 91, 20, -5):
        held(days, make.member(owner), revision)
    asked: list[str] = []
    engine = db.session().get_bind()
    assert reminders.post_due(now=NOON) == 3
    event.listen(engine, "before_cursor_execute", lambda _c, _u, statement, *_rest: asked.append(statement))
    assert reminders.post_due(now=NOON) == 0
    assert not [one for one in asked if "FROM certificate JOIN" in one or "UPDATE" in one or "INSERT" in one]
    # Whatever is due, the first tick of the next day posts it, and writes the mark.
    assert reminders.post_due(now=NOON + timedelta(days=1)) == 1
    assert [one for one in asked if "FROM certificate JOIN" in one]


def test_a_mark_forgotten_during_a_look_stays_forgotten() -> None:
    owner = make.organisation()
    member = make.member(owner, reminders_stopped_at=NOON)
    held(20, member)
    ((look, ids),) = list(reminder_marks.looks(reminders.plans(now=NOON), now=NOON))
    memberships.set_reminders(member.id, True, by=SYSTEM, now=NOON)
    reminder_marks.keep(look, ids, 10_000, now=NOON)
    assert marks()[0]["looked_on"] is None
    assert reminders.post_due(now=NOON) == 1


def test_a_crash_before_the_end_leaves_the_mark_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    held(20)
    held(90, code="9" * 16)

    def stopped(*_args: object, **_values: object) -> None:
        raise RuntimeError("the plug was pulled")

    with monkeypatch.context() as patch:
        patch.setattr(reminder_marks, "keep", stopped)
        with pytest.raises(RuntimeError):
            reminders.post_due(now=NOON)
    with db.transaction() as session:
        session.execute(delete(Reminder))
        session.execute(delete(Message))
    assert reminders.post_due(now=NOON) == 2


def test_everything_has_its_turn_once_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    owner = make.organisation()
    reminders.post_due(now=NOON)
    whole = 0
    for minute in range(0, 24 * 60, 5):
        now = NOON + timedelta(minutes=minute)
        whole += sum(look.whole for look, _ids in reminder_marks.looks(reminders.plans(now=now), now=now))
        reminders.post_due(now=now)
    assert (whole, len(marks()), marks()[0]["organisation_id"]) == (1, 1, owner.id)


def test_what_is_found_in_pages_and_posted_in_batches_is_posted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    owner, revision = make.organisation(), make.published()
    for _number in range(7):
        held(20, make.member(owner), revision)
    monkeypatch.setattr(reminders, "FOUND", 3)
    monkeypatch.setattr(reminders, "BATCH", 2)
    assert (reminders.post_due(now=NOON), reminders.post_due(now=NOON)) == (7, 0)
    assert len(posted()) == 7


def test_looking_at_everything_takes_no_lock_where_nothing_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    owner, revision = make.organisation(), make.published()
    instructor = make.member(owner, Role.INSTRUCTOR)
    make.member(owner, Role.COORDINATOR)
    make.authorisation(instructor, revision, expires_on=(NOON + timedelta(days=20)).date())
    held(20, make.member(owner), revision)
    kinds = (reminders, authorisation_reminders, duty_reminders, digests)
    assert sum(kind.post_due(now=NOON) for kind in kinds) == 3
    with db.transaction() as session:
        session.execute(delete(ReminderMark))
    for kind in kinds:
        monkeypatch.setattr(kind, "transaction", lambda: pytest.fail("the lock was taken"))
    assert sum(kind.post_due(now=NOON) for kind in kinds) == 0
