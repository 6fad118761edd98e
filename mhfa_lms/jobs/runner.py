"""The worker: five lanes (mails, short jobs, a crowd of certificates, long work, the tick), each in a thread of its own
that waits for its bell.

A hanging mail server then holds up neither certificates nor reminders. The threads are daemons: whoever stops the
worker waits for them only briefly, and what was under way is leased again later. No lane works while a backup is
restored.
"""

import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from mhfa_lms import __version__, clock, db, logs
from mhfa_lms.jobs import chores, long, schedule
from mhfa_lms.jobs.delivery import send_waiting
from mhfa_lms.jobs.drawing_crowd import draw_crowd
from mhfa_lms.jobs.tick import tick, tidy
from mhfa_lms.jobs.work import work_waiting
from mhfa_lms.services import certification, reflections, safeguarding_words, second_steps, workers
from mhfa_lms.settings import Settings
from mhfa_lms.standby import Gate, RestoringError, Standby

GRACE_S: Final = 1.5


@dataclass(slots=True)
class Lane:
    """One kind of work, done in its own thread each time its bell rings. Rings during the work count as one."""

    name: str
    work: Callable[[], object]
    every_s: int
    standby: Standby
    bell: threading.Event = field(default_factory=threading.Event)

    def start(self, stop: threading.Event) -> threading.Thread:
        """Begin, with a first round at once."""
        self.bell.set()
        thread = threading.Thread(target=self._run, args=(stop,), name=self.name, daemon=True)
        thread.start()
        return thread

    def _run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self.bell.wait()
            self.bell.clear()
            if not stop.is_set():
                self._round()

    def _round(self) -> None:
        try:
            reopen_if_restored(self.standby)
            with self.standby.working():
                self.work()
        except RestoringError:
            # The next ring finds out whether it is over.
            return
        except Exception as error:
            # A database that restarts, for one: the next ring tries again.
            logs.logger().error("lane-stumbled", lane=self.name, error=type(error).__name__, at=logs.place(error))
        finally:
            db.sessions.remove()


@dataclass(frozen=True, slots=True)
class Pause:
    """When a lane stops in the middle of its round: the worker ends, or a restore wants to begin."""

    stop: threading.Event
    standby: Standby

    def is_set(self) -> bool:
        """Whether to stop now."""
        return self.stop.is_set() or self.standby.is_closed


def reopen_if_restored(standby: Standby) -> None:
    """Let go of the connections to a database that a restore has replaced. Raises `RestoringError` meanwhile."""
    found = standby.look()
    if found is Gate.CLOSED:
        raise RestoringError
    if found is Gate.REOPENED:
        db.reopen()
        logs.logger().info("reopened-after-restore")


def run_worker(settings: Settings, *, stop: threading.Event) -> None:
    """Deliver mails, do jobs and tick until `stop` is set; returns within two seconds of that.

    Binds the database itself when this process has not done so. Any number of workers may run at once on PostgreSQL.
    """
    _bind(settings)
    started_at = clock.now()
    standby = Standby(settings.data_dir)
    pause = Pause(stop, standby)
    lanes = [
        Lane("mail", lambda: send_waiting(settings, clock.now, stop=pause), schedule.MAIL_S, standby),
        Lane("jobs", lambda: work_waiting(settings, clock.now, stop=pause, long=False), schedule.JOBS_S, standby),
        Lane("crowd", lambda: draw_crowd(settings, clock.now, stop=pause), schedule.CROWD_S, standby),
        Lane("long", lambda: work_waiting(settings, clock.now, stop=pause, long=True), schedule.JOBS_S, standby),
        Lane("tick", lambda: _tick(settings, started_at), schedule.TICK_S, standby),
    ]
    scheduler = schedule.bells({lane.bell.set: lane.every_s for lane in lanes})
    threads = [lane.start(stop) for lane in lanes]
    scheduler.start()
    logs.logger().info("worker-started")
    stop.wait()
    scheduler.shutdown(wait=False)
    _let_finish(lanes, threads)
    logs.logger().info("worker-stopped")


def _bind(settings: Settings) -> None:
    try:
        db.engine()
    except db.NotConfiguredError:
        db.configure(settings.database_url)
    certification.configure(settings.issuer_name)
    reflections.configure(settings.private_keys)


def _tick(settings: Settings, started_at: datetime) -> None:
    now, ticked = clock.now(), False
    try:
        chores.each(
            {
                "tick": lambda: _post(settings, now),
                # The whole trail is counted in one minute of the hour only.
                "tidy": lambda: tidy(now, left_behind=now.minute == 0),
                "second-steps": lambda: second_steps.reseal(settings.secret_keys, now=now),
                "safeguarding": lambda: safeguarding_words.reseal(settings.secret_keys, now=now),
                "reflections": lambda: reflections.reseal(now=now),
                "files": lambda: long.tidy(settings, now),
            }
        )
        ticked = True
    finally:
        # Also after a round that failed: the page then says that a worker is there whose rounds do not go through.
        workers.beat(process_name(), version=__version__, started_at=started_at, ticked=ticked, now=now)


def _post(settings: Settings, now: datetime) -> None:
    report = tick(settings, now)
    if report.total:
        logs.logger().info(
            "ticked",
            reminders=report.reminders,
            authorisation_reminders=report.authorisation_reminders,
            digests=report.digests,
            cases=report.cases,
        )


def process_name() -> str:
    """Return the name of this process: its machine, and its number there."""
    return f"{socket.gethostname()}:{os.getpid()}"


def _let_finish(lanes: list[Lane], threads: list[threading.Thread]) -> None:
    until = time.monotonic() + GRACE_S
    for lane in lanes:
        lane.bell.set()
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
