"""Journeys: a real server with demonstration data, a real Chromium, the keyboard, and axe.

Each file has a server of its own with its own data folder, where mails lie as files: no journey meets what another
file's has left behind.
"""

import email
import email.policy
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Locator, Page, ViewportSize, expect, sync_playwright

from tests.ports import free_port

ROOT = Path(__file__).parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
# A slow day is no failure: only what never comes is.
expect.set_options(timeout=60_000)
PHONE: ViewportSize = {"width": 375, "height": 812}
DESK: ViewportSize = {"width": 1280, "height": 900}
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a browser."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.browser)


@dataclass(frozen=True)
class Server:
    """The running platform."""

    address: str
    data: Path
    password: str
    environment: dict[str, str]

    def command(self, *words: str, typed: str = "") -> str:
        """Run one of the platform's commands beside the server; returns what it printed."""
        run = subprocess.run(
            [sys.executable, "-m", "mhfa_lms.cli", *words],
            env=self.environment, cwd=ROOT, input=typed, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        return run.stdout

    def mails_to(self, address: str) -> list[EmailMessage]:
        """Return the mails sent to an address so far."""
        found = []
        for path in sorted((self.data / "mail").glob("*.eml"), key=lambda file: file.stat().st_mtime):
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            if address in str(message["To"]):
                found.append(message)
        return found

    def wait_for_mail(self, address: str, words: str, *, by_day: bool = False) -> str:
        """Return the text of a mail whose text holds some words, waiting up to four minutes for the worker.

        `by_day`: it would wait for its reader's morning, while a test runs at any hour.
        """
        end = time.monotonic() + 240
        while time.monotonic() < end:
            if by_day:
                self._let_it_be_day(address)
            for message in reversed(self.mails_to(address)):
                part = message.get_body(("plain",))
                text = part.get_content() if part else ""
                if words in text or words in str(message["Subject"]):
                    return str(text)
            time.sleep(0.3)
        raise AssertionError(f"no mail to {address} with {words!r}")

    def _let_it_be_day(self, address: str) -> None:
        """Let it be noon where a reader lives, and have what waits looked at again."""
        hours = 12 - datetime.now(UTC).hour
        # These zones are named by how far they are behind.
        zone = f"Etc/GMT{-hours:+d}" if hours else "UTC"
        with closing(sqlite3.connect(self.data / "mhfa.db", timeout=60)) as connection, connection:
            connection.execute("UPDATE account SET timezone = ? WHERE email_key = ?", (zone, address))
            connection.execute("UPDATE message SET due_at = created_at WHERE state = 'waiting' AND due_at > created_at")


def link_in(text: str) -> str:
    """Return the path of the first link in a mail."""
    found = re.search(r"https?://[^/\s]+(/\S+)", text)
    assert found, text
    return found.group(1)


@contextmanager
def started_server(folder: Path, *, demo: bool = True, **more: str) -> Iterator[Server]:
    """The platform with its data in a folder: as `make run` starts it, or for real at a name that allows passkeys.

    `more` is set in its environment as well.
    """
    data, port = folder / "data", free_port()
    address = f"http://{'127.0.0.1' if demo else 'localhost'}:{port}"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("MHFA_")},
        "MHFA_DATA_DIR": str(data),
        "MHFA_BASE_URL": address,
        "PORT": str(port),
        **more,
    }
    log = (data.parent / "server.log").open("w+")
    process = subprocess.Popen(
        [sys.executable, "-m", "mhfa_lms.cli", "serve", "--port", str(port), *(["--demo"] if demo else [])],
        env=environment, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        _wait_until_ready(process, address, Path(log.name))
        printed = Path(log.name).read_text()
        found = re.search(r"[Pp]assword\W+(.+)", printed)
        assert found or not demo, printed
        yield Server(address, data, found.group(1).strip() if found else "", environment)
    finally:
        process.terminate()
        assert process.wait(timeout=120) == 0
        log.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The platform, once for the journeys of a file."""
    with started_server(tmp_path_factory.mktemp("journeys")) as running:
        yield running


def _wait_until_ready(process: subprocess.Popen[str], address: str, log: Path) -> None:
    end = time.monotonic() + 240
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()
        try:
            with urlopen(f"{address}/readyz", timeout=2) as answer:  # noqa: S310  # our own server
                if answer.status == 200 and "Ctrl-C" in log.read_text():
                    return
        except (URLError, OSError):
            pass
        time.sleep(0.2)
    raise AssertionError(f"the server did not become ready:\n{log.read_text()}")


@contextmanager
def started_chromium() -> Iterator[Browser]:
    """Chromium, the one the set-up installs."""
    path = os.environ.get("MHFA_TEST_CHROMIUM") or shutil.which("chromium") or ""
    if not path:
        pytest.fail("Chromium is missing: run `make test`, which installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Chromium, once for the journeys of a file: other tests want no event loop around them, and Playwright has one."""
    with started_chromium() as browser:
        yield browser


@dataclass
class Watched:
    """A page, and what its console complained about."""

    page: Page
    complaints: list[str]


def _refuse(dialog: Dialog, watched: Watched) -> None:
    watched.complaints.append(f"a dialog opened: {dialog.message}")
    dialog.dismiss()


def open_page(chromium: Browser, server: Server, **options: Any) -> tuple[BrowserContext, Watched]:
    """Open a browser window of its own; console errors and policy violations are kept."""
    context = chromium.new_context(base_url=server.address, **{"viewport": DESK, **options})
    # Not every browser tells its console of every violation.
    context.add_init_script(
        "addEventListener('securitypolicyviolation',"
        " one => console.error(`policy: ${one.violatedDirective} ${one.blockedURI}`))"
    )
    page = context.new_page()
    watched = Watched(page, [])
    page.on(
        "console",
        lambda message: (
            watched.complaints.append(message.text)
            if message.type in {"error", "warning"} and "status of 4" not in message.text
            else None
        ),
    )
    page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    page.on("dialog", lambda dialog: _refuse(dialog, watched))
    page.set_default_timeout(60_000)
    return context, watched


@pytest.fixture
def page(chromium: Browser, server: Server) -> Iterator[Page]:
    """A browser window on a desk; the console must stay silent."""
    context, watched = open_page(chromium, server)
    yield watched.page
    context.close()
    assert watched.complaints == []


@pytest.fixture
def plain_page(chromium: Browser, server: Server) -> Iterator[Page]:
    """A phone with JavaScript off."""
    context, watched = open_page(chromium, server, java_script_enabled=False, viewport=PHONE)
    yield watched.page
    context.close()


def follow(target: Locator) -> None:
    """Click on what leads to another page, and wait until that page is there: a click alone does not wait for it."""
    with target.page.expect_navigation():
        target.click()


def rest(page: Page) -> None:
    """Wait until the page is there and nothing on it moves: half-way between light and dark, colours are neither."""
    page.wait_for_load_state()
    page.evaluate(
        "Promise.allSettled(document.getAnimations()"
        ".filter(one => Number.isFinite(one.effect.getComputedTiming().endTime)).map(one => one.finished))"
        ".then(() => null)"
    )


def axe(page: Page) -> list[str]:
    """Return axe's violations on the page, in words."""
    rest(page)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
    )
    return [
        f"{violation['id']}: {violation['help']}: {node['html'][:160]}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def sideways(page: Page) -> int:
    """Return by how many pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def tab_to(page: Page, target: Locator, *, most: int = 120) -> None:
    """Press Tab until the target has the focus, and see that the focus shows."""
    expect(target).to_be_visible()
    for _press in range(most):
        if target.evaluate("element => element === document.activeElement"):
            width = target.evaluate("element => parseFloat(getComputedStyle(element).outlineWidth) || 0")
            radio = target.evaluate("element => element.type === 'radio' || element.type === 'checkbox'")
            assert width >= 2 or radio, "the focus cannot be seen"
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reached {target}")


def press_on(page: Page, target: Locator, key: str = "Enter") -> None:
    """Go to a link or button with the keyboard and press it."""
    tab_to(page, target)
    with page.expect_navigation():
        page.keyboard.press(key)


def type_into(page: Page, label: str, text: str) -> None:
    """Go to a field with the keyboard and type."""
    tab_to(page, page.get_by_label(label, exact=True))
    page.keyboard.type(text)


def sign_in(page: Page, server: Server, who: str, password: str | None = None) -> None:
    """Sign in through the page, quickly."""
    page.goto("/sign-in")
    page.get_by_label("E-mail address").fill(who if "@" in who else f"{who}@demo.example")
    page.locator("input[type=password]").fill(password or server.password)
    follow(page.locator("main").get_by_role("button", name="Sign in"))
