"""Long work: written in pieces, continued after a kill, ended between pieces, found and downloaded for a week."""

import csv
import io
import json
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import update

from mhfa_lms import db, i18n
from mhfa_lms.adapters.files import FolderFiles
from mhfa_lms.adapters.spreadsheets import csv_chunks, read_csv
from mhfa_lms.jobs import handlers, long, register_file
from mhfa_lms.jobs.long import Progress
from mhfa_lms.jobs.work import work_waiting
from mhfa_lms.models import Certificate, Job, Membership, Organisation, Role, StoredFile, WorkState
from mhfa_lms.policy import SYSTEM, Actor
from mhfa_lms.services import (
    exporting,
    memberships,
    register,
    register_exports,
    second_steps,
    table_words,
    work,
    work_progress,
)
from mhfa_lms.services.personal import ROWS
from mhfa_lms.settings import Settings
from mhfa_lms.web.work.words import WORDS
from tests import make
from tests.crowd import crowd
from tests.jobs.mails import job, messages
from tests.make import NOON

PEOPLE = 95
PIECE = 10


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register_file, "PIECE", PIECE)


@pytest.fixture
def place(database: str) -> Organisation:
    here = make.organisation("here")
    crowd(here, make.published(), PEOPLE)
    make.certificate(make.member(here, name="=cmd|' /C calc'!A1"))
    return here


@pytest.fixture
def coordinator(place: Organisation) -> Actor:
    return make.actor(make.member(place, Role.COORDINATOR, name="Coordinator"))


def asked(by: Actor, kind: str = "csv", **filters: Any) -> int:
    wanted = register.query(db.session(), register.Filters(**filters), by=by, now=NOON)
    return register_exports.begin(wanted, kind=kind, bom=False, name=f"register.{kind}", now=NOON)


def at_once(by: Actor, **filters: Any) -> list[list[str]]:
    wanted = register.query(db.session(), register.Filters(**filters), by=by, now=NOON)
    found = register.export(wanted, kind="csv", now=NOON)
    return [list(register.COLUMNS), *map(list, found.rows())]


def do(settings: Settings, **values: Any) -> int:
    return work_waiting(settings, lambda: NOON, long=True, **values)


def file_of(settings: Settings, job_id: int) -> bytes:
    row = job(job_id)
    assert row.state is WorkState.DONE, (row.state, row.error)
    file = db.session().get_one(StoredFile, row.file_id)
    return FolderFiles(settings.data_dir / "files").read(file.key, file.sha256)


def plain_rows(data: bytes) -> list[list[str]]:
    return list(read_csv(io.BytesIO(data)))


def sheet_of(data: bytes) -> list[tuple[Any, ...]]:
    sheet: Any = load_workbook(io.BytesIO(data)).active
    return list(sheet.values)


def test_every_kind_has_a_handler_and_words() -> None:
    assert set(work.KINDS) == set(handlers.LONG) == set(WORDS)
    assert not set(handlers.LONG) & set(handlers.HANDLERS)


def test_the_file_holds_the_very_rows_of_the_screen(settings: Settings, coordinator: Actor) -> None:
    for text in ("", "sample"):
        filters = {"text": text}
        job_id = asked(coordinator, **filters)
        assert do(settings) == 1
        data = file_of(settings, job_id)
        assert plain_rows(data) == at_once(coordinator, **filters)
        assert (b"'=cmd" in data) is (text == "")
        assert job(job_id).done_units == job(job_id).total_units == len(plain_rows(data)) - 1
        assert job(job_id).resume == {}
    assert FolderFiles(settings.data_dir / "files").all_unfinished("work") == []


def test_an_excel_file_holds_the_same_cells(settings: Settings, coordinator: Actor) -> None:
    job_id = asked(coordinator, "xlsx")
    do(settings)
    cells = [[str(cell or "") for cell in row] for row in sheet_of(file_of(settings, job_id))]
    assert len(cells) == PEOPLE + 2
    guarded = [["'" + cell if cell.startswith("=") else cell for cell in row] for row in at_once(coordinator)]
    assert cells == guarded


def test_a_certificate_issued_since_is_left_out(settings: Settings, place: Organisation, coordinator: Actor) -> None:
    wanted = at_once(coordinator)
    job_id = asked(coordinator)
    make.certificate(make.member(db.session().get_one(Organisation, coordinator.organisation_id), name="Later"))
    do(settings)
    assert plain_rows(file_of(settings, job_id)) == wanted


def after_piece(monkeypatch: pytest.MonkeyPatch, number: int, then: Callable[[Progress], None]) -> list[int]:
    """Have something happen after some piece was saved; returns the list of what was saved."""
    saved: list[int] = []
    real = Progress.save

    def save(self: Progress, done: int, **resume: Any) -> None:
        real(self, done, **resume)
        saved.append(done)
        if len(saved) == number:
            then(self)

    monkeypatch.setattr(Progress, "save", save)
    return saved


def test_progress_is_written_piece_by_piece(
    settings: Settings, coordinator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    job_id = asked(coordinator)

    def look(_progress: Progress) -> None:
        found = work.own(job_id, by=coordinator, now=NOON)
        assert found is not None
        seen.append((found.stage, found.done, found.total))

    after_piece(monkeypatch, 3, look)
    do(settings)
    assert seen == [(work.Stage.RUNNING, 3 * PIECE, PEOPLE + 1)]


def test_cancelled_work_stops_at_the_next_piece_and_leaves_nothing(
    settings: Settings, coordinator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = asked(coordinator)

    def cancel(_progress: Progress) -> None:
        assert work.cancel(job_id, by=coordinator, now=NOON)

    saved = after_piece(monkeypatch, 2, cancel)
    do(settings)
    assert saved == [PIECE, 2 * PIECE]
    assert job(job_id).state is WorkState.CANCELLED
    assert job(job_id).file_id is None
    assert [path for path in (settings.data_dir / "files").rglob("*") if path.is_file()] == []
    assert work.cancel(job_id, by=coordinator, now=NOON) is False


def test_only_the_asker_cancels(settings: Settings, place: Organisation, coordinator: Actor) -> None:
    job_id = asked(coordinator)
    colleague = make.actor(
        make.member(db.session().get_one(Organisation, coordinator.organisation_id), Role.COORDINATOR)
    )
    assert work.own(job_id, by=colleague, now=NOON) is None
    assert work.cancel(job_id, by=colleague, now=NOON) is False
    assert job(job_id).state is WorkState.WAITING


def test_told_to_stop_the_worker_gives_the_work_back_and_the_next_one_goes_on(
    settings: Settings, coordinator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, job_id = threading.Event(), asked(coordinator)
    with monkeypatch.context() as patched:
        after_piece(patched, 4, lambda _progress: stop.set())
        do(settings, stop=stop)
    row = job(job_id)
    assert (row.state, row.leased_until, row.attempts) == (WorkState.WAITING, None, 0)
    assert row.done_units == 5 * PIECE
    saved = after_piece(monkeypatch, 99, lambda _progress: None)
    do(settings)
    assert saved[0] == 6 * PIECE
    assert plain_rows(file_of(settings, job_id)) == at_once(coordinator)


def test_a_worker_that_lost_its_lease_spoils_nothing(
    settings: Settings, coordinator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = asked(coordinator)
    others: list[int] = []

    def overtaken(_progress: Progress) -> None:
        """This one slept; its lease ran out, and another worker does the whole work."""
        with db.transaction() as session:
            session.execute(update(Job).where(Job.id == job_id).values(leased_until=NOON - timedelta(minutes=1)))
        others.append(work_waiting(settings, lambda: NOON, long=True))

    after_piece(monkeypatch, 3, overtaken)
    do(settings)
    assert others == [1]
    assert job(job_id).attempts == 2
    assert plain_rows(file_of(settings, job_id)) == at_once(coordinator)


def test_two_tries_that_end_at_once_leave_the_file_of_the_one_that_counts(
    settings: Settings, coordinator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = asked(coordinator)
    finish = work_progress.finish

    def overtaken(*args: Any, **values: Any) -> bool:
        """This one slept with its file already in place; another worker does the whole work."""
        monkeypatch.setattr(work_progress, "finish", finish)
        with db.transaction() as session:
            session.execute(update(Job).where(Job.id == job_id).values(leased_until=NOON - timedelta(minutes=1)))
        assert work_waiting(settings, lambda: NOON, long=True) == 1
        return finish(*args, **values)

    monkeypatch.setattr(work_progress, "finish", overtaken)
    do(settings)
    assert job(job_id).attempts == 2
    assert plain_rows(file_of(settings, job_id)) == at_once(coordinator)
    assert len(list((settings.data_dir / "files" / "work").iterdir())) == 1


def test_somebody_who_is_no_longer_coordinator_gets_no_file(
    settings: Settings, place: Organisation, coordinator: Actor
) -> None:
    job_id = asked(coordinator)
    assert coordinator.membership_id is not None
    memberships.set_roles(coordinator.membership_id, {Role.LEARNER}, by=SYSTEM, now=NOON)
    do(settings)
    assert job(job_id).state is WorkState.CANCELLED
    plain = Actor(coordinator.account_id, membership_id=1, organisation_id=coordinator.organisation_id)
    assert work.own(job_id, by=plain, now=NOON) is None


def test_the_same_work_is_not_begun_twice_and_not_without_end(settings: Settings, coordinator: Actor) -> None:
    first = asked(coordinator)
    assert asked(coordinator) == first
    several = [asked(coordinator, text=f"person {number}") for number in range(1, work.MOST_AT_ONCE)]
    assert len({first, *several}) == work.MOST_AT_ONCE
    with pytest.raises(work.TooMuchError):
        asked(coordinator, text="one more")


def test_files_go_after_a_week_and_rows_after_a_month(settings: Settings, coordinator: Actor) -> None:
    job_id = asked(coordinator)
    do(settings)
    folder = settings.data_dir / "files" / "work"
    long.tidy(settings, NOON + timedelta(days=7) - timedelta(seconds=1))
    assert len(list(folder.iterdir())) == 1
    end = NOON + timedelta(days=7)
    found = work.own(job_id, by=coordinator, now=end)
    assert found is not None
    assert (found.stage, found.file) == (work.Stage.EXPIRED, None)
    assert long.tidy(settings, end) == 1
    assert list(folder.iterdir()) == []
    assert job(job_id).file_id is None
    assert work.recent(by=coordinator, now=end) == []
    long.tidy(settings, NOON + timedelta(days=30))
    assert work.own(job_id, by=coordinator, now=end) is None


def test_what_a_dead_worker_left_of_cancelled_work_goes(settings: Settings, coordinator: Actor) -> None:
    job_id = asked(coordinator)
    key = job(job_id).key
    files = FolderFiles(settings.data_dir / "files")
    files.unfinished(f"{long.folder_of(key)}/1.part").write_text("half a list of people")
    long.tidy(settings, NOON)
    assert files.all_unfinished("work") == [key.replace(":", "-")]
    work.cancel(job_id, by=coordinator, now=NOON)
    long.tidy(settings, NOON)
    assert files.all_unfinished("work") == []


CHILD = """
import os, sys
from datetime import datetime
from pathlib import Path
from mhfa_lms import db
from mhfa_lms.jobs import register_file
from mhfa_lms.jobs.long import Progress
from mhfa_lms.jobs.work import work_waiting
from mhfa_lms.settings import read_settings
settings = read_settings({name: os.environ[name] for name in ("MHFA_DATA_DIR", "MHFA_DATABASE_URL", "MHFA_SECRET_KEY")})
db.configure(settings.database_url)
register_file.PIECE = 10
real = Progress.save
def save(self, done, **resume):
    real(self, done, **resume)
    print(done, flush=True)
    sys.stdin.readline()
Progress.save = save
work_waiting(settings, lambda: datetime.fromisoformat(os.environ["NOW"]), long=True)
"""


def killed_after(settings: Settings, pieces: int, now: Any) -> list[int]:
    """Run a worker of its own and kill it once it has saved some pieces; returns what it had saved by then."""
    environment = {
        **os.environ,
        "MHFA_DATA_DIR": str(settings.data_dir),
        "MHFA_DATABASE_URL": settings.database_url,
        "MHFA_SECRET_KEY": settings.secret_key,
        "NOW": now.isoformat(),
    }
    saved = []
    with subprocess.Popen(
        [sys.executable, "-c", CHILD], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for _piece in range(pieces):
            saved.append(int(process.stdout.readline()))
            if len(saved) < pieces:
                process.stdin.write("\n")
                process.stdin.flush()
        process.kill()
    return saved


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_killed_the_work_goes_on_where_it_was_and_repeats_nothing(
    settings: Settings, coordinator: Actor, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = asked(coordinator, kind)
    assert killed_after(settings, 3, NOON) == [10, 20, 30]
    # Half a piece more, as when the kill came between writing and saving.
    (grown,) = (settings.data_dir / "files").rglob(".*.part")
    with grown.open("ab") as file:
        file.write(b'"Nobody,at')
    later = NOON + long.LEASE + timedelta(seconds=1)
    assert do(settings) == 0
    assert killed_after(settings, 2, later) == [40, 50]
    assert job(job_id).done_units == 50
    saved = after_piece(monkeypatch, 99, lambda _progress: None)
    last = later + long.LEASE + timedelta(seconds=1)
    assert work_waiting(settings, lambda: last, long=True) == 1
    assert saved == [60, 70, 80, 90, 96]
    data = file_of(settings, job_id)
    if kind == "csv":
        assert plain_rows(data) == at_once(coordinator)
    else:
        assert [row[0] for row in sheet_of(data)] == [row[0] for row in at_once(coordinator)]
    assert FolderFiles(settings.data_dir / "files").all_unfinished("work") == []


def test_a_copy_of_ones_data_holds_what_the_command_line_exports(settings: Settings, database: str) -> None:
    holder = make.account("amina@example.org", locale="en-XA")
    certificate = make.certificate(make.member(name="Amina Yusuf", holder=holder))
    code, certificate_id, files = certificate.code, certificate.id, FolderFiles(settings.data_dir / "files")
    stored = files.put("certificates/AA/a.pdf", b"%PDF-")
    with db.transaction() as session:
        row = StoredFile(
            key=stored.key, media_type="application/pdf", size=stored.size, sha256=stored.sha256, created_at=NOON
        )
        session.add(row)
        session.flush()
        session.get_one(Certificate, certificate_id).file_id = row.id
    whose = db.session().get_one(Membership, db.session().get_one(Certificate, certificate_id).membership_id)
    with pytest.raises(second_steps.PasswordNeededError):
        exporting.begin_copy(by=make.actor(whose), now=NOON)
    by = make.actor(whose, password_at=NOON)
    job_id = exporting.begin_copy(by=by, now=NOON)
    before = exporting.export("amina@example.org", by=SYSTEM, now=NOON)
    do(settings)
    with zipfile.ZipFile(io.BytesIO(file_of(settings, job_id))) as packed:
        pdf = f"certificates/certificate-{i18n.format_code(code)}.pdf"
        assert set(packed.namelist()) == {"data.json", "README.txt", pdf}
        assert packed.read(pdf) == b"%PDF-"
        data = json.loads(packed.read("data.json"))
        text = packed.read("README.txt").decode()
    # The work itself went on meanwhile.
    assert {**data, "job": []} == {**before, "job": []}
    assert data["certificate"][0]["name"] == "Amina Yusuf"
    assert "[Ýóúr çértífíçátéš]" in text
    assert (job(job_id).done_units, job(job_id).total_units) == (3, 3)
    (mail,) = messages("copy-ready")
    assert (mail.account_id, mail.locale) == (by.account_id, "en-XA")
    assert mail.facts == {"path": f"/progress/{job_id}", "until_on": "2026-11-28"}


def test_each_table_is_explained_in_the_copy() -> None:
    assert set(table_words.table_words()) == {model.__tablename__ for model in ROWS}


def test_nothing_that_opens_doors_is_in_the_copy() -> None:
    for column in ("password_hash", "secret_hash", "totp_secret", "recovery_codes", "public_key", "sort_key"):
        assert exporting.is_secret(column)
    for column in ("name", "code", "email", "expires_on", "key"):
        assert not exporting.is_secret(column)


def test_progress_of_somebody_elses_lease_is_not_written(database: str) -> None:
    job_id = make.work(make.member())
    assert work_progress.advance(job_id, 1, until=NOON) is False
    assert job(job_id).leased_until is None


def test_a_table_that_goes_on_needs_no_second_header() -> None:
    text = b"".join([*csv_chunks(("a", "b"), [("1", "2")]), *csv_chunks(None, [("=3", "4")])]).decode()
    assert list(csv.reader(io.StringIO(text))) == [["a", "b"], ["1", "2"], ["'=3", "4"]]
