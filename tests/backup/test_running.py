"""Backup and restore beside a platform that runs, and killed at any moment: real processes, both databases."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from http.cookiejar import CookieJar
from pathlib import Path

import pytest
from sqlalchemy import func, select

from mhfa_lms import clock, db
from mhfa_lms.backup import archive
from mhfa_lms.models import Account, AuditEvent, Membership
from mhfa_lms.services import sealing
from mhfa_lms.standby import Standby
from tests import make
from tests.jobs.mails import post
from tests.ports import free_port

pytestmark = pytest.mark.slow
CHANCE = random.Random(2026)
Command = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def command(database: str, tmp_path: Path) -> Iterator[Command]:
    """Start `mhfa-lms ...`; what still runs at the end is killed."""
    running: list[subprocess.Popen[bytes]] = []
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("MHFA_", "PORT"))}
    env = {**plain, "MHFA_DATA_DIR": str(tmp_path / "data"), "MHFA_DATABASE_URL": database}

    def start(*words: str, port: int | None = None) -> "subprocess.Popen[bytes]":
        more = {"PORT": str(port)} if port else {}
        with (tmp_path / f"log-{len(running)}").open("wb") as log:
            running.append(
                subprocess.Popen(
                    [sys.executable, "-m", "mhfa_lms.cli", *words],
                    env={**env, **more},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    # A suite begun in the background hands on that Ctrl-C is ignored; a terminal does not.
                    preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
                )
            )
        return running[-1]

    yield start
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(60)


def done(process: "subprocess.Popen[bytes]") -> int:
    return process.wait(300)


class Site:
    """A browser at a running site."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def status(self, path: str, data: bytes | None = None) -> int:
        """Return the status of an address, 0 when nothing answers."""
        try:
            with closing(self.browser.open(f"{self.address}{path}", data, timeout=120)) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def wait(self) -> None:
        """Wait until it is ready."""
        until(lambda: self.status("/readyz") == 200)


def until(condition: Callable[[], object], seconds: float = 240) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


def people() -> int:
    found = db.session().scalar(select(func.count(Account.id))) or 0
    db.session().rollback()
    return found


def unsealed() -> int:
    found = sealing.unsealed(db.session())
    db.session().rollback()
    return found


def write_until(stop: threading.Event, made: list[int]) -> None:
    """Make people and their memberships, two rows of one transaction, until told to stop."""
    organisation_id = make.organisation().id
    while not stop.is_set():
        with db.transaction() as session:
            account = Account(email=f"w{len(made)}@x.org", email_key=f"w{len(made)}@x.org", created_at=make.NOON)
            session.add(account)
            session.flush()
            session.add(
                Membership(
                    account_id=account.id, organisation_id=organisation_id, name="W", sort_key="w", joined_at=make.NOON
                )
            )
        made.append(len(made))
    db.sessions.remove()


def test_a_backup_made_while_people_write_is_one_moment(command: Command, tmp_path: Path) -> None:
    make.account("first@example.org")
    db.sessions.remove()
    stop, file = threading.Event(), tmp_path / "backup.tar"
    made: list[int] = []
    writer = threading.Thread(target=write_until, args=(stop, made))
    writer.start()
    until(lambda: made)
    code = done(command("backup", str(file)))
    stop.set()
    writer.join()
    assert code == 0
    db.release()
    assert done(command("restore", str(file), "--force")) == 0
    db.configure(os.environ["RUNNING_DATABASE"])
    memberships = db.session().scalar(select(func.count(Membership.id))) or 0
    db.session().rollback()
    # Each person has their membership, or neither is there.
    assert people() == memberships + 1
    assert 0 < memberships <= len(made)


@pytest.fixture(autouse=True)
def known_database(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNNING_DATABASE", database)


def test_a_restore_beside_a_running_site_is_noticed_by_all_of_it(command: Command, tmp_path: Path) -> None:
    """The web goes on answering from the database that was restored, signs everybody out, and no mail goes twice."""
    port = free_port()
    command("serve", "--workers", "2", "--port", str(port))
    site = Site(port)
    site.wait()
    mails = tmp_path / "data" / "mail"
    make.account("early@example.org")
    post("before", now=clock.now())
    until(lambda: len(list(mails.glob("*.eml"))) == 1)
    file = tmp_path / "backup.tar"
    assert done(command("backup", str(file))) == 0
    post("after", now=clock.now())
    make.account("later@example.org")
    until(lambda: len(list(mails.glob("*.eml"))) == 2)
    stop, seen = threading.Event(), set[int]()

    def look() -> None:
        while not stop.is_set():
            seen.add(site.status("/courses"))

    watcher = threading.Thread(target=look)
    watcher.start()
    code = done(command("restore", str(file), "--force"))
    stop.set()
    watcher.join(60)
    assert code == 0
    # Never an error of ours: the page, or the one that says that a backup is brought back.
    assert seen <= {200, 503}
    site.wait()
    assert {site.status("/courses") for _each in range(20)} == {200}
    db.reopen()
    assert people() == 1
    # The worker goes on with the restored database: it seals what the restore wrote, and sends what is new.
    post("new", now=clock.now())
    until(lambda: len(list(mails.glob("*.eml"))) == 3)
    until(lambda: unsealed() == 0)
    assert sealing.verify(db.session(), noted=[archive.verify(file).head]).whole
    assert db.session().scalars(select(AuditEvent.id).where(AuditEvent.verb == "backup.restored")).one()


def test_commands_and_pages_wait_while_it_goes_on(command: Command, tmp_path: Path) -> None:
    port = free_port()
    command("serve", "--workers", "1", "--port", str(port))
    site = Site(port)
    site.wait()
    with Standby(tmp_path / "data").closed():
        assert (site.status("/"), site.status("/help"), site.status("/readyz")) == (503, 200, 503)
        assert site.status("/sign-in", b"email=a@example.org&password=x") == 503
        assert done(command("tick")) == 1
        assert done(command("restore", str(tmp_path / "backup.tar"))) == 2
    site.wait()
    assert site.status("/") == 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_backup_that_is_stopped_leaves_nothing_under_its_name(
    command: Command, tmp_path: Path, number: signal.Signals
) -> None:
    big = tmp_path / "data" / "files" / "big.pdf"
    big.parent.mkdir(parents=True)
    with big.open("wb") as file:
        file.truncate(2 * 1024**3)
    target = tmp_path / "backup.tar"
    part = tmp_path / ".backup.tar.part"
    process = command("backup", str(target))
    until(lambda: part.exists() and part.stat().st_size > 1024**2)
    os.kill(process.pid, number)
    assert done(process) != 0
    big.unlink()
    assert not target.exists()
    assert part.exists() == (number == signal.SIGKILL)
    # What a killed one left is written over by the next.
    assert done(command("backup", str(target))) == 0
    assert not part.exists()
    assert archive.verify(target).files == 0


@pytest.mark.parametrize("kills", [3, pytest.param(30, marks=pytest.mark.long)])
def test_a_restore_killed_at_any_moment_leaves_one_whole_database(command: Command, tmp_path: Path, kills: int) -> None:
    for number in range(5):
        make.account(f"person{number}-old@example.org")
    file = tmp_path / "backup.tar"
    assert done(command("backup", str(file))) == 0
    for number in range(7):
        make.account(f"person{number}-new@example.org")
    for _round in range(kills):
        db.release()
        process = command("restore", str(file), "--force")
        time.sleep(CHANCE.uniform(0.4, 3.0))
        process.kill()
        done(process)
        db.configure(os.environ["RUNNING_DATABASE"])
        assert people() in {5, 12}
        assert not Standby(tmp_path / "data").is_closed
    db.release()
    assert done(command("restore", str(file), "--force")) == 0
    db.configure(os.environ["RUNNING_DATABASE"])
    assert people() == 5
    assert not list((tmp_path / "data").glob(".restore-*"))
