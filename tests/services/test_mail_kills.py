"""The sender killed at any moment: every mail arrives, is repeated at most once a kill, with the same Message-ID."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from mhfa_lms import clock, db
from mhfa_lms.models import Message, WorkState
from mhfa_lms.services import outbox
from tests.smtp import Post, serving

pytestmark = pytest.mark.slow
CHANCE = random.Random(2026)
# How often the server stalls, each time long enough for a kill to fall into it.
STALLS, STALL_S = 0.12, 0.4


class Stalling(Post):
    """A server that now and then waits before it takes a mail, or after, when the sender does not know it yet."""

    calm = False

    def _stall(self) -> None:
        if not self.calm and CHANCE.random() < STALLS:
            time.sleep(STALL_S)

    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:  # aiosmtpd fixes the name
        self._stall()
        return await super().handle_DATA(server, session, envelope)  # type: ignore[arg-type]  # as it is handed them


@pytest.fixture
def server() -> Iterator[Stalling]:
    post = Stalling()
    post.before_answer = lambda _mail: post._stall()
    with serving(post):
        yield post


def post_mails(count: int, first: int = 0) -> set[str]:
    """Post mails that are due, numbered from `first` on; returns their Message-IDs."""
    now = clock.now()
    posts = [
        outbox.Post("password-changed", f"mail-{number}", None, None, "en", {}, f"person{number}@example.org")
        for number in range(first, first + count)
    ]
    with db.transaction() as session:
        outbox.post_many(session, posts, due_at=now - timedelta(minutes=1), now=now)
    return {outbox.message_id(one.key) for one in posts}


def sender(database: str, server: Post, folder: str) -> subprocess.Popen[bytes]:
    """Start the real command that delivers what waits, in a process of its own."""
    environment = {
        **os.environ,
        "MHFA_DATA_DIR": folder,
        "MHFA_DATABASE_URL": database,
        "MHFA_MAIL_URL": f"smtp://127.0.0.1:{server.port}",
    }
    words = [sys.executable, "-m", "mhfa_lms.cli", "send-mail"]
    return subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def give_back_leases() -> None:
    """As if the five minutes had passed after which a killed sender's mail is anybody's again."""
    with db.transaction() as session:
        session.execute(update(Message).values(leased_until=None))


def waiting() -> int:
    db.session().rollback()
    return db.session().scalar(select(func.count(Message.id)).where(Message.state == WorkState.WAITING)) or 0


def kill_while_sending(database: str, server: Stalling, folder: str) -> bool:
    """Kill a sender at some moment after it has begun; False when it ended by itself."""
    before = len(server.mails)
    with sender(database, server, folder) as process:
        while len(server.mails) == before and process.poll() is None:
            time.sleep(0.005)
        time.sleep(CHANCE.uniform(0, 0.08))
        process.send_signal(signal.SIGKILL)
        killed = process.wait(30) == -signal.SIGKILL
    give_back_leases()
    return killed


@pytest.mark.parametrize(
    ("mails", "kills"),
    [(30, 3), pytest.param(200, 100, marks=[pytest.mark.long, pytest.mark.timeout(2400)])],
    ids=["short", "long"],
)
def test_a_sender_killed_at_any_moment_loses_no_mail(
    database: str, server: Stalling, tmp_path_factory: pytest.TempPathFactory, mails: int, kills: int
) -> None:
    wanted, folder, killed = post_mails(mails), str(tmp_path_factory.mktemp("data")), 0
    while killed < kills:
        killed += kill_while_sending(database, server, folder)
        if not waiting():
            # A sender is killed after a few mails at the earliest: for so many kills there have to be more.
            wanted |= post_mails(mails, len(wanted))
    server.calm = True
    while waiting():
        assert sender(database, server, folder).wait(300) in {0, 1}
        give_back_leases()
    came = Counter(server.ids)
    repeats = sum(came.values()) - len(came)
    sys.stdout.write(f"{len(wanted)} mails, {killed} kills, {repeats} repeated\n")
    assert set(came) == wanted
    assert repeats <= killed
    assert {row.state for row in db.session().execute(select(Message.state).distinct())} == {WorkState.DONE}


@pytest.mark.parametrize("mails", [20, pytest.param(200, marks=pytest.mark.long)])
def test_a_sender_left_alone_sends_each_mail_once(
    database: str, server: Stalling, tmp_path_factory: pytest.TempPathFactory, mails: int
) -> None:
    server.calm = True
    wanted = post_mails(mails)
    assert sender(database, server, str(tmp_path_factory.mktemp("data"))).wait(300) == 0
    assert sorted(server.ids) == sorted(wanted)
    assert waiting() == 0
