"""Drawing many certificates at once, in child processes: one for each core, as one process draws on one core only.

A child is handed one certificate at a time through a pipe, and answers when it is on record. It ends when its pipe
does: with the pool, and also when the process that started it is killed. One that is killed itself costs its
certificate another try, as drawing is safe to repeat.
"""

import contextlib
import json
import os
import pickle
import select
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import IO, Final, cast

from mhfa_lms.adapters.pdf import PdfUnavailableError
from mhfa_lms.settings import Settings

# Without the folder the command was given in: nothing that lies there is loaded.
COMMAND: Final = (sys.executable, "-P", "-m", "mhfa_lms.jobs.drawing_process")
# More would take more memory (each some 170 MB) than they give speed.
MOST: Final = 4
# Starting children takes as long as drawing so many.
WORTH: Final = 20
TRIES: Final = 2
# A drawing that takes longer hangs. Both tries together stay below the lease of the work they belong to.
PATIENCE_S: Final = 40.0
GRACE_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one certificate: the kind of error and where it was raised; both empty when it is drawn."""

    certificate_id: int
    error: str = ""
    at: str = ""


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Child:
    """A child process and the certificate it has in hand."""

    def __init__(self, command: Sequence[str], settings: Settings) -> None:
        # In a group of its own: Ctrl-C in a terminal is the parent's to answer, also while a child still starts.
        self.process = subprocess.Popen(  # noqa: S603  # our own
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0
        )
        self.tasks, self.answers = cast(IO[bytes], self.process.stdin), cast(IO[bytes], self.process.stdout)
        self.task: int | None = None
        self.until = 0.0
        # Through the pipe: other users of the machine can read a command line.
        self._send(pickle.dumps(settings))

    def begin(self, certificate_id: int, now: datetime) -> None:
        self.task, self.until = certificate_id, time.monotonic() + PATIENCE_S
        self._send(json.dumps({"id": certificate_id, "now": now.isoformat()}).encode() + b"\n")

    def _send(self, data: bytes) -> None:
        # One that has ended is found out where its answer is read.
        with contextlib.suppress(BrokenPipeError):
            self.tasks.write(data)
            self.tasks.flush()

    def hang_up(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self.tasks.close()

    def end(self, patience_s: float) -> None:
        """Let it finish what it has in hand for so long, then kill it."""
        self.hang_up()
        try:
            self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.answers.close()


class Pool:
    """Children that draw, started when they are first needed; to be used in a `with` block and in one thread."""

    def __init__(self, settings: Settings, *, size: int | None = None, command: Sequence[str] = COMMAND) -> None:
        self.size = min(cores(), MOST) if size is None else size
        self._settings, self._command = settings, command
        self._children: list[_Child] = []
        # How many ended unasked since the last answer.
        self._deaths = 0

    def __enter__(self) -> "Pool":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for child in self._children:
            child.hang_up()
        until = time.monotonic() + GRACE_S
        for child in self._children:
            child.end(max(0.0, until - time.monotonic()))
        self._children.clear()

    def pays(self, number: int) -> bool:
        """Whether so many certificates are drawn sooner here than in the caller's own process."""
        return self.size > 1 and (bool(self._children) or number >= WORTH)

    def draw(self, certificate_ids: Iterable[int], now_fn: Callable[[], datetime]) -> list[Outcome]:
        """Draw certificates, and return what became of each when all are done, in no order.

        Raises `PdfUnavailableError` when none can be drawn on this machine as it is.
        """
        waiting, tries = deque(certificate_ids), Counter[int]()
        outcomes: list[Outcome] = []
        while waiting or any(child.task is not None for child in self._children):
            self._hand_out(waiting, now_fn)
            for child, outcome in self._answered():
                if outcome is not None:
                    outcomes.append(outcome)
                    continue
                lost = self._bury(child)
                tries[lost] += 1
                if tries[lost] < TRIES:
                    waiting.append(lost)
                else:
                    outcomes.append(Outcome(lost, "ChildDied"))
        return outcomes

    def _hand_out(self, waiting: deque[int], now_fn: Callable[[], datetime]) -> None:
        while waiting:
            child = next((one for one in self._children if one.task is None), None)
            if child is None:
                if len(self._children) == self.size:
                    return
                child = _Child(self._command, self._settings)
                self._children.append(child)
            child.begin(waiting.popleft(), now_fn())

    def _answered(self) -> list[tuple[_Child, Outcome | None]]:
        """Wait for answers; None for a child that has ended, or has taken too long."""
        busy = [child for child in self._children if child.task is not None]
        patience = max(0.0, min(child.until for child in busy) - time.monotonic())
        ready, _, _ = select.select([child.answers for child in busy], [], [], patience)
        found: list[tuple[_Child, Outcome | None]] = [
            (child, self._outcome(child)) for child in busy if child.answers in ready
        ]
        return found or [(child, None) for child in busy if child.until <= time.monotonic()]

    def _outcome(self, child: _Child) -> Outcome | None:
        line = child.answers.readline()
        if not line.endswith(b"\n") or child.task is None:
            return None
        answer = json.loads(line)
        if answer["error"] == PdfUnavailableError.__name__:
            raise PdfUnavailableError
        outcome, child.task, self._deaths = Outcome(child.task, answer["error"], answer["at"]), None, 0
        return outcome

    def _bury(self, child: _Child) -> int:
        """Take away a child that has ended or hangs, and return the certificate it had in hand."""
        self._children.remove(child)
        child.process.kill()
        child.end(GRACE_S)
        self._deaths += 1
        if self._deaths > TRIES * self.size:
            raise PdfUnavailableError("the processes that draw end at once")
        return cast(int, child.task)
