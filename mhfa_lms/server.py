"""Running the installation: gunicorn's web processes and one worker, looked after by one parent.

The parent opens the port, forks both halves, and waits. It ends when it is told to, or as soon as one half has ended:
half an installation would take answers and never send a mail.
"""

import contextlib
import ctypes
import errno
import gc
import logging
import multiprocessing
import os
import select
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import ForkProcess
from typing import Any, Final

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from mhfa_lms import db, logs
from mhfa_lms.app import create_app
from mhfa_lms.jobs.runner import run_worker
from mhfa_lms.settings import Settings

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
WORKERS: Final = 2
THREADS: Final = 4
BACKLOG: Final = 512
# How long a request may go on after the stop, and how long the parent waits for its halves, in seconds.
GRACE: Final = 4
PATIENCE: Final = 8
# Parameters of glibc's mallopt(3), and what they are set to: blocks from so many bytes on go back to the system as soon
# as they are free, and all threads of a process share so many pools.
M_MMAP_THRESHOLD: Final = -3
M_ARENA_MAX: Final = -8
LARGE_BLOCK: Final = 4 * 1024 * 1024
ARENAS: Final = 2


class PortInUseError(Exception):
    """Something else listens on the address, or it is not this computer's."""


def listen(bind: str, port: int) -> socket.socket:
    """Open the port before anything else is done. Raises `PortInUseError` with a sentence that says what to do."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    try:
        return socket.create_server((bind, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise PortInUseError(
            f"Cannot listen on {bind} port {port}: {os.strerror(error.errno or 0).lower()}. {_advice(error)}"
        ) from error


def _advice(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "Stop what uses it, or choose another port with --port."
    if error.errno in {errno.EACCES, errno.EPERM}:
        return "Choose a port above 1023 with --port."
    return "Choose an address of this computer with MHFA_BIND."


class _WatchfulArbiter(Arbiter):  # type: ignore[misc]  # gunicorn ships no types
    """Gunicorn's master, which also stops when the process that started it is gone."""

    parent = 0

    def murder_workers(self) -> None:
        """Called about once a second."""
        super().murder_workers()
        if self.parent and os.getppid() != self.parent:
            raise StopIteration


def spare_memory() -> None:
    """Keep web processes small; called before they are forked.

    Each password hash takes 19 MiB for a moment. Without the limits below glibc would keep that much for every thread
    (130 MB in all, measured). Elsewhere than on glibc this part does nothing.
    """
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK)
        mallopt(M_ARENA_MAX, ARENAS)
    # What was loaded so far is left alone by the collector, so that the processes go on sharing it.
    gc.collect()
    gc.freeze()


def _leave(_server: object, worker: Any) -> None:
    """End a web process that has finished serving.

    A browser's idle connection can hold a thread for five seconds, and Python waits for its threads: the parent would
    lose patience and kill the process with an alarming message.
    """
    if worker.booted:
        os._exit(0)


class _Web(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    """Gunicorn with threads. Each process makes its own application after the fork: connections are not shared."""

    def __init__(self, settings: Settings, listener: socket.socket, workers: int) -> None:
        self.settings = settings
        self.listener = listener
        self.workers = workers
        super().__init__()

    def load_config(self) -> None:
        """Set what differs from gunicorn's defaults. Nothing is logged per request: Help now leaves no trace."""
        chosen: dict[str, Any] = {
            "bind": f"fd://{self.listener.fileno()}",
            "workers": self.workers,
            "worker_class": "gthread",
            "threads": THREADS,
            "graceful_timeout": GRACE,
            "timeout": 60,
            "keepalive": 5,
            "loglevel": "warning",
            "proc_name": "mhfa-lms web",
            "control_socket_disable": True,
            "worker_exit": _leave,
            "forwarded_allow_ips": "",  # who is asking is ProxyFix's business alone
        }
        for key, value in chosen.items():
            self.cfg.set(key, value)

    def load(self) -> Flask:
        """Make the application, in a web process."""
        return create_app(self.settings)

    def run(self, parent: int = 0) -> None:
        """Serve until told to stop; with a parent's process id, also until that is gone."""
        spare_memory()
        arbiter = _WatchfulArbiter(self)
        arbiter.parent = parent
        arbiter.run()


def run_web(settings: Settings, listener: socket.socket, *, workers: int = WORKERS, parent: int = 0) -> None:
    """Run the web processes until a signal; ends with SystemExit."""
    _Web(settings, listener, workers).run(parent)


def run_jobs(settings: Settings, *, parent: int = 0) -> None:
    """Run one worker until a signal, or until the parent process is gone."""
    stop = threading.Event()
    for number in STOP_SIGNALS:
        signal.signal(number, lambda _number, _frame: stop.set())
    if parent:
        threading.Thread(target=_stop_without, args=(parent, stop), daemon=True).start()
    # Beside the start-up screen only what needs somebody is of use; a log file gets everything.
    logs.configure(logging.WARNING if parent and sys.stderr.isatty() else logging.INFO)
    run_worker(settings, stop=stop)


def _stop_without(parent: int, stop: threading.Event) -> None:
    while not stop.wait(1):
        if os.getppid() != parent:
            stop.set()


@dataclass(frozen=True, slots=True)
class Half:
    """One of the two processes the parent looks after."""

    name: str
    process: ForkProcess


def supervise(settings: Settings, listener: socket.socket, *, workers: int, ready: Callable[[], None]) -> str | None:
    """Run both halves until a signal. Returns None then, or a sentence about the half that ended by itself.

    `ready` is called once both have been started; whoever connects from then on is answered. The halves stay in this
    process's group, so that Ctrl-C and a signal to the group reach them as well.
    """
    with _told_to_stop() as told:
        halves = _start(settings, listener, workers)
        listener.close()
        try:
            ready()
            ended = _wait(told, halves)
        finally:
            _stop(halves)
    if ended is None:
        return None
    return f"The {ended.name} ended by itself (exit code {ended.process.exitcode}), so everything was stopped."


def _start(settings: Settings, listener: socket.socket, workers: int) -> list[Half]:
    # Connections do not survive a fork.
    db.release()
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    fork = multiprocessing.get_context("fork")
    halves = [
        Half("worker", fork.Process(target=_jobs_half, args=(settings, listener, parent), name="worker")),
        Half("web", fork.Process(target=_web_half, args=(settings, listener, workers, parent), name="web")),
    ]
    for half in halves:
        half.process.start()
    return halves


def _jobs_half(settings: Settings, listener: socket.socket, parent: int) -> None:
    _forget_signals()
    listener.close()
    run_jobs(settings, parent=parent)


def _web_half(settings: Settings, listener: socket.socket, workers: int, parent: int) -> None:
    _forget_signals()
    run_web(settings, listener, workers=workers, parent=parent)


def _forget_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_DFL)


@contextmanager
def _told_to_stop() -> Iterator[int]:
    """Yield a file descriptor that becomes readable at the first signal to stop."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    before = [(number, signal.signal(number, lambda _number, _frame: None)) for number in STOP_SIGNALS]
    signal.set_wakeup_fd(write)
    try:
        yield read
    finally:
        signal.set_wakeup_fd(-1)
        for number, handler in before:
            signal.signal(number, handler)
        os.close(read)
        os.close(write)


def _wait(told: int, halves: list[Half]) -> Half | None:
    """Wait for a signal (None) or for a half to end."""
    by_sentinel = {half.process.sentinel: half for half in halves}
    readable, _, _ = select.select([told, *by_sentinel], [], [])
    if told in readable:
        return None
    ended = by_sentinel[readable[0]]
    ended.process.join()
    return ended


def _stop(halves: list[Half]) -> None:
    for half in halves:
        if half.process.is_alive():
            half.process.terminate()
    for half in halves:
        half.process.join(PATIENCE)
        if half.process.is_alive():
            half.process.kill()
            half.process.join()
