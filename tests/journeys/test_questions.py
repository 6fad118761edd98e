"""Every kind of question in the browser: practised and taken as an assessment by keyboard with axe, and with JavaScript
off on a phone. The course is one of its own, with one step and two questions of the pool for each kind."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from mhfa_lms.content import questions
from tests import kinds, small_course
from tests.journeys.conftest import PHONE, Server, axe, sideways, sign_in
from tests.journeys.hands import Hand, Keyboard, Pointer, answer

KINDS = list(kinds.DOCUMENTS)
TITLE = "First aid for mental health: every kind"


def write_course(folder: Path) -> None:
    """Write the files of a course that asks questions of every kind. JSON is YAML too."""
    head = small_course.document("every-kind", title=TITLE, scenarios=[], modules=["01-all"])
    head["review"] = {"status": "reviewed", "by": "A reviewer", "date": "2026-01-15"}
    pool = [
        kinds.document(kind, id=f"pool-{kind}-{number}", module="all", prompt=f"{kind}: {prompt}")
        for kind in KINDS
        for number, prompt in enumerate(("this way?", "that way?"))
    ]
    module = folder / "modules" / "01-all"
    module.mkdir(parents=True)
    (folder / "assessment.yaml").write_text(
        json.dumps({"id": "final", "title": "Final assessment", "draw": len(KINDS), "questions": pool})
    )
    del head["slug"], head["assessment"], head["glossary"]
    (folder / "course.yaml").write_text(json.dumps(head))
    (module / "module.yaml").write_text(json.dumps({"id": "all", "title": "All kinds", "summary": "One of each."}))
    for number, kind in enumerate(KINDS, 1):
        step = {"id": f"step-{kind}", "title": f"Step {kind}", "question": kinds.document(kind)}
        (module / f"{number:02}-{kind}.md").write_text(f"---\n{json.dumps(step)}\n---\nSome words to read.\n")


@pytest.fixture(scope="module")
def site(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """The platform with the course on it."""
    folder = tmp_path_factory.mktemp("courses")
    write_course(folder / "every-kind")
    server.environment["MHFA_COURSES_DIR"] = str(folder)
    server.command("courses", "publish", "every-kind")
    return server


def begin(page: Page, site: Server, who: str) -> str:
    """Sign in and start the course; returns its address."""
    sign_in(page, site, who)
    page.goto("/home")
    row = page.locator("main .row", has_text=TITLE)
    row.get_by_role("button", name="Start this course").click()
    page.wait_for_url(re.compile(r"/learn/\d+"))
    found = re.search(r"/learn/\d+", page.url)
    assert found
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()
    return found.group()


def look(page: Page, found: list[str]) -> None:
    """Look at a page in the light, in the dark, and from right to left on a small phone."""
    size = page.viewport_size
    found += [f"{page.url}: {one}" for one in axe(page)]
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 320, "height": 640})
    page.evaluate("document.documentElement.dir = 'rtl'")
    assert sideways(page) <= 0, page.url
    found += [f"{page.url} dark, rtl: {one}" for one in axe(page)]
    page.evaluate("document.documentElement.dir = 'ltr'")
    page.emulate_media(color_scheme="light")
    assert size
    page.set_viewport_size(size)


def go_through(hand: Hand, course: str, found: list[str] | None = None) -> None:
    """Practise each kind, with an answer left out first; then take the assessment and pass."""
    page = hand.page
    for kind in KINDS:
        page.goto(f"{course}/step/step-{kind}")
        hand.press(page.get_by_role("button", name="Check my answer"))
        expect(page).to_have_title(re.compile("^Error: "))
        if found is not None:
            look(page, found)
        answer(hand, kinds.question(kind))
        hand.press(page.get_by_role("button", name="Check my answer"))
        expect(page.get_by_role("heading", name="Your answer")).to_be_visible()
        assert sideways(page) <= 0
        if found is not None:
            look(page, found)
        hand.press(page.get_by_role("button", name="Continue", exact=True))
    page.goto(f"{course}/assessment")
    hand.press(page.get_by_role("button", name="Start the assessment"))
    for _number in KINDS:
        prompt = page.locator("form legend, form label.big").inner_text().strip()
        asked = questions.read({**kinds.document(prompt.partition(":")[0]), "prompt": prompt})
        assert "SECRET" not in page.content()
        answer(hand, asked)
        assert sideways(page) <= 0
        hand.press(page.locator("form .btn.big"))
    hand.press(page.get_by_role("button", name="Hand in and see my result"))
    expect(page.get_by_role("heading", name="You have passed the assessment")).to_be_visible()
    expect(page.get_by_text("8 of 8", exact=True)).to_be_visible()


def test_every_kind_by_keyboard_with_axe(page: Page, site: Server) -> None:
    found: list[str] = []
    course = begin(page, site, "educator")
    go_through(Keyboard(page), course, found)
    page.locator("main summary").first.click()
    look(page, found)
    assert found == []


def test_every_kind_without_javascript_on_a_phone(plain_page: Page, site: Server) -> None:
    assert plain_page.viewport_size == PHONE
    go_through(Pointer(plain_page), begin(plain_page, site, "instructor"))
