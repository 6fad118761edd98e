"""How a handler of long work tells how far it is, keeps its place, and ends with a file.

A handler works piece by piece. After each it calls `Progress.save`, one small transaction that also holds the lease;
the next worker after a crash finds the place in `resume` and the unfinished file beside it, and goes on from there.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, NoReturn

from mhfa_lms import db
from mhfa_lms.adapters.files import FileDamagedError, FolderFiles
from mhfa_lms.jobs import claim
from mhfa_lms.jobs.claim import Stop
from mhfa_lms.models import Job, StoredFile
from mhfa_lms.policy import Actor
from mhfa_lms.services import outbox, work_progress
from mhfa_lms.settings import Settings

LongHandler = Callable[["Progress"], None]
# Far longer than a piece takes; after a crash somebody waits for so long.
LEASE: Final = timedelta(minutes=2)
FOLDER: Final = "work"


class NoLongerOursError(Exception):
    """The work was cancelled, or its lease ran out and another worker has it."""


class InterruptedHere(Exception):  # nothing is wrong
    """The worker stops: the work is given back to be continued."""


@dataclass(slots=True)
class Progress:
    """One try at a piece of long work: what was asked for and by whom, and where the try before it came to."""

    lease: claim.Lease
    by: Actor
    settings: Settings
    now_fn: Callable[[], datetime]
    stop: Stop | None
    key: str
    payload: dict[str, Any]
    total: int
    resume: dict[str, Any]
    files: FolderFiles = field(init=False)

    def __post_init__(self) -> None:
        self.files = FolderFiles(self.settings.data_dir / "files")

    @classmethod
    def of(
        cls,
        lease: claim.Lease,
        by: Actor,
        settings: Settings,
        now_fn: Callable[[], datetime],
        stop: Stop | None = None,
    ) -> "Progress":
        """Return the progress of a leased job."""
        session = db.session()
        job = session.get_one(Job, lease.id)
        found = cls(lease, by, settings, now_fn, stop, job.key, dict(job.payload), job.total_units, dict(job.resume))
        session.rollback()
        return found

    @property
    def done(self) -> int:
        """How many units are done."""
        return int(self.resume.get("done", 0))

    def growing(self) -> Path:
        """Return the file that grows, cut to what `resume` vouches for (`bytes`); without that it begins anew.

        Each lease writes a file of its own: a worker that lost its lease unawares cannot write into another's.
        """
        path, sure = self.scratch("part"), int(self.resume.get("bytes", 0))
        before = self._scratch(int(self.resume.get("attempt", 0)), "part")
        if before.exists() and before.stat().st_size >= sure:
            if before != path:
                shutil.copyfile(before, path)
            os.truncate(path, sure)
        else:
            path.write_bytes(b"")
            self.resume = {}
        return path

    def scratch(self, ending: str) -> Path:
        """Return where this lease may write a file that nobody else uses; it goes with the end of the work."""
        return self._scratch(self.lease.attempt, ending)

    def _scratch(self, attempt: int, ending: str) -> Path:
        return self.files.unfinished(f"{folder_of(self.key)}/{attempt}.{ending}")

    def given(self) -> bytes:
        """Return the file that the work is done on. Raises `FileDamagedError` when it is no longer there."""
        session = db.session()
        file = session.get_one(Job, self.lease.id).file
        key, sha256 = (file.key, file.sha256) if file is not None else ("", "")
        session.rollback()
        if not key:
            raise FileDamagedError(self.key)
        return self.files.read(key, sha256)

    def expect(self, total: int) -> None:
        """Write down how many units there are, where that shows only while working. Raises as `save` does."""
        self.total = max(1, total)
        self._advance(total_units=self.total, done_units=0)

    def save(self, done: int, **resume: Any) -> None:
        """Write down how many units are done and where to go on. Raises when the work is to stop here."""
        self.resume = {**resume, "done": done, "attempt": self.lease.attempt}
        # What was counted at the beginning may have become more since.
        self._advance(done_units=min(done, self.total), resume=self.resume)

    def still_ours(self) -> None:
        """Hold the lease during a stretch without units of its own. Raises when the work is to stop here."""
        self._advance()

    def _advance(self, **values: Any) -> None:
        held = work_progress.advance(self.lease.id, self.lease.attempt, until=self.now_fn() + LEASE, **values)
        if not held:
            self._drop()
        if self.stop is not None and self.stop.is_set():
            raise InterruptedHere

    def finish(
        self,
        file: Path,
        *,
        ending: str,
        media_type: str,
        units: int,
        mail: outbox.Post | None = None,
        told: dict[str, Any] | None = None,
    ) -> None:
        """Store the finished file and end the work with it. `told` is kept in the payload, for the page to say."""
        # A lease lost unawares may end with a file too: each has a name of its own, or one would remove the other's.
        key = self._key(self.lease.attempt, ending)
        stored = self.files.keep(key, file)
        now = self.now_fn()
        row = StoredFile(key=key, media_type=media_type, size=stored.size, sha256=stored.sha256, created_at=now)
        payload = {**self.payload, "told": told} if told else None
        if not work_progress.finish(
            self.lease.id, self.lease.attempt, file=row, units=units, now=now, mail=mail, payload=payload
        ):
            self.files.remove(key)
            self._drop()
        # What a try left that was killed between its file and its end.
        for attempt in range(self.lease.attempt):
            self.files.remove(self._key(attempt, ending))
        self.files.drop_unfinished(folder_of(self.key))

    def _key(self, attempt: int, ending: str) -> str:
        return f"{folder_of(self.key)}-{attempt}.{ending}"

    def _drop(self) -> NoReturn:
        # Where only the lease was lost, another worker goes on with the files.
        if not work_progress.under_way(self.key):
            self.files.drop_unfinished(folder_of(self.key))
        raise NoLongerOursError(self.lease.id)


def folder_of(key: str) -> str:
    """Return the folder that the unfinished files of a piece of work lie in, named after its key."""
    return f"{FOLDER}/{key.replace(':', '-')}"


def tidy(settings: Settings, now: datetime) -> int:
    """Remove files that were kept long enough and what ended work has left behind; returns how many went."""
    files = FolderFiles(settings.data_dir / "files")
    old = work_progress.outdated_files(now)
    # The bytes first: a crash in between leaves a row without them, which the next tick finds again.
    for _id, key in old:
        files.remove(key)
    work_progress.forget([id_ for id_, _key in old], now=now)
    for name in files.all_unfinished(FOLDER):
        kind, _hyphen, code = name.rpartition("-")
        if not work_progress.under_way(f"{kind}:{code}"):
            files.drop_unfinished(f"{FOLDER}/{name}")
    return len(old)
