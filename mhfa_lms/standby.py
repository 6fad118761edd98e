"""Standing aside while a backup is restored: whoever serves or works with a data folder asks here first.

Two files in the data folder carry it, by locks that the system lets go of when their holder dies:

- `restoring.lock` is locked, and has grown, while a restore goes on. Looking at its size costs next to nothing, so that
  every request can do it; the lock is only asked about when the file has changed.
- `working.lock` is shared by whoever is about to write. A restore waits until nobody holds it any more.
"""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from pathlib import Path
from typing import Final

RETRY_AFTER_S: Final = 30
PATIENCE_S: Final = 60.0
Signature = tuple[int, int, int]


class RestoringError(Exception):
    """A backup is being restored."""


class BusyError(Exception):
    """Somebody went on writing for longer than a restore waits."""


class Gate(Enum):
    """What somebody who looks finds."""

    OPEN = auto()
    CLOSED = auto()
    REOPENED = auto()  # open, and the data may be others than when one looked before


class Standby:
    """One process's view of a data folder."""

    def __init__(self, folder: Path) -> None:
        self.gate = folder / "restoring.lock"
        self.activity = folder / "working.lock"
        self._known: Signature | None = None
        self._looked = False
        self._turn = threading.Lock()

    def look(self) -> Gate:
        """Tell whether to go on. `REOPENED` is told once: to the first who looks after a restore."""
        found = self._signature()
        if self._looked and found == self._known:
            return Gate.OPEN
        if self._is_closed():
            return Gate.CLOSED
        with self._turn:
            again = self._looked and found != self._known
            self._known, self._looked = found, True
        return Gate.REOPENED if again else Gate.OPEN

    @property
    def is_closed(self) -> bool:
        """Whether a restore is going on."""
        return self.look() is Gate.CLOSED

    def begin(self) -> int:
        """Take part in the writing, until `end` is called with what this returns. Raises `RestoringError`."""
        handle = os.open(self.activity, os.O_RDWR | os.O_CREAT, 0o600)
        if self.is_closed or not _locked(handle, fcntl.LOCK_SH):
            os.close(handle)
            raise RestoringError
        return handle

    @staticmethod
    def end(handle: int) -> None:
        """Take part no longer."""
        os.close(handle)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Take part in the writing for a while. Raises `RestoringError`."""
        handle = self.begin()
        try:
            yield
        finally:
            self.end(handle)

    @contextmanager
    def closed(self, patience_s: float = PATIENCE_S) -> Iterator[None]:
        """Keep everybody out, once those who are writing have finished.

        Raises `RestoringError` when somebody else restores, and `BusyError` when the writing does not end.
        """
        gate = os.open(self.gate, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        activity = os.open(self.activity, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not _locked(gate, fcntl.LOCK_EX):
                raise RestoringError
            os.write(gate, b".")
            _wait(activity, patience_s)
            try:
                yield
            finally:
                # Whoever looked while it was closed must see a change even if the restore failed half-way.
                os.write(gate, b"\n")
        finally:
            os.close(activity)
            os.close(gate)

    def _signature(self) -> Signature | None:
        try:
            found = self.gate.stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns

    def _is_closed(self) -> bool:
        try:
            handle = os.open(self.gate, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            return not _locked(handle, fcntl.LOCK_SH)
        finally:
            os.close(handle)


def _locked(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(handle: int, patience_s: float) -> None:
    until = time.monotonic() + patience_s
    while not _locked(handle, fcntl.LOCK_EX):
        if time.monotonic() > until:
            raise BusyError
        time.sleep(0.05)
