"""`serve`, run as people run it: it starts, answers, stops at once and leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.ports import free_port

pytestmark = pytest.mark.slow

Start = Callable[..., "Served"]
# Seconds after which something is not slow but never comes.
PATIENCE = 120


class Served:
    """A running `mhfa-lms serve`."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.log = log

    def text(self) -> str:
        """Return everything it wrote."""
        return self.log.read_text(errors="replace")

    def answers(self, path: str = "/readyz") -> bool:
        """Whether an address answers with 200."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.HTTPError):
            return False

    def wait(self) -> "Served":
        """Wait until it is ready."""
        deadline = time.monotonic() + PATIENCE
        while not self.answers():
            assert self.process.poll() is None, self.text()
            assert time.monotonic() < deadline, self.text()
            time.sleep(0.1)
        return self

    def children(self) -> dict[str, int]:
        """Return the two halves' process ids, by what they are."""
        # In the order of their birth, which numbers are not: after the highest come low ones again.
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        first, second = (int(pid) for pid in listed.split())
        return {"worker": first, "web": second}

    def wait_until_gone(self) -> None:
        """Wait until no process of its group is left: orphans notice within a second or two."""
        deadline = time.monotonic() + PATIENCE
        while not self.gone():
            assert time.monotonic() < deadline, "processes were left behind"
            time.sleep(0.1)

    def gone(self) -> bool:
        """Whether no process of its group is left."""
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return True
        return False


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start `mhfa-lms serve` as the leader of its own process group."""
    running: list[Served] = []

    def begin(*words: str, port: int | None = None, **variables: str) -> Served:
        port = port or free_port()
        log = tmp_path / f"log-{len(running)}"
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("MHFA_", "PORT"))}
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "mhfa_lms.cli", "serve", "--workers", "1", "--port", str(port), *words],
                env={**plain, "MHFA_DATA_DIR": str(tmp_path / "data"), **variables},
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        running.append(Served(process, port, log))
        return running[-1]

    yield begin
    for served in running:
        if not served.gone():
            os.killpg(served.process.pid, signal.SIGKILL)
        served.process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_parent_stops_all_of_it_cleanly(start: Start, number: signal.Signals) -> None:
    served = start().wait()
    assert served.answers("/")
    served.process.send_signal(number)
    assert served.process.wait(PATIENCE) == 0
    assert served.gone()
    assert "Traceback" not in served.text()
    assert "Stopped." in served.text()


def test_the_first_start_prints_a_link_for_the_first_administrator(start: Start) -> None:
    served = start().wait()
    (link,) = [word for word in served.text().split() if "/setup/" in word]
    assert link.startswith(f"http://127.0.0.1:{served.port}/setup/")
    assert served.answers(link.removeprefix(f"http://127.0.0.1:{served.port}"))


@pytest.mark.parametrize("half", ["web", "worker"])
def test_when_one_half_dies_everything_stops_and_says_so(start: Start, half: str) -> None:
    served = start().wait()
    os.kill(served.children()[half], signal.SIGKILL)
    assert served.process.wait(PATIENCE) == 1
    served.wait_until_gone()
    assert f"The {half} ended by itself" in served.text()


def test_when_the_parent_is_killed_its_halves_stop_by_themselves(start: Start) -> None:
    served = start().wait()
    served.process.kill()
    served.process.wait()
    served.wait_until_gone()


def test_a_port_in_use_gives_one_clear_line(start: Start) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        served = start(port=int(other.getsockname()[1]))
        assert served.process.wait(PATIENCE) == 1
    (line,) = served.text().splitlines()
    assert line.startswith("Cannot listen on 127.0.0.1 port ")
    assert "--port" in line


def test_the_demonstration_refuses_to_be_reachable_from_outside(start: Start) -> None:
    served = start("--demo", MHFA_BIND="0.0.0.0")  # noqa: S104  # that is the point
    assert served.process.wait(PATIENCE) == 1
    assert "MHFA_BIND" in served.text()


def test_demonstration_data_is_not_served_for_real(start: Start) -> None:
    shown = start("--demo").wait()
    shown.process.send_signal(signal.SIGINT)
    assert shown.process.wait(PATIENCE) == 0
    served = start()
    assert served.process.wait(PATIENCE) == 1
    assert "MHFA_DATA_DIR" in served.text()


def test_idle_connections_do_not_hold_up_the_stop(start: Start) -> None:
    served = start().wait()
    with closing(socket.create_connection(("127.0.0.1", served.port))):
        time.sleep(0.5)
        os.killpg(served.process.pid, signal.SIGINT)
        assert served.process.wait(PATIENCE) == 0
    assert "SIGKILL" not in served.text()


def test_a_broken_course_is_shown_and_the_site_still_starts(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "courses" / "broken"
    folder.mkdir(parents=True)
    (folder / "course.yaml").write_text("title: only a title\n")
    served = start(MHFA_COURSES_DIR=str(tmp_path / "courses"))
    deadline = time.monotonic() + PATIENCE
    while not served.answers("/healthz"):
        assert served.process.poll() is None, served.text()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert "course.yaml:1" in served.text()


HASHING = """
import threading
from pathlib import Path
from mhfa_lms import server
from mhfa_lms.services import passwords

def megabytes():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS"))

server.spare_memory()
before = megabytes()
together, measured = threading.Barrier(5), threading.Event()

def work():
    for _time in range(3):
        passwords.hashed("a long enough pass phrase")
    together.wait()
    measured.wait()

for _thread in range(4):
    threading.Thread(target=work).start()
together.wait()
print(megabytes() - before)
measured.set()
"""


def test_the_memory_of_password_hashes_is_given_back() -> None:
    run = subprocess.run([sys.executable, "-c", HASHING], capture_output=True, text=True, check=True)
    assert int(run.stdout) < 15  # four hashes take 76 MB while they are made
