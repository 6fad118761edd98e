"""What `deploy/` gives an operator, tried: the proxy's configuration in a real nginx, the commands that units start."""

import re
import shutil
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPResponse
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.ports import free_port
from tests.smtp import PEM
from tests.test_server import PATIENCE, Served, Start, start

__all__ = ["start"]  # the fixture that runs the program

pytestmark = pytest.mark.slow

DEPLOY: Final = Path(__file__).resolve().parents[2] / "deploy"
TOO_MANY: Final = 429
Ask = Callable[..., HTTPResponse | urllib.error.HTTPError]


def nginx() -> str:
    """Return where nginx is. A person's PATH on Debian lacks its folder."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")
    assert found, "nginx is missing: `make system` installs it or says how"
    return found


@pytest.fixture
def behind_nginx(start: Start, tmp_path: Path) -> Iterator[tuple[Served, int]]:
    """Run the platform behind nginx with our own configuration, on ports of this machine that are free."""
    secure = free_port()
    served = start(MHFA_BASE_URL="https://localhost", MHFA_TRUSTED_PROXIES="1").wait()
    sites = (DEPLOY / "nginx.conf").read_text()
    sites = re.sub(r"^\s*listen \[::\].*\n", "", sites, flags=re.MULTILINE)
    sites = sites.replace("listen 80;", f"listen 127.0.0.1:{free_port()};").replace(
        "listen 443 ssl", f"listen 127.0.0.1:{secure} ssl"
    )
    sites = sites.replace("/var/log/nginx/error.log", str(tmp_path / "errors.log"))
    sites = sites.replace("/etc/letsencrypt/live/learn.example.org/fullchain.pem", str(PEM))
    sites = sites.replace("/etc/letsencrypt/live/learn.example.org/privkey.pem", str(PEM))
    sites = sites.replace("127.0.0.1:8000", f"127.0.0.1:{served.port}").replace("learn.example.org", "localhost")
    folders = "".join(
        f"{kind}_temp_path {tmp_path}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = tmp_path / "nginx.conf"
    whole.write_text(f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\n{folders}{sites}\n}}\n")
    log = tmp_path / "nginx.log"
    process = subprocess.Popen([nginx(), "-e", str(log), "-c", str(whole), "-g", "daemon off;"])
    try:
        _wait(process, lambda: _ask(secure, "/healthz").status == 200, log)
        yield served, secure
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def _wait(process: subprocess.Popen[bytes], ready: Callable[[], bool], log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()
        try:
            if ready():
                return
        except OSError:
            pass
        time.sleep(0.1)
    pytest.fail(log.read_text())


def _ask(port: int, path: str, **headers: str) -> HTTPResponse | urllib.error.HTTPError:
    request = urllib.request.Request(  # our own server
        f"https://127.0.0.1:{port}{path}",
        headers={"Host": "localhost", **{name.replace("_", "-"): value for name, value in headers.items()}},
    )
    # The certificate is the tests' own; what is tried here is what nginx does with a request.
    trusting = ssl._create_unverified_context()  # noqa: S323
    try:
        answer: HTTPResponse = urllib.request.urlopen(request, timeout=PATIENCE, context=trusting)  # noqa: S310
    except urllib.error.HTTPError as error:
        return error
    return answer


def test_the_platform_behind_nginx(behind_nginx: tuple[Served, int]) -> None:
    _served, port = behind_nginx
    page = _ask(port, "/sign-in")
    assert page.status == 200
    cookie = page.headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=")
    assert {"Secure", "HttpOnly"} <= set(cookie.split("; "))
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
    # Figures of the installation are nobody's business outside.
    assert _ask(port, "/metrics").status == 404


def test_a_visitor_cannot_choose_an_address(behind_nginx: tuple[Served, int]) -> None:
    _served, port = behind_nginx
    answers = [_ask(port, "/v/0000-0000-0000-0000", X_Forwarded_For=f"10.0.0.{one}").status for one in range(62)]
    assert answers[0] == 404
    assert answers[-1] == TOO_MANY


def _commands() -> list[list[str]]:
    """Every command of ours that a unit or a container starts."""
    units = sorted((DEPLOY / "systemd").glob("*.service"))
    found = [re.search(r"^ExecStart=.*?/mhfa-lms ([^\n\"]+)", unit.read_text(), flags=re.MULTILINE) for unit in units]
    assert len(found) == 4
    compose = (DEPLOY / "compose.yaml").read_text()
    lists = [
        yaml.safe_load(line.partition(":")[2]) for line in re.findall(r"^ +command: \[.+\]$", compose, re.MULTILINE)
    ]
    chained = re.findall(r"mhfa-lms ([a-z ]+[a-z])", compose.partition("entrypoint:")[2].partition("\n")[0])
    assert len(lists) == len(chained) == 2
    return [one.group(1).split() for one in found if one] + lists + [one.split() for one in chained]


@pytest.mark.parametrize("words", _commands(), ids=" ".join)
def test_what_is_started_is_there(words: list[str]) -> None:
    """Each command, with its options, is one that the program has: its help page opens in its place."""
    run = subprocess.run(
        [sys.executable, "-m", "mhfa_lms.cli", *words, "--help"],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("Usage:")
