"""Every page of the demonstration, found by following links as each of its people, is sound HTML; so is every answer to
a form that was sent empty."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache

from mhfa_lms import clock, db
from mhfa_lms.app import create_app
from mhfa_lms.services.demo import PASSWORD
from mhfa_lms.services.demo_people import DOMAIN
from mhfa_lms.settings import read_settings
from tests import make, markup, stage
from tests.crawl import Answer, Found, Routes, crawl
from tests.services import invented
from tests.web.test_walk import World, walk, world

__all__ = ["world"]
pytestmark = pytest.mark.timeout(600)
HELP = '<a class="help-now" href="/help">'
# No pages: what programs read, what a browser saves. The style guide is there in the demonstration only, passkeys under
# an address of https only: tests/journeys looks at both, and at what waits to be accepted. A device shows /offline,
# mails lead to /stop.
NOT_PAGES = re.compile(
    r"/styleguide|.*/passkey|/healthz|/readyz|/metrics|/static/.*|/media/.*"
    r"|.*\.pdf|.*\.<any\(csv, xlsx\):kind>|.*/file|.*\.csv|.*\.json|.*\.pem|/worker\.js|/learn/waiting"
    r"|.*\.png|/status/.*|/credentials/.*|.*/badge\.(png|svg)|/achievements/.*"
    r"|/stop/<word>|/coordinate/register/earlier/<int:job_id>"
    r"|/offline|/preview/.*/media/.*|/admin/courses/<int:revision_id>/accept"
)


@pytest.fixture(scope="module")
def demo(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, compiled_templates: FileSystemBytecodeCache
) -> Iterator[Flask]:
    folder = tmp_path_factory.mktemp("demo")
    settings = {
        "MHFA_DATA_DIR": str(folder / "data"),
        "MHFA_DATABASE_URL": f"sqlite:///{invented.template(sqlite_template, folder, clock.now())}",
        "MHFA_SECRET_KEY": "a-test-key-that-is-long-enough",
    }
    application = create_app(read_settings(settings))
    application.jinja_env.bytecode_cache = compiled_templates
    application.config.update(TESTING=True, PROPAGATE_EXCEPTIONS=True, WTF_CSRF_ENABLED=False)
    yield application
    db.release()


def reader(client: FlaskClient) -> Callable[[str], Answer]:
    def get(address: str) -> Answer:
        answer = client.get(address)
        html = answer.mimetype == "text/html" and not answer.location
        return Answer(answer.status_code, answer.text if html else "", str(answer.location or ""))

    return get


@pytest.fixture(scope="module")
def pages(demo: Flask) -> dict[str, list[Found]]:
    """What everybody can read."""
    routes = Routes(rule.rule for rule in demo.url_map.iter_rules() if "GET" in (rule.methods or set()))
    outside = stage.set_up(clock.now())
    somebody = demo.test_client()
    somebody.post("/forgot", data={"email": stage.UNCONFIRMED})
    somebody.post("/sign-in", data={"email": stage.UNCONFIRMED, "password": PASSWORD})
    found = {"nobody": crawl(reader(somebody), routes, outside)}
    half = demo.test_client()
    half.post("/sign-in", data={"email": f"{stage.SECURED}@{DOMAIN}", "password": PASSWORD})
    found["half signed in"] = crawl(reader(half), routes)
    for who in (*stage.PEOPLE, stage.SECURED):
        client = make.signed_in(demo.test_client(), stage.member(who))
        if who == stage.SECURED:
            client.post("/account/password-again", data={"password": PASSWORD})
        found[who] = crawl(reader(client), routes, stage.deep(who))
    return found


def test_every_page_is_sound(pages: dict[str, list[Found]]) -> None:
    found = [
        f"{who}, {page.address}: {one}"
        for who, read in pages.items()
        for page in read
        for one in markup.problems(page.text)
    ]
    assert found == []


def whole(pages: dict[str, list[Found]]) -> Iterator[Found]:
    """Yield the pages that are no errors."""
    return (page for read in pages.values() for page in read if page.status == 200 and page.text)


def test_every_page_has_one_heading_and_at_most_one_way_back(pages: dict[str, list[Found]]) -> None:
    top = {href for page in whole(pages) for href in re.findall(r'href="([^"]+)" aria-current="page"', page.text)}
    assert {"/home", "/mark", "/coordinate", "/coordinate/register", "/admin", "/courses"} <= top
    wrong = []
    for page in whole(pages):
        back = page.text.count('<a class="back"')
        if page.text.count("<h1") != 1 or back > (page.address.split("?")[0] not in top) or "readcrumb" in page.text:
            wrong.append(f"{page.address}: {back} ways back, {page.text.count('<h1')} headings")
    assert wrong == []


def test_a_title_belongs_to_one_page(pages: dict[str, list[Found]]) -> None:
    titles: dict[str, set[str]] = {}
    for page in whole(pages):
        title = re.search(r"<title>(.*?)</title>", page.text, re.S)
        assert title, page.address
        assert title.group(1).endswith(" – First Aid for Minds"), page.address
        titles.setdefault(title.group(1), set()).add(page.rule)
    assert {title: rules for title, rules in titles.items() if len(rules) > 1} == {}


def test_help_is_one_press_away_on_every_page(pages: dict[str, list[Found]]) -> None:
    without = [page.address for read in pages.values() for page in read if HELP not in page.text.split("<main")[0]]
    assert without == []


def test_every_route_is_reached_by_somebody(demo: Flask, pages: dict[str, list[Found]]) -> None:
    readable = {
        rule.rule
        for rule in demo.url_map.iter_rules()
        if "GET" in (rule.methods or set()) and rule.endpoint != "static"
    }
    reached = {page.rule for read in pages.values() for page in read if page.status == 200}
    assert {rule for rule in readable - reached if not NOT_PAGES.fullmatch(rule)} == set()


@pytest.mark.parametrize("who", ["owner", "instructor", "coordinator", "administrator", "nobody"])
def test_forms_sent_empty(app: Flask, world: World, who: str) -> None:
    found: list[str] = []

    def look(path: str, _can: str, answer: Any) -> None:
        if answer.mimetype == "text/html" and answer.status_code not in {302, 303}:
            found.extend(f"{answer.status_code} {path}: {one}" for one in markup.problems(answer.text))

    walk(app, world, who, "POST", look)
    assert found == []
