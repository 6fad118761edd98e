"""The daily run in the worker, and the files it sweeps."""

import os
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from mhfa_lms import clock, db
from mhfa_lms.jobs import retention as job
from mhfa_lms.jobs.tick import tidy
from mhfa_lms.jobs.work import work_waiting
from mhfa_lms.models import Certificate, ContactDraft, Job, StoredFile, WorkState
from mhfa_lms.services import retention
from mhfa_lms.settings import Settings
from tests import make

OLD: dict[str, Any] = {
    "starts_on": date(2017, 1, 1), "expires_on": date(2020, 1, 1), "window_opens_on": date(2019, 7, 1),
    "window_closes_on": date(2020, 4, 1),
}  # fmt: skip


def left_to_erase() -> int:
    found = len(db.session().scalars(select(Certificate.id).where(Certificate.erased_at.is_(None))).all())
    db.session().rollback()
    return found


def test_the_worker_removes_once_a_day_what_is_due(
    database: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "MOST", 2)
    monkeypatch.setattr(retention.run, "__kwdefaults__", {"limit": 2})
    owner = make.organisation()
    for _each in range(3):
        make.certificate(make.member(owner), **OLD)
    now = clock.now()
    for _again in range(2):
        tidy(now)
    # The first run takes two and posts another, which takes the third and posts none.
    while work_waiting(settings, lambda: now):
        pass
    assert left_to_erase() == 0
    jobs = db.session().scalars(select(Job).where(Job.kind == retention.JOB).order_by(Job.id)).all()
    assert [(one.payload["run"], one.state) for one in jobs] == [(0, WorkState.DONE), (1, WorkState.DONE)]
    day = timedelta(days=1)
    tidy(now + day)
    assert work_waiting(settings, lambda: now + day) == 1


def test_what_fails_keeps_nothing_else_from_going(
    database: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    make.certificate(make.member(), **OLD)
    first, *others = retention.DUTIES

    def fails(*_args: object) -> list[Any]:
        raise ValueError("broken")

    monkeypatch.setattr(retention, "DUTIES", (replace(first, name="broken", find=fails), first, *others))
    orphan = aged(settings.data_dir / "files" / "earlier" / "0A1B.table", 1.1)
    with pytest.raises(ValueError, match="broken"):
        job.apply(settings, 1, {"day": "2026-11-21", "run": 0}, clock.now())
    assert left_to_erase() == 0
    assert not orphan.exists()


def test_unsent_words_go_to_the_minute(database: str, settings: Settings) -> None:
    member = make.member()
    with db.transaction() as session:
        session.add(ContactDraft(membership_id=member.id, sealed="x", saved_at=make.NOON))
    for late, left in ((-1, 1), (0, 0)):
        tidy(make.NOON + timedelta(days=7, seconds=late))
        assert len(db.session().scalars(select(ContactDraft.id)).all()) == left
        db.session().rollback()


def test_a_file_that_goes_meanwhile_is_no_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = aged(tmp_path / "files" / ".half.part", 2)
    whole = Path.is_file

    def gone(self: Path) -> bool:
        found = whole(self)
        path.unlink(missing_ok=True)
        return found

    monkeypatch.setattr(Path, "is_file", gone)
    assert job.sweep_files(tmp_path, now=clock.now()) == []


def aged(path: Path, days: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    at = clock.now().timestamp() - days * 86_400
    os.utime(path, (at, at))
    return path


def test_files_whose_row_was_never_written_go_after_a_day(database: str, tmp_path: Path) -> None:
    files = tmp_path / "files"
    gone = [aged(files / "earlier" / "0A1B.table", 1.1), aged(files / "work" / "register-export-0A-1.csv", 1.1)]
    named = aged(files / "earlier" / "2C3D.table", 999)
    with db.transaction() as session:
        session.add(StoredFile(key="earlier/2C3D.table", media_type="x/y", size=1, sha256="0", created_at=clock.now()))
    kept = [
        named,
        aged(files / "earlier" / "4E5F.table", 0.9),
        aged(files / "earlier" / "not ours.table", 999),
        aged(files / "earlier" / "deeper" / "6G.table", 999),
        aged(files / "certificates" / "7H.pdf", 999),
        aged(tmp_path / "outside.table", 999),
    ]
    (files / "earlier" / "8J.table").symlink_to(kept[-1])
    assert sorted(job.sweep_files(tmp_path, now=clock.now())) == sorted(gone)
    assert all(path.exists() for path in kept)
    assert not any(path.exists() for path in gone)
    # A folder that leads elsewhere is left alone.
    (files / "work").rmdir()
    elsewhere = aged(tmp_path / "elsewhere" / "9K.table", 999)
    (files / "work").symlink_to(elsewhere.parent)
    assert job.sweep_files(tmp_path, now=clock.now()) == []


def test_files_half_written_and_old_safety_copies_are_swept(tmp_path: Path) -> None:
    gone = [
        aged(tmp_path / "files" / "certificates" / "AB" / ".x.part", 1.1),
        aged(tmp_path / ".before-restore.tar.part", 1.1),
        aged(tmp_path / "before-restore.tar", 30.1),
    ]
    kept = [
        aged(tmp_path / "files" / "certificates" / "AB" / ".y.part", 0.9),
        aged(tmp_path / "files" / "certificates" / "AB" / "AB.pdf", 999),
        aged(tmp_path / "mhfa.db", 999),
        aged(tmp_path / "erasures.jsonl", 999),
    ]
    assert sorted(job.sweep_files(tmp_path, now=clock.now())) == sorted(gone)
    assert [path.exists() for path in gone + kept] == [False] * 3 + [True] * 4
    younger = aged(tmp_path / "before-restore.tar", 29.9)
    assert job.sweep_files(tmp_path, now=clock.now()) == []
    assert younger.exists()
