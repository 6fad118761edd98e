"""Every page as its people see it: axe, no sideways scroll, targets large enough, a focus that shows, nothing stuck
over the content, a silent console. The pages are found by following links as each person; of pages that are built
alike, one is looked at."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import APIRequestContext, Browser, Page

from tests import stage
from tests.crawl import Answer, Found, Routes, crawl
from tests.journeys.conftest import ROOT, Server, follow, open_page, sign_in, started_server
from tests.journeys.looking import problems

LANGUAGES = {"en": False, "ar-XB": True}
SHARDS = 4
# Enough of each kind to meet it in all its states.
EACH = 3
PART = re.compile(r'<[a-z0-9]+ class="[^"]*"|<(?:form|input|select|textarea|details|table|blockquote|img|video)\b')


@dataclass(frozen=True, slots=True)
class Seen:
    """Somebody, the browser they are signed in with, and the pages that nobody before them has in the same form."""

    state: Any
    addresses: list[str]


def _built(page: Found) -> list[tuple[str, int, frozenset[str]]]:
    """Return what a page's frame and its own part are built from: kinds of elements, whatever stands in them."""
    frame, _main, own = page.text.partition("<main")
    return [("", 0, frozenset(PART.findall(frame))), (page.rule, page.status, frozenset(PART.findall(own)))]


def reader(request: APIRequestContext) -> Any:
    def get(address: str) -> Answer:
        answer = request.get(address, max_redirects=0)
        kind, place = answer.headers.get("content-type", ""), answer.headers.get("location", "")
        return Answer(answer.status, answer.text() if kind.startswith("text/html") and not place else "", place)

    return get


def come_from_outside(page: Page, server: Server) -> None:
    """Leave in the browser what somebody has who signs up: an address that waits to be confirmed."""
    page.goto("/forgot")
    page.get_by_label("E-mail address").fill(stage.UNCONFIRMED)
    follow(page.locator("main form .btn"))
    sign_in(page, server, stage.UNCONFIRMED)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The platform."""
    with started_server(tmp_path_factory.mktemp("every-page")) as running:
        yield running


@pytest.fixture(scope="module")
def everything(chromium: Browser, server: Server) -> dict[str, Seen]:
    """The pages there are to see, by person."""
    printed = subprocess.run(
        [sys.executable, "-m", "tests.stage"],
        env=server.environment, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300,
    ).stdout  # fmt: skip
    named = json.loads(printed)
    routes = Routes(one["route"] for one in json.loads(server.command("routes", "--json")) if "GET" in one["methods"])
    found: dict[str, Seen] = {}
    known: set[object] = set()
    for who in ("nobody", *stage.PEOPLE):
        context, watched = open_page(chromium, server)
        if who == "nobody":
            come_from_outside(watched.page, server)
        else:
            sign_in(watched.page, server, who)
        addresses = []
        for page in crawl(reader(context.request), routes, named.get(who, []), each=EACH):
            built = set(_built(page))
            if not built <= known:
                known |= built
                addresses.append(page.address)
        found[who] = Seen(context.storage_state(), addresses)
        context.close()
    return found


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_pages(chromium: Browser, server: Server, everything: dict[str, Seen], shard: int, language: str) -> None:
    found: list[str] = []
    for who, seen in list(everything.items()):
        addresses = seen.addresses[shard::SHARDS]
        context, watched = open_page(chromium, server, storage_state=seen.state, reduced_motion="reduce")
        context.add_cookies([{"name": "language", "value": language, "url": server.address}])
        for address in addresses:
            watched.page.goto(address)
            found += [f"{who}: {one}" for one in problems(watched.page, right_to_left=LANGUAGES[language])]
        context.close()
        found += [f"{who}: {one}" for one in watched.complaints]
    assert not found, "\n".join(found)
