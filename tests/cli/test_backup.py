"""`mhfa-lms backup` and `restore`, on both databases."""

import json
import shutil
import tarfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import ColumnElement, func, select, text

from mhfa_lms import clock, db, schema
from mhfa_lms.backup import archive, databases, making, postgresql
from mhfa_lms.jobs.retention import SAFETY_COPY
from mhfa_lms.models import Account, AuditEvent, LoginSession, Message, OneTimeLink, RecoveryCode, Reminder, WorkState
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import erasure, names, outbox, sealing, verification
from tests import make
from tests.cli.conftest import Run
from tests.jobs.mails import post

only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def count(model: type[db.Base], *where: ColumnElement[bool]) -> int:
    """Count rows in the database in use."""
    found = db.session().scalar(select(func.count()).select_from(model).where(*where)) or 0
    db.session().rollback()
    return found


def stored(installation: Path, key: str = "certificates/AB/ABCD.pdf", data: bytes = b"%PDF-") -> Path:
    """Put a file into the storage, with its row."""
    path = installation / "files" / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    with db.transaction() as session:
        session.execute(
            text(
                "INSERT INTO stored_file (key, media_type, size, sha256, created_at)"
                " VALUES (:key, 'application/pdf', 5, 'x', '2026-11-21 12:00:00')"
            ),
            {"key": key},
        )
    return path


def everything() -> dict[str, list[Any]]:
    """Return every row of every table."""
    with db.engine().connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table)))) for table in db.Base.metadata.sorted_tables
        }


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the backup goes."""
    return tmp_path / "backup.tar"


def test_what_was_backed_up_comes_back_with_its_files(run: Run, installation: Path, file: Path) -> None:
    make.account("amina@example.org")
    kept = stored(installation)
    made = json.loads(run("backup", str(file), "--json").stdout)
    assert (made["files"], made["database"], made["keys"]) == (1, db.engine().dialect.name, False)
    assert file.stat().st_mode & 0o077 == 0

    make.account("later@example.org")
    kept.write_bytes(b"changed")
    extra = stored(installation, "certificates/CD/CDEF.pdf")
    db.release()
    refused = run("restore", str(file))
    assert (refused.exit_code, "--force" in refused.stderr) == (1, True)
    assert count(Account) == 2
    db.release()
    told = json.loads(run("restore", str(file), "--force", "--json").stdout)
    assert Path(told["safety_copy"]).stat().st_mode & 0o077 == 0
    assert count(Account) == 1
    assert kept.read_bytes() == b"%PDF-"
    assert not extra.exists()
    assert count(AuditEvent, AuditEvent.verb == "backup.restored") == 1
    # The system page says when the last backup was made, also of one that was made before that could stand in it.
    assert count(AuditEvent, AuditEvent.verb == "backup.made") == 1
    assert not list(installation.glob(".restore-*"))

    # What was there before the restore comes back from the safety copy.
    db.release()
    assert run("restore", told["safety_copy"], "--force").exit_code == 0
    assert (count(Account), extra.exists()) == (2, True)


def test_every_row_of_every_table_comes_back_as_it_was(run: Run, file: Path) -> None:
    from tests.services import invented

    invented.fill(clock.now())
    sealing.seal(now=clock.now())
    before = everything()
    # What falls due is posted and held back; browsers, links and recovery codes end; the restore itself is noted.
    settled = {
        *(
            "message",
            "reminder",
            "reminder_mark",
            "authorisation_reminder",
            "login_session",
            "one_time_link",
            "audit_event",
            "recovery_code",
        ),
    }
    run("backup", str(file))
    for _again in range(2):
        db.release()
        assert run("restore", str(file), "--force").exit_code == 0
        after = everything()
        assert {name: rows for name, rows in after.items() if name not in settled} == {
            name: rows for name, rows in before.items() if name not in settled
        }
        assert set(before["audit_event"]) < set(after["audit_event"])
        assert schema.differences() == []
        assert sealing.verify(db.session(), noted=[archive.verify(file).head]).whole
    # Numbers go on after the last one, and the trail still refuses changes.
    assert make.account("new@example.org").id > max(int(row.split(",")[0][1:]) for row in before["account"])
    with pytest.raises(Exception, match="append-only"), db.transaction() as session:
        session.execute(text("DELETE FROM audit_event"))


def test_into_an_empty_installation(
    run: Run, installation: Path, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make.account("amina@example.org")
    stored(installation)
    run("backup", str(file))
    monkeypatch.setenv("MHFA_DATA_DIR", str(tmp_path / "new"))
    if db.engine().dialect.name == "sqlite":
        monkeypatch.setenv("MHFA_DATABASE_URL", f"sqlite:///{tmp_path / 'new' / 'mhfa.db'}")
    else:
        with db.engine().connect() as connection, connection.begin():
            connection.execute(text("DROP SCHEMA public CASCADE; CREATE SCHEMA public"))
    db.release()
    result = run("restore", str(file))
    assert result.exit_code == 0, result.output
    assert not (tmp_path / "new" / SAFETY_COPY).exists()
    if (tmp_path / "new" / "mhfa.db").exists():
        db.configure(f"sqlite:///{tmp_path / 'new' / 'mhfa.db'}")
    assert count(Account) == 1
    assert (tmp_path / "new" / "files" / "certificates" / "AB" / "ABCD.pdf").read_bytes() == b"%PDF-"


def test_a_backup_is_noted_without_where_it_lies(run: Run, file: Path) -> None:
    run("backup", str(file))
    event = db.session().scalars(select(AuditEvent).where(AuditEvent.verb == "backup.made")).one()
    assert event.data == {"bytes": file.stat().st_size, "files": 0, "keys": False}


def test_nothing_is_written_over_without_leave(run: Run, file: Path) -> None:
    file.write_bytes(b"something of mine")
    assert run("backup", str(file)).exit_code == 1
    assert file.read_bytes() == b"something of mine"
    assert run("backup", str(file), "--force").exit_code == 0
    assert run("backup", "--verify", str(file)).exit_code == 0
    assert [path.name for path in file.parent.glob(".*")] == []


def test_a_backup_is_checked_without_restoring_it(run: Run, file: Path) -> None:
    with db.transaction() as session:
        for number in range(3):
            session.add(AuditEvent(at=make.NOON, account_id=0, verb="t", subject="t", subject_id=number, data={}))
    sealing.seal(now=make.NOON)
    head = sealing.verify(db.session()).head
    run("backup", str(file))
    told = json.loads(run("backup", "--verify", str(file), "--json").stdout)
    assert (told["whole"], told["audit_head"], told["audit_sealed"]) == (True, head, 3)
    assert json.loads(run("restore", "--check", str(file), "--json").stdout) == told
    file.write_bytes(file.read_bytes().replace(b"audit_event", b"audit_evemt", 1))
    assert run("restore", "--check", str(file)).exit_code == 1
    assert run("backup", "--verify", str(file.with_name("nothing.tar"))).exit_code == 1


def cut(whole: bytes, file: Path) -> None:
    # Half of what is in it: a small archive is padded so far that half of its bytes may hold all of that.
    file.write_bytes(whole[: whole.rindex(archive.MANIFEST.encode()) // 2])


def cut_before_the_manifest(whole: bytes, file: Path) -> None:
    at = whole.rindex(archive.MANIFEST.encode()) // 512 * 512
    file.write_bytes(whole[:at])


def changed(whole: bytes, file: Path) -> None:
    file.write_bytes(whole.replace(b"amina@", b"anima@"))


def strange(_whole: bytes, file: Path) -> None:
    file.write_bytes(b"no archive at all")


def escaping(_whole: bytes, file: Path) -> None:
    with tarfile.open(file, "w") as made:
        made.add(__file__, "../../escaped.db")


@pytest.mark.parametrize("damage", [cut, cut_before_the_manifest, changed, strange, escaping])
def test_a_damaged_backup_changes_nothing(
    run: Run, file: Path, tmp_path: Path, damage: Callable[[bytes, Path], None]
) -> None:
    make.account("amina@example.org")
    run("backup", str(file))
    damage(file.read_bytes(), file)
    db.release()
    result = run("restore", str(file), "--force")
    assert result.exit_code == 1
    assert "Nothing was changed" in result.stderr
    assert count(Account) == 1
    assert not (tmp_path.parent / "escaped.db").exists()


@only_sqlite
def test_an_empty_installation_has_nothing_to_back_up(
    run: Run, tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MHFA_DATABASE_URL", f"sqlite:///{tmp_path / 'other.db'}")
    assert run("backup", str(file)).exit_code == 1
    assert not file.exists()


def test_a_full_disk_is_said_before_anything_is_written(run: Run, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "SPARE", 10**9)
    refused = run("backup", str(file))
    assert (refused.exit_code, "too little room" in refused.stderr) == (1, True)
    assert list(file.parent.glob("*backup*")) == []
    monkeypatch.undo()


@only_sqlite
def test_a_backup_of_the_other_kind_of_database_is_refused(run: Run, file: Path) -> None:
    manifest = archive.Manifest("1", "2026-11-21T12:00:00+00:00", "postgresql", schema.head(), 0, "0" * 64)
    with file.open("wb") as raw:
        archive.Writer(raw, lambda _count: None).finish(manifest)
    refused = run("restore", str(file), "--force")
    assert (refused.exit_code, "sqlite" in refused.stderr) == (1, True)


def test_a_backup_of_a_newer_program_is_refused(run: Run, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make.account("amina@example.org")
    run("backup", str(file))
    monkeypatch.setattr(schema, "knows", lambda _revision: False)
    db.release()
    refused = run("restore", str(file), "--force")
    assert (refused.exit_code, "newer version" in refused.stderr) == (1, True)


PASSPHRASE = "four flat stones in a row"


def test_keys_travel_only_under_a_passphrase(
    run: Run, installation: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MHFA_SECRET_KEY_FALLBACKS", "an-older-key-of-this-site")
    make.account("amina@example.org")
    assert run("backup", str(file)).exit_code == 0
    assert b"a-test-key" not in file.read_bytes()
    private = (installation / "private-key").read_text()
    run("keys", "rotate", "document")
    signing = {path.name: path.read_text() for path in (installation / "keys").iterdir()}
    assert len(signing) == 3
    with_keys = file.with_name("with-keys.tar")
    assert run("backup", str(with_keys), "--with-keys", "--passphrase-stdin", fed="short\n").exit_code == 1
    assert run("backup", str(with_keys), "--with-keys", "--passphrase-stdin", fed=f"{PASSPHRASE}\n").exit_code == 0
    assert b"a-test-key" not in with_keys.read_bytes()
    assert b"an-older-key" not in with_keys.read_bytes()
    (installation / "private-key").write_text("the key of another machine")
    shutil.rmtree(installation / "keys")
    elsewhere = json.loads(run("keys", "list", "--json").stdout)[0]["id"]

    def restored(which: Path, passphrase: str) -> int:
        db.release()
        words = ("restore", str(which), "--force", "--with-keys", "--passphrase-stdin")
        return run(*words, fed=f"{passphrase}\n").exit_code

    assert restored(with_keys, "another passphrase") == 1
    assert restored(file, PASSPHRASE) == 1
    assert not (installation / "secret-key").exists()
    assert count(AuditEvent, AuditEvent.verb == "backup.restored") == 0
    assert restored(with_keys, PASSPHRASE) == 0
    assert (installation / "secret-key").read_text() == "a-test-key-that-is-long-enough"
    assert (installation / "secret-key-fallbacks").read_text() == "an-older-key-of-this-site"
    assert (installation / "secret-key").stat().st_mode & 0o077 == 0
    assert (installation / "private-key").read_text() == private
    listed = json.loads(run("keys", "list", "--json").stdout)
    documents = [one["id"] for one in listed if one["kind"] == "document"]
    # In use is what was in use when the backup was made; a key made meanwhile goes on verifying.
    assert documents[:2] == [json.loads(signing[f"document-00000{number}.json"])["id"] for number in (2, 1)]
    assert documents[2] == elsewhere


def held_by(days: int, **values: Any) -> str:
    """Make a certificate that expires in so many days, and return its code."""
    expires = clock.now().date() + timedelta(days=days)
    return make.certificate(
        make.member(holder=make.account("amina@example.org")),
        starts_on=expires - timedelta(days=1095), expires_on=expires,
        window_opens_on=expires - timedelta(days=180), window_closes_on=expires + timedelta(days=90), **values,
    ).code  # fmt: skip


def test_no_mail_goes_again_and_no_reminder_twice(run: Run, installation: Path, file: Path) -> None:
    held_by(89)
    waiting = post("waiting", now=clock.now())
    run("backup", str(file))
    # What waited goes out, and so does the reminder, which is not in the backup at all.
    run("tick", "--as-of", clock.now().isoformat())  # sent at once, at whatever hour the test runs
    assert json.loads(run("send-mail", "--json").stdout)["sent"] == 2
    db.release()
    told = json.loads(run("restore", str(file), "--force", "--json").stdout)
    assert told["mails_held"] == 2
    assert json.loads(run("tick", "--json").stdout)["total"] == 0
    assert json.loads(run("send-mail", "--json").stdout)["sent"] == 0
    assert (count(Reminder), count(Message, Message.error == outbox.HELD)) == (1, 2)
    assert len(list((installation / "mail").glob("*.eml"))) == 2
    # The next reminder is another one, and goes out on its day.
    later = (clock.now() + timedelta(days=60)).isoformat()
    assert json.loads(run("tick", "--as-of", later, "--json").stdout)["reminders"] == 1
    # Somebody who knows better sends what is held back.
    assert run("outbox", "retry", str(waiting)).exit_code == 0
    assert json.loads(run("outbox", "release", "--json").stdout) == {"released": 1}
    assert json.loads(run("outbox", "release", "--json").stdout) == {"released": 0}
    assert count(Message, Message.state == WorkState.WAITING) == 3


def test_a_week_s_letter_to_coordinators_does_not_go_again(run: Run, file: Path) -> None:
    from mhfa_lms.models import Role

    organisation = make.organisation()
    make.member(organisation, Role.COORDINATOR, holder=make.account("coordinator@example.org"))
    expires = clock.now().date() + timedelta(days=100)
    make.certificate(
        make.member(organisation),
        starts_on=date(2020, 1, 1), expires_on=expires, window_opens_on=expires - timedelta(days=180),
        window_closes_on=expires + timedelta(days=90),
    )  # fmt: skip
    run("backup", str(file))
    assert json.loads(run("tick", "--json").stdout)["digests"] == 1
    db.release()
    run("restore", str(file), "--force")
    assert json.loads(run("tick", "--json").stdout)["total"] == 0


def test_browsers_links_and_recovery_codes_end(run: Run, file: Path) -> None:
    member = make.member()
    make.actor(member)
    with db.transaction() as session:
        from mhfa_lms.models import LinkKind
        from mhfa_lms.services import links

        links.issue(session, LinkKind.RESET, member.account_id, now=clock.now())
        session.add(RecoveryCode(account_id=member.account_id, code_hash="x", created_at=clock.now()))
    run("backup", str(file))
    db.release()
    said = run("restore", str(file), "--force").stdout
    assert count(RecoveryCode) == 0
    assert "users reset-second-step --email EMAIL" in said
    assert count(LoginSession, LoginSession.ended_at.is_(None)) == 0
    assert count(OneTimeLink, OneTimeLink.used_at.is_(None)) == 0


def test_whoever_was_erased_since_stays_erased(run: Run, installation: Path, file: Path) -> None:
    code = held_by(400)
    run("backup", str(file))
    assert run("erase-person", "amina@example.org", "--yes").exit_code == 0
    assert "amina" not in (installation / "erasures.jsonl").read_text().casefold()
    db.release()
    told = json.loads(run("restore", str(file), "--force", "--json").stdout)
    assert told["people_erased_again"] == 1
    assert "Amina Yusuf" not in repr(everything())
    assert "amina@example.org" not in repr(everything())
    found = verification.look_up(code, now=clock.now())
    assert found is not None
    assert (found.name, found.is_erased, found.is_certified) == (None, True, True)
    # Again: the list is still there, and applying it twice is harmless.
    db.release()
    assert json.loads(run("restore", str(file), "--force", "--json").stdout)["people_erased_again"] == 1
    assert len((installation / "erasures.jsonl").read_text().splitlines()) == 1


def test_an_erasure_that_never_reached_the_list_is_found_in_the_database(run: Run, file: Path) -> None:
    held_by(400)
    run("backup", str(file))
    erasure.erase("amina@example.org", by=SYSTEM, now=clock.now())
    db.release()
    told = json.loads(run("restore", str(file), "--force", "--json").stdout)
    assert told["people_erased_again"] == 1


def test_a_newer_backup_s_list_of_erasures_counts_for_an_older_one(run: Run, installation: Path, file: Path) -> None:
    held_by(400)
    run("backup", str(file))
    run("erase-person", "amina@example.org", "--yes")
    newer = file.with_name("newer.tar")
    run("backup", str(newer))
    (installation / "erasures.jsonl").unlink()
    db.release()
    run("restore", str(newer), "--force")
    db.release()
    assert json.loads(run("restore", str(file), "--force", "--json").stdout)["people_erased_again"] == 1


def test_a_new_person_with_an_erased_one_s_number_is_left_alone(run: Run, installation: Path, file: Path) -> None:
    run("backup", str(file))
    number = make.account("amina@example.org").id
    run("erase-person", "amina@example.org", "--yes")
    db.release()
    run("restore", str(file), "--force")
    other = make.account("other@example.org", id=number, created_at=make.NOON + timedelta(seconds=1)).id
    second = file.with_name("second.tar")
    run("backup", str(second))
    db.release()
    assert json.loads(run("restore", str(second), "--force", "--json").stdout)["people_erased_again"] == 0
    assert count(Account, Account.email_key == names.email_key("other@example.org"), Account.id == other) == 1


def test_the_last_administrator_s_erasure_counts_too(run: Run, file: Path) -> None:
    make.account("admin@example.org", is_admin=True)
    run("backup", str(file))
    make.account("second@example.org", is_admin=True)
    run("erase-person", "admin@example.org", "--yes")
    db.release()
    assert json.loads(run("restore", str(file), "--force", "--json").stdout)["people_erased_again"] == 1
    assert count(Account, Account.is_admin.is_(True)) == 0


@only_sqlite
def test_a_database_that_is_damaged_is_no_reason_to_refuse(run: Run, file: Path, tmp_path: Path) -> None:
    make.account("amina@example.org")
    run("backup", str(file))
    db.release()
    for ending in ("-wal", "-shm"):
        (tmp_path / f"test.db{ending}").unlink(missing_ok=True)
    (tmp_path / "test.db").write_bytes(b"this is no database " * 500)
    assert run("restore", str(file)).exit_code == 1
    result = run("restore", str(file), "--force")
    assert result.exit_code == 0, result.output
    assert count(Account) == 1
    assert (tmp_path / "test.db.damaged").exists()


@pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True, ids=["postgresql"]
)
def test_while_somebody_goes_on_reading_nothing_is_changed(
    run: Run, installation: Path, file: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "LOCK_TIMEOUT", "50ms")
    kept = stored(installation)
    make.account("amina@example.org")
    run("backup", str(file))
    kept.unlink()
    make.account("later@example.org")
    db.release()
    engine = db.make_engine(database)
    with engine.connect() as reader:
        reader.execute(text("SELECT count(*) FROM account"))
        refused = run("restore", str(file), "--force")
    assert refused.exit_code == 1
    assert isinstance(refused.exception, SystemExit)
    assert "goes on reading" in refused.stderr
    assert not kept.exists()
    db.configure(database)
    assert count(Account) == 2
    db.release()
    assert run("restore", str(file), "--force").exit_code == 0
    db.configure(database)
    assert count(Account) == 1
    with engine.connect() as reader:
        assert reader.scalar(text("SELECT count(*) FROM pg_namespace WHERE nspname = 'mhfa_restore'")) == 0
    engine.dispose()


@only_sqlite
def test_what_was_erased_is_in_no_corner_of_the_file_or_the_backup(run: Run, file: Path, tmp_path: Path) -> None:
    member = make.member(name="Amina Yusuf", holder=make.account("amina@example.org"))
    make.answer(make.enrolment(member), text="I would ask Xenophilius. " * 400)
    run("erase-person", "amina@example.org", "--yes")
    with db.engine().connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    run("backup", str(file))
    for path in (tmp_path / "test.db", file):
        data = path.read_bytes()
        assert b"Xenophilius" not in data
        assert b"Amina Yusuf" not in data
        assert b"amina@example.org" not in data


def test_an_empty_database_after_migrating_is_empty(database: str) -> None:
    """A restore fills what the migrations made: they must leave no rows of their own."""
    assert all(rows == [] for rows in everything().values())


def test_the_kinds_are_told_apart(settings: Any) -> None:
    assert databases.of(settings).kind == ("sqlite" if settings.is_sqlite else "postgresql")
