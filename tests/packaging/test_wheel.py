"""The wheel, installed where there is no checkout, runs from an empty folder."""

import os
import signal
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
START_LIMIT = 240  # seconds; a first start migrates, publishes the courses and makes the demo data
STOP_LIMIT = 60

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel with the build program we have locked, so without a network."""
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)],
        cwd=ROOT, check=True, timeout=300,
    )  # fmt: skip
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into an environment that borrows our dependencies but not our checkout."""
    home = tmp_path_factory.mktemp("venv")
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python)]
    subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)], check=True, timeout=300)
    (site_packages,) = home.glob("lib/python*/site-packages")
    # A folder named in a .pth file joins the path, but .pth files inside it (our checkout's) are not read.
    (site_packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home


def bare_environment() -> dict[str, str]:
    """Return this process's environment without settings of ours or of Python's."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("MHFA_", "PYTHON", "PG", "PORT"))}


def status(address: str) -> int | None:
    """Return the status that an address answers with, or None when nothing listens there."""
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310 - our own server
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return None


def group_lives(group: int) -> bool:
    """Tell whether any process of a process group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until_ready(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    """Wait for /readyz; fail with the program's own words when it ends or never gets there."""
    deadline = time.monotonic() + START_LIMIT
    while status(f"{address}/readyz") != 200:
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"the installed program did not start:\n{log.read_text(errors='replace')}")
        time.sleep(0.2)


@contextmanager
def started(command: list[str], folder: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command as the leader of its own process group, of which nothing outlives the block."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=bare_environment(), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            yield process
        finally:
            if group_lives(process.pid):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_wheel_carries_what_the_program_reads(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        carried = set(archive.namelist())
    for top in ("templates", "courses", "migrations"):
        here = {
            f"mhfa_lms/_data/{path.relative_to(ROOT)}"
            for path in (ROOT / top).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert here
        assert here <= carried
    assert {
        str(path.relative_to(ROOT)) for path in (ROOT / "mhfa_lms" / "static").rglob("*") if path.is_file()
    } <= carried
    assert not [name for name in carried if name.startswith(("tests/", "instance/")) or "__pycache__" in name]


def test_installed_program_is_not_the_checkout(installed: Path, tmp_path: Path) -> None:
    told = subprocess.run(
        [installed / "bin" / "python", "-c", "from mhfa_lms import paths; print(paths.templates_dir())"],
        cwd=tmp_path, env=bare_environment(), check=True, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert Path(told.stdout.strip()).is_relative_to(installed.resolve())


def test_demo_runs_from_an_empty_folder_and_stops_on_ctrl_c(installed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    port, log = free_port(), tmp_path / "log"
    address = f"http://127.0.0.1:{port}"
    command = [str(installed / "bin" / "mhfa-lms"), "serve", "--demo", "--port", str(port)]
    with started(command, folder, log) as process:
        wait_until_ready(process, address, log)
        assert status(f"{address}/") == 200
        assert status(f"{address}/sign-in") == 200
        # A terminal sends Ctrl-C to the whole group, the workers included.
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(STOP_LIMIT) == 0, log.read_text(errors="replace")
        assert not group_lives(process.pid)
        assert status(f"{address}/healthz") is None
    assert "Traceback" not in log.read_text(errors="replace")
