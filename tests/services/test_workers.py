"""Signs of life of workers, and measuring an installation."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mhfa_lms import clock, db
from mhfa_lms.adapters.keys import open_keys
from mhfa_lms.models import StoredFile, WorkerBeat
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import audit, measuring, sealing, workers
from mhfa_lms.settings import Settings
from tests.make import NOON

pytestmark = pytest.mark.usefixtures("database")
MINUTE = timedelta(minutes=1)


def beat(name: str, *, ticked: bool = True, at: timedelta = timedelta()) -> None:
    workers.beat(name, version="1.0", started_at=NOON - timedelta(hours=1), ticked=ticked, now=NOON + at)


def test_each_worker_has_one_row_and_those_long_gone_are_forgotten() -> None:
    for minutes in range(3):
        beat("a:1", at=minutes * MINUTE)
    beat("b:2", at=3 * MINUTE)
    rows = db.session().query(WorkerBeat).count()
    assert rows == 2
    assert workers.seen(db.session(), now=NOON + 3 * MINUTE).alive == ("a:1", "b:2")
    assert workers.seen(db.session(), now=NOON + 6 * MINUTE).alive == ("b:2",)
    beat("b:2", at=timedelta(days=2))
    assert db.session().query(WorkerBeat).count() == 1


def test_a_round_that_failed_is_a_sign_of_life_and_no_tick() -> None:
    beat("a:1")
    beat("a:1", ticked=False, at=MINUTE)
    found = workers.seen(db.session(), now=NOON + MINUTE)
    assert (found.alive, found.last_tick) == (("a:1",), NOON)


def test_a_clock_that_was_put_back_stops_nothing() -> None:
    beat("a:1", at=-timedelta(hours=2))
    assert workers.seen(db.session(), now=NOON - timedelta(hours=2)).alive == ("a:1",)


def test_nobody_was_there_yet() -> None:
    assert workers.seen(db.session(), now=NOON) == workers.Workers((), None)


def test_measuring_finds_what_is_there(settings: Settings, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("k")
    key.chmod(0o600)
    keys = open_keys(settings.keys_dir, name="An organisation")
    keys.make_first()
    with db.transaction() as session:
        audit.record(session, measuring.BACKUP_MADE, by=SYSTEM, now=NOON, subject="installation", subject_id=0)
        for number in (1, 2):
            row = StoredFile(key=f"f/{number}.pdf", media_type="application/pdf", size=500, sha256="x")
            row.created_at = NOON
            session.add(row)
    sealing.seal(now=NOON + MINUTE)
    found = measuring.measure(db.session(), settings, key_file=key, keys=keys, now=NOON)
    assert (found.last_backup, found.last_seal) == (NOON, NOON + MINUTE)
    assert found.disk.files == 1_000
    assert found.disk.database
    assert found.disk.free <= found.disk.total
    assert found.versions.schema == found.versions.schema_wanted
    assert found.versions.database.split()[0] in {"SQLite", "PostgreSQL"}
    assert found.key.made_at
    assert abs(found.key.made_at - clock.now()) < timedelta(hours=1)
    assert not found.key.open_to_others
    assert [len(one.keys or ()) for one in (found.documents, found.badges)] == [1, 1]
    key.chmod(0o644)
    again = measuring.measure(db.session(), replace(settings), key_file=key, keys=keys, now=NOON)
    assert again.key.open_to_others
    assert measuring.measure(db.session(), settings, key_file=None, keys=keys, now=NOON).key.made_at is None
