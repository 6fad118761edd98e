"""The nastiest names, courses and answers in a real browser: nothing runs, and nothing bursts the page at 320 px."""

import json
import subprocess
import sys

import pytest
from playwright.sync_api import Browser

from tests import make
from tests.crawl import Routes, crawl
from tests.journeys.conftest import ROOT, Server, open_page, sideways, sign_in
from tests.journeys.looking import NARROW
from tests.journeys.test_every_page import reader

pytestmark = pytest.mark.timeout(600)
SPILLS = """() => [...document.querySelectorAll('main *')].filter(one => one.getBoundingClientRect().right
  > document.documentElement.clientWidth + 1).slice(-2).map(one => one.outerHTML.slice(0, 160))"""


def test_nothing_runs_and_nothing_bursts(chromium: Browser, server: Server) -> None:
    people = json.loads(
        subprocess.run(
            [sys.executable, "-m", "tests.hostile_world"],
            env=server.environment, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120,
        ).stdout
    )  # fmt: skip
    routes = Routes(one["route"] for one in json.loads(server.command("routes", "--json")) if "GET" in one["methods"])
    found: list[str] = []
    for who in ("coordinator", "instructor", "learner"):
        context, watched = open_page(chromium, server, viewport=NARROW)
        page = watched.page
        sign_in(page, server, people[who], make.PASSWORD)
        for one in crawl(reader(context.request), routes, ["/join/hostile"], each=2):
            if one.status == 200 and not one.rule.startswith(("/account", "/privacy", "/accessibility", "/help")):
                page.goto(one.address)
                if sideways(page) > 0:
                    found.append(f"{one.address} is {sideways(page)} px too wide: {page.evaluate(SPILLS)}")
        found += [f"{who}: {complaint}" for complaint in watched.complaints]
        context.close()
    assert not found, "\n".join(found)
