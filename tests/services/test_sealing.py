"""The audit trail's chain: it shows a change, a removal and an insertion, and grows by one sealer at a time."""

import threading
import tracemalloc
from typing import Any

import pytest
from sqlalchemy import select, text

from mhfa_lms import db
from mhfa_lms.models import AuditEvent, AuditSeal
from mhfa_lms.services import sealing
from tests import make

pytestmark = pytest.mark.usefixtures("database")
NOON = make.NOON


def record(count: int) -> None:
    with db.transaction() as session:
        for number in range(count):
            # Any data at all, also what `audit.record` would refuse: the seals hold over each.
            data = {"ok": True, "word": "ä", "none": None}
            session.add(AuditEvent(at=NOON, account_id=0, verb="tested", subject="test", subject_id=number, data=data))


def verdict() -> sealing.Verdict:
    db.session().rollback()
    return sealing.verify(db.session())


def tamper(statement: str, **values: Any) -> None:
    """Change the database as somebody with full rights over it could."""
    with db.transaction() as session:
        if session.get_bind().dialect.name == "sqlite":
            names = session.scalars(text("SELECT name FROM sqlite_master WHERE type='trigger' AND name LIKE 'audit%'"))
            for name in names.all():
                session.execute(text(f"DROP TRIGGER {name}"))
        else:
            session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text(statement), values)


def test_events_are_sealed_once_in_batches() -> None:
    record(5)
    assert verdict() == sealing.Verdict(0, 5, sealing.START)
    assert sealing.seal(now=NOON, limit=3) == 3
    assert (verdict().sealed, verdict().unsealed) == (3, 2)
    assert sealing.seal(now=NOON, limit=3) == 2
    assert sealing.seal(now=NOON) == 0
    found = verdict()
    assert (found.sealed, found.unsealed, found.whole) == (5, 0, True)
    assert len(found.head) == 64


def test_a_long_chain_is_read_in_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    record(7)
    sealing.seal(now=NOON)
    monkeypatch.setattr(sealing, "BATCH", 3)
    assert verdict().sealed == 7


CHANGES = [
    *("verb = 'forged'", "account_id = 99", "subject_id = 99", "organisation_id = 99"),
    *("data = '{}'", "at = '2020-01-01 00:00:00'"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_event_shows(change: str) -> None:
    record(5)
    sealing.seal(now=NOON)
    ids = db.session().scalars(select(AuditSeal.event_id).order_by(AuditSeal.id)).all()
    tamper(f"UPDATE audit_event SET {change} WHERE id = :id", id=ids[2])
    found = verdict()
    assert not found.whole
    assert (found.sealed, found.broken_event) == (2, ids[2])


def test_a_seal_taken_out_shows() -> None:
    record(5)
    sealing.seal(now=NOON)
    seals = db.session().scalars(select(AuditSeal).order_by(AuditSeal.id)).all()
    ids = [seal.id for seal in seals]
    tamper("DELETE FROM audit_seal WHERE id = :id", id=ids[2])
    found = verdict()
    assert (found.sealed, found.broken_at, found.unsealed) == (2, ids[3], 1)


def test_an_event_taken_out_shows() -> None:
    record(3)
    sealing.seal(now=NOON)
    ids = db.session().scalars(select(AuditSeal.event_id).order_by(AuditSeal.id)).all()
    db.session().rollback()
    if db.engine().dialect.name == "sqlite":
        with db.engine().connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.exec_driver_sql("DROP TRIGGER audit_event_no_delete")
            connection.exec_driver_sql("DELETE FROM audit_event WHERE id = ?", (ids[1],))
            connection.exec_driver_sql("PRAGMA foreign_keys=ON")
            connection.exec_driver_sql("BEGIN")
    else:
        tamper("DELETE FROM audit_event WHERE id = :id", id=ids[1])
    found = verdict()
    assert (found.sealed, found.broken_event, found.problem) == (1, ids[1], "the event is gone")


def test_a_forged_seal_shows_against_a_head_that_was_noted() -> None:
    record(2)
    sealing.seal(now=NOON)
    noted = verdict().head
    ids = db.session().scalars(select(AuditSeal.event_id).order_by(AuditSeal.id)).all()
    tamper("UPDATE audit_event SET verb = 'forged' WHERE id = :id", id=ids[1])
    db.session().rollback()
    events = db.session().execute(select(*sealing.EVENT).order_by(AuditEvent.id)).all()
    forged = sealing.digest(sealing.digest(sealing.START, events[0]), events[1])
    tamper("UPDATE audit_seal SET digest = :digest WHERE event_id = :id", digest=forged, id=ids[1])
    assert verdict().whole
    assert verdict().head != noted


def test_rows_that_commit_late_are_sealed_in_the_order_in_which_they_are_found() -> None:
    record(3)
    ids = sorted(db.session().scalars(select(AuditEvent.id)))
    db.session().rollback()
    # Numbers given out early and committed late: the first event is not there yet when the others are sealed.
    with db.transaction() as session:
        session.add(AuditSeal(event_id=ids[2], digest=_first(ids[2]), sealed_at=NOON))
    assert sealing.seal(now=NOON) == 2
    assert verdict().whole
    db.session().rollback()
    assert db.session().scalars(select(AuditSeal.event_id).order_by(AuditSeal.id)).all() == [ids[2], ids[0], ids[1]]


def _first(event_id: int) -> str:
    return sealing.digest(
        sealing.START, db.session().execute(select(*sealing.EVENT).where(AuditEvent.id == event_id)).one()
    )


def test_two_sealers_at_once_make_one_chain() -> None:
    record(600)
    db.sessions.remove()
    begin = threading.Barrier(2)
    sealed: list[int] = []

    def work() -> None:
        begin.wait()
        while some := sealing.seal(now=NOON, limit=20):
            sealed.append(some)
        db.sessions.remove()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert sum(sealed) == 600
    assert (verdict().sealed, verdict().whole) == (600, True)


def forge(rows: list[tuple[int, int]]) -> None:
    """Put other events under the seals: pairs of seal and event."""
    # Out of the way first, because each event has one seal only.
    for seal, _event in rows:
        tamper("UPDATE audit_seal SET digest = digest || :mark WHERE id = :id", id=seal, mark="-")
    everything = {row.id: row.digest for row in db.session().execute(select(AuditSeal.id, AuditSeal.digest))}
    db.session().rollback()
    for seal, _event in rows:
        tamper("DELETE FROM audit_seal WHERE id = :id", id=seal)
    for seal, event in rows:
        tamper(
            "INSERT INTO audit_seal (id, event_id, digest, sealed_at) VALUES (:id, :event, :digest, :at)",
            id=seal, event=event, digest=everything[seal].rstrip("-"), at="2026-11-21 12:00:00+00",
        )  # fmt: skip


def sealed_pairs() -> list[tuple[int, int]]:
    db.session().rollback()
    found = db.session().execute(select(AuditSeal.id, AuditSeal.event_id).order_by(AuditSeal.id))
    return [(row.id, row.event_id) for row in found]


def test_events_in_another_order_show() -> None:
    record(5)
    sealing.seal(now=NOON)
    pairs = sealed_pairs()
    (second, one), (third, other) = pairs[1:3]
    forge([(second, other), (third, one)])
    found = verdict()
    assert (found.sealed, found.broken_at, found.broken_event) == (1, second, other)


def test_an_event_slipped_in_between_shows() -> None:
    record(4)
    sealing.seal(now=NOON)
    pairs = sealed_pairs()
    record(1)
    slipped = db.session().scalars(select(AuditEvent.id).order_by(AuditEvent.id.desc()).limit(1)).one()
    db.session().rollback()
    # Everything from the third on moves up by one, and the new event takes the place of the third.
    last = pairs[-1][0] + 1
    for seal, event in reversed(pairs[2:]):
        tamper("UPDATE audit_seal SET id = :new WHERE event_id = :event", new=seal + 1, event=event)
    digest = db.session().scalars(select(AuditSeal.digest).where(AuditSeal.id == last)).one()
    db.session().rollback()
    tamper(
        "INSERT INTO audit_seal (id, event_id, digest, sealed_at) VALUES (:id, :event, :digest, :at)",
        id=pairs[2][0], event=slipped, digest=digest, at="2026-11-21 12:00:00+00",
    )  # fmt: skip
    found = verdict()
    assert (found.sealed, found.broken_at, found.broken_event) == (2, pairs[2][0], slipped)


def test_an_end_that_was_cut_off_shows_only_against_a_head_that_was_noted() -> None:
    record(3)
    sealing.seal(now=NOON)
    early = verdict().head
    record(2)
    sealing.seal(now=NOON)
    late = verdict().head
    for seal, event in sealed_pairs()[3:]:
        tamper("DELETE FROM audit_seal WHERE id = :id", id=seal)
        tamper("DELETE FROM audit_event WHERE id = :id", id=event)
    # Nothing inside tells: the chain is whole, only shorter.
    assert verdict() == sealing.Verdict(3, 0, early)
    found = sealing.verify(db.session(), noted=[early, late, sealing.START])
    assert (found.whole, found.lost_heads) == (False, (late,))


def test_seals_cut_off_alone_are_made_again_as_they_were() -> None:
    record(3)
    sealing.seal(now=NOON)
    noted = verdict().head
    tamper("DELETE FROM audit_seal WHERE id = :id", id=sealed_pairs()[-1][0])
    assert verdict().unsealed == 1
    sealing.seal(now=NOON)
    assert sealing.verify(db.session(), noted=[noted]).whole


def test_checking_takes_no_more_memory_for_a_longer_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "BATCH", 50)

    def peak() -> int:
        db.session().rollback()
        tracemalloc.start()
        assert sealing.verify(db.session()).whole
        _now, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    record(600)
    sealing.seal(now=NOON, limit=600)
    peak()
    short = peak()
    record(5_400)
    sealing.seal(now=NOON, limit=5_400)
    assert peak() < 2 * short


def test_progress_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "BATCH", 2)
    record(5)
    sealing.seal(now=NOON, limit=5)
    heard: list[int] = []
    sealing.verify(db.session(), told=heard.append)
    assert heard == [2, 4]


REFUSED = {
    "sqlite": [
        *("UPDATE {table} SET id = id", "DELETE FROM {table}"),
        "INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
        "REPLACE INTO {table} SELECT * FROM {table}",
    ],
    "postgresql": [
        *("UPDATE {table} SET id = id", "DELETE FROM {table}", "TRUNCATE {table} CASCADE"),
        "INSERT INTO {table} SELECT * FROM {table} ON CONFLICT (id) DO UPDATE SET id = EXCLUDED.id",
    ],
}


@pytest.mark.parametrize("table", ["audit_event", "audit_seal"])
def test_the_database_itself_refuses_every_way_to_change_or_remove_a_row(table: str) -> None:
    record(2)
    sealing.seal(now=NOON)
    before = rows_of(table)
    for statement in REFUSED[db.engine().dialect.name]:
        with pytest.raises(Exception, match="append-only"), db.transaction() as session:
            session.execute(text(statement.format(table=table)))
    assert rows_of(table) == before


def rows_of(table: str) -> list[Any]:
    db.session().rollback()
    return list(db.session().execute(text(f"SELECT * FROM {table} ORDER BY id")).all())


def test_an_event_that_was_left_far_behind_is_sealed_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "STRETCH", 2)
    record(6)
    with db.transaction() as session:
        rows = session.scalars(select(AuditEvent.id).order_by(AuditEvent.id)).all()
        for one in rows[1:]:
            session.add(AuditSeal(event_id=one, digest="x", sealed_at=NOON))
    assert sealing.tail(db.session()) == 1
    assert sealing.seal(now=NOON, left_behind=False) == 0
    assert sealing.seal(now=NOON) == 1
    assert sealing.tail(db.session()) == sealing.unsealed(db.session()) == 0
    assert sealing.seal(now=NOON) == 0
