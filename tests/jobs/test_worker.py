"""The worker as a process of its own: killed, told to stop, and beside another one."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from mhfa_lms import clock, db
from mhfa_lms.jobs import handlers, schedule
from mhfa_lms.jobs.runner import run_worker
from mhfa_lms.models import Message, WorkState
from mhfa_lms.settings import Settings
from tests.jobs.mails import job, message, messages, post, post_job
from tests.smtp import Post, serving

pytestmark = pytest.mark.slow
Start = Callable[[str], subprocess.Popen[bytes]]


@pytest.fixture
def start(database: str, tmp_path: Path) -> Iterator[Start]:
    """Start a worker process that sends to an address; what is still running at the end is killed."""
    running: list[subprocess.Popen[bytes]] = []

    def start_worker(mail_url: str) -> subprocess.Popen[bytes]:
        env = {
            **os.environ,
            "MHFA_DATA_DIR": str(tmp_path / "data"),
            "MHFA_DATABASE_URL": database,
            "MHFA_MAIL_URL": mail_url,
            "MHFA_SECRET_KEY": "a-test-key-that-is-long-enough",
        }
        running.append(
            subprocess.Popen([sys.executable, "-m", "mhfa_lms.cli", "worker"], env=env, stderr=subprocess.DEVNULL)
        )
        return running[-1]

    yield start_worker
    for process in running:
        if process.poll() is None:
            process.kill()
        process.wait(60)


def until(condition: Callable[[], object], seconds: float = 120) -> None:
    """Wait for something to come true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def states() -> Counter[WorkState]:
    return Counter(row.state for row in messages())


def let_leases_run_out() -> None:
    """As if the lease's minutes had passed."""
    with db.transaction() as session:
        session.execute(update(Message).where(Message.leased_until.is_not(None)).values(leased_until=clock.now()))


@pytest.mark.parametrize("kills", [6, pytest.param(60, marks=[pytest.mark.long, pytest.mark.timeout(900)])])
def test_killed_between_sending_and_marking_each_mail_goes_at_least_once(start: Start, kills: int) -> None:
    """The server kills the worker while it waits for the answer, or a moment after it got it."""
    chance = random.Random(20261121)
    # Twice as many as go when each kill comes at once: a slow one lets more through, and each needs a mail to come to.
    ids = {message(post(f"mail-{number}", now=clock.now())).internet_id for number in range(kills * 6)}
    worker: list[subprocess.Popen[bytes]] = []
    killed: list[int] = []

    def kill(_mail: EmailMessage) -> None:
        process = worker[-1]
        if len(killed) >= kills or process.pid in killed or chance.random() < 0.5:
            return
        killed.append(process.pid)
        if len(killed) % 2:
            os.kill(process.pid, signal.SIGKILL)
        else:
            threading.Timer(chance.random() * 0.01, os.kill, (process.pid, signal.SIGKILL)).start()

    with serving(Post(before_answer=kill)) as server:
        while len(killed) < kills:
            worker.append(start(f"smtp://127.0.0.1:{server.port}"))
            worker[-1].wait(120)
            let_leases_run_out()
        worker.append(start(f"smtp://127.0.0.1:{server.port}"))
        until(lambda: states() == {WorkState.DONE: len(ids)})
        times = Counter(server.ids)
    assert len(killed) == kills
    assert set(times) == ids
    assert sum(times.values()) - len(ids) <= kills
    # Killed while it waited for the answer, the worker could not know: those went again.
    assert sum(times.values()) - len(ids) >= kills // 2


def test_two_worker_processes_send_each_mail_once(start: Start) -> None:
    ids = {message(post(f"mail-{number}", now=clock.now())).internet_id for number in range(40)}
    with serving() as server:
        url = f"smtp://127.0.0.1:{server.port}"
        start(url)
        start(url)
        until(lambda: states() == {WorkState.DONE: len(ids)})
        assert Counter(server.ids) == Counter(ids)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_stops_within_two_seconds_even_while_the_mail_server_hangs(
    start: Start, number: signal.Signals
) -> None:
    reached, go_on = threading.Event(), threading.Event()

    def hang(_mail: EmailMessage) -> None:
        reached.set()
        go_on.wait(200)

    post(now=clock.now())
    with serving(Post(before_answer=hang)) as server:
        process = start(f"smtp://127.0.0.1:{server.port}")
        try:
            assert reached.wait(120)
            process.send_signal(number)
            # The server would hold it up for minutes. It has two seconds; the rest is a busy machine's.
            assert process.wait(60) == 0
        finally:
            go_on.set()


@contextmanager
def running(settings: Settings) -> Iterator[None]:
    """Run a worker in this process for the length of the block."""
    stop = threading.Event()
    thread = threading.Thread(target=run_worker, args=(settings,), kwargs={"stop": stop})
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(60)
        assert not thread.is_alive()


def test_a_worker_delivers_does_jobs_and_goes_on_after_a_mistake(
    database: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[dict[str, Any]] = []

    def handle(_settings: Settings, _job_id: int, payload: dict[str, Any], _now: object) -> None:
        if payload.get("bad"):
            raise ValueError("amina@example.org")
        done.append(payload)

    monkeypatch.setitem(handlers.HANDLERS, "test", handle)
    monkeypatch.setattr(schedule, "MAIL_S", 1)
    bad = post_job("bad", bad=True, now=clock.now())
    unknown = post_job("unknown", kind="from-a-later-version", now=clock.now())
    good = post_job("good", number=7, now=clock.now())
    with running(settings):
        until(lambda: job(good).state is WorkState.DONE)
        until(lambda: job(bad).error and job(unknown).error)
        # What comes while it runs is seen as well.
        late = post("late", now=clock.now())
        until(lambda: message(late).state is WorkState.DONE)
    assert done == [{"number": 7}]
    assert (job(good).done_units, job(good).total_units) == (1, 1)
    assert (job(bad).state, job(bad).error, job(bad).attempts) == (WorkState.WAITING, "ValueError", 1)
    assert (job(unknown).state, job(unknown).error) == (WorkState.WAITING, "KeyError")
