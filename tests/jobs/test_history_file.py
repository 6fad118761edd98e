"""Tables of earlier certificates in the worker: looked at, recorded in pieces, continued after a kill, reported."""

import io
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from mhfa_lms import db
from mhfa_lms.adapters import tables
from mhfa_lms.adapters.files import FolderFiles
from mhfa_lms.adapters.spreadsheets import read_csv
from mhfa_lms.jobs import long
from mhfa_lms.jobs.long import LEASE, Progress
from mhfa_lms.jobs.work import work_waiting
from mhfa_lms.models import (
    AuditEvent,
    AwaitedCertificate,
    Certificate,
    Invitation,
    Organisation,
    Role,
    StoredFile,
    WorkState,
)
from mhfa_lms.policy import Actor
from mhfa_lms.services import history, history_preview, history_work, invitations, work
from mhfa_lms.settings import Settings
from tests import make
from tests.jobs.mails import job
from tests.make import NOON

HEAD = "email,course,completed_on,evidence"
PEOPLE = 7
MINUTE = timedelta(minutes=1)


class Killed(BaseException):
    """What stops a test's worker where it stands."""


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "PIECE", 2)


@pytest.fixture
def by(database: str) -> Actor:
    here = make.organisation("here", name="Here")
    make.published()
    for number in range(PEOPLE):
        make.member(here, name=f"Person {number}", holder=make.account(f"p{number}@example.org"))
    return make.actor(make.member(here, Role.COORDINATOR, name="Coordinator"))


def table(*more: str) -> bytes:
    title = make.published().title
    rows = [f"p{number}@example.org,{title},2025-03-31,Seen" for number in range(PEOPLE)]
    return "\n".join([HEAD, *rows, *(one.replace("COURSE", str(title)) for one in more)]).encode()


def files(settings: Settings) -> FolderFiles:
    return FolderFiles(settings.data_dir / "files")


def uploaded(settings: Settings, by: Actor, data: bytes) -> int:
    stored = files(settings).put("earlier/upload.table", data)
    row = StoredFile(key=stored.key, media_type="x/y", size=stored.size, sha256=stored.sha256, created_at=NOON)
    return history_work.begin(row, "earlier.csv", by=by, now=NOON)


def do(settings: Settings, now: Any = NOON) -> None:
    work_waiting(settings, lambda: now, long=True)


def tidy(settings: Settings) -> list[str]:
    """Let the worker remove what is not needed any more; returns what is left."""
    work_waiting(settings, lambda: NOON, long=False)
    folder = settings.data_dir / "files"
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())


def looked(settings: Settings, by: Actor, data: bytes) -> int:
    job_id = uploaded(settings, by, data)
    do(settings)
    assert job(job_id).state is WorkState.DONE, job(job_id).error
    return job_id


def preview(settings: Settings, job_id: int) -> history_preview.Preview:
    file = job(job_id).file
    assert file is not None
    return history_preview.read(files(settings).read(file.key, file.sha256).decode().split("\n")[0])


def report(settings: Settings, job_id: int) -> list[list[str]]:
    row = job(job_id)
    assert row.state is WorkState.DONE, row.error
    assert row.file is not None
    return list(read_csv(io.BytesIO(files(settings).read(row.file.key, row.file.sha256))))[1:]


def count(model: Any) -> int:
    db.session().rollback()
    return db.session().scalar(select(func.count(model.id))) or 0


MORE = (
    "new@example.org,COURSE,2025-03-31,=cmd",
    "p1@example.org,COURSE,31.3.2025,",
    "p2@example.org,COURSE,2025-03-31,again",
    "=2+5@x,COURSE,2025-03-31,",
)


def test_looked_at_recorded_reported(settings: Settings, by: Actor) -> None:
    job_id = looked(settings, by, table(*MORE))
    found = preview(settings, job_id)
    assert (found.new, found.awaited, found.known, found.faults, found.absent) == (PEOPLE, 1, 1, 2, 1)
    assert (count(Certificate), job(job_id).total_units) == (0, PEOPLE + 4)
    begun = history_work.record(job_id, invite=False, by=by, now=NOON)
    assert history_work.record(job_id, invite=False, by=by, now=NOON) == begun
    do(settings)
    rows = report(settings, begun)
    assert [row[5] for row in rows] == [
        *["Recorded"] * PEOPLE,
        "Waits until the person joins",
        "Not recorded",
        "Was there already",
        "Not recorded",
    ]
    # What cannot be read stands in a column of its own, not in the person's.
    assert (rows[-3][1], rows[-3][7]) == ("", "31.3.2025")
    file = job(begun).file
    assert file is not None
    assert b",'=2+5@x," in files(settings).read(file.key, file.sha256)
    codes = {row[6].replace("-", "") for row in rows[:PEOPLE]}
    assert codes == set(db.session().scalars(select(Certificate.code)))
    assert job(begun).payload["told"]["counts"] == {"new": PEOPLE, "awaited": 1, "known": 1, "faulty": 2}
    # Of all files the report alone is left.
    assert [one.rsplit(".", 1)[1] for one in tidy(settings)] == ["csv"]
    assert (count(Invitation), count(StoredFile)) == (0, 1)
    verbs = db.session().scalars(select(AuditEvent.verb)).all()
    assert verbs.count("certificate-import-begun") == 1


@pytest.mark.parametrize("place", ["before the place is kept", "after it"])
def test_killed_it_goes_on_without_duplicates_and_tells_the_same(
    settings: Settings, by: Actor, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    begun = history_work.record(looked(settings, by, table(*MORE)), invite=True, by=by, now=NOON)
    real, saves, now = Progress.save, [0], NOON

    def save(self: Progress, done: int, **resume: Any) -> None:
        saves[0] += 1
        if saves[0] % 2 and place.startswith("before"):
            raise Killed
        real(self, done, **resume)
        if saves[0] % 2:
            raise Killed

    monkeypatch.setattr(Progress, "save", save)
    for _try in range(3):
        with pytest.raises(Killed):
            do(settings, now)
        db.sessions.remove()
        now += LEASE + timedelta(seconds=1)
    monkeypatch.setattr(Progress, "save", real)
    do(settings, now)
    rows = report(settings, begun)
    assert [row[5] for row in rows].count("Recorded") == PEOPLE == count(Certificate)
    assert [row[5] for row in rows][-3:] == ["Not recorded", "Was there already", "Not recorded"]
    assert [row[0] for row in rows] == [str(number) for number in range(2, PEOPLE + 6)]
    assert (count(AwaitedCertificate), count(Invitation)) == (1, 1)


def test_a_table_that_cannot_be_read_is_told_in_the_preview(
    settings: Settings, by: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MOST_ROWS", 3)
    assert preview(settings, looked(settings, by, table())).problem == "too-many-rows"


def test_cancelled_its_file_goes_and_what_was_recorded_stays(
    settings: Settings, by: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = history_work.record(looked(settings, by, table()), invite=False, by=by, now=NOON)
    real = Progress.save

    def save(self: Progress, done: int, **resume: Any) -> None:
        work.cancel(begun, by=by, now=NOON)
        real(self, done, **resume)

    monkeypatch.setattr(Progress, "save", save)
    do(settings)
    assert (count(Certificate), job(begun).state) == (2, WorkState.CANCELLED)
    assert (tidy(settings), count(StoredFile)) == ([], 0)


def test_a_look_that_nobody_used_goes_after_a_week(settings: Settings, by: Actor) -> None:
    job_id = looked(settings, by, table())
    late = NOON + work.FILE_LASTS + timedelta(minutes=1)
    with pytest.raises(history_work.GoneError):
        history_work.record(job_id, invite=False, by=by, now=late)
    long.tidy(settings, late)
    assert (tidy(settings), count(StoredFile)) == ([], 0)


def test_the_limit_of_mails_leaves_people_out_and_says_so(
    settings: Settings, by: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invitations, "MOST_BY_ONE_PERSON", 2)
    more = [f"n{number}@example.org,COURSE,2025-03-31," for number in range(4)]
    begun = history_work.record(looked(settings, by, table(*more)), invite=True, by=by, now=NOON)
    do(settings)
    told = job(begun).payload["told"]["counts"]
    assert (told["invited"], told["uninvited"], count(AwaitedCertificate)) == (2, 2, 4)
    # Uploaded again, the others are invited and nobody twice.
    monkeypatch.setattr(invitations, "MOST_BY_ONE_PERSON", 9)
    again = looked(settings, by, table(*more))
    assert (preview(settings, again).awaited, preview(settings, again).absent, preview(settings, again).invited) == (
        0,
        4,
        2,
    )
    history_work.record(again, invite=True, by=by, now=NOON)
    do(settings)
    assert count(Invitation) == 4


def test_a_look_from_before_the_same_was_recorded_is_made_again(settings: Settings, by: Actor) -> None:
    stale = looked(settings, by, table(*MORE))
    # The first upload's bytes go before the second's come under the same name.
    tidy(settings)
    history_work.record(looked(settings, by, table()), invite=False, by=by, now=NOON + MINUTE)
    do(settings, NOON + MINUTE)
    found = history_work.looked(stale, by=by, now=NOON)
    assert found is not None
    assert found.is_stale
    again = history_work.record(stale, invite=False, by=by, now=NOON + 2 * MINUTE)
    assert history_work.record(stale, invite=False, by=by, now=NOON + 2 * MINUTE) == again
    do(settings, NOON + 2 * MINUTE)
    counts = preview(settings, again)
    assert (counts.new, counts.awaited, counts.known, counts.faults) == (0, 1, PEOPLE + 1, 2)
    assert count(Certificate) == PEOPLE
    found = history_work.looked(again, by=by, now=NOON + 2 * MINUTE)
    assert found is not None
    assert (found.is_ready, found.is_stale) == (True, False)
    begun = history_work.record(again, invite=False, by=by, now=NOON + 2 * MINUTE)
    do(settings, NOON + 2 * MINUTE)
    assert job(begun).payload["told"]["counts"] == {"awaited": 1, "known": PEOPLE + 1, "faulty": 2}


def test_another_ones_look_is_not_there(settings: Settings, by: Actor) -> None:
    job_id = looked(settings, by, table())
    here = db.session().get_one(Organisation, by.organisation_id)
    colleague = make.actor(make.member(here, Role.COORDINATOR))
    stranger = make.actor(make.member(make.organisation("there"), Role.COORDINATOR))
    for other in (colleague, stranger):
        assert history_work.looked(job_id, by=other, now=NOON) is None
        with pytest.raises(history_work.GoneError):
            history_work.record(job_id, invite=False, by=other, now=NOON)


def test_somebody_who_joins_while_it_runs_is_matched(
    settings: Settings, by: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = looked(settings, by, table("late@example.org,COURSE,2025-03-31,"))
    begun = history_work.record(job_id, invite=False, by=by, now=NOON)
    here = db.session().get_one(Organisation, by.organisation_id)
    make.member(here, name="Late", holder=make.account("late@example.org"))
    do(settings)
    assert job(begun).payload["told"]["counts"] == {"new": PEOPLE + 1}
    assert count(AwaitedCertificate) == 0
