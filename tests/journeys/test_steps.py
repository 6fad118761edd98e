"""Steps with pictures, a film that really plays, a file to take along and a box for oneself, in a real browser."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests import small_course, tiny_media
from tests.journeys.conftest import Server, axe, follow, press_on, sideways, sign_in, tab_to, type_into

TITLE = "First aid for mental health: many steps"
WORDS = "My sister. And long walks."
# Half a second of a canvas that changes, as the browser itself records it.
RECORD = """async () => {
  const canvas = document.createElement('canvas');
  const pen = canvas.getContext('2d');
  const recorder = new MediaRecorder(canvas.captureStream(20), { mimeType: 'video/webm;codecs=vp8' });
  const parts = [];
  recorder.ondataavailable = (event) => parts.push(event.data);
  recorder.start();
  for (let turn = 0; turn < 12; turn += 1) {
    pen.fillStyle = turn % 2 ? '#17584D' : '#F3B941';
    pen.fillRect(0, 0, 300, 150);
    await new Promise((done) => setTimeout(done, 50));
  }
  await new Promise((done) => { recorder.onstop = done; recorder.stop(); });
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  return btoa(String.fromCharCode(...bytes));
}"""
SEE: dict[str, Any] = {
    "id": "see",
    "title": "See and hear",
    "media": [
        {"kind": "picture", "file": "plan.png", "alt": "Six stones in a row", "place": "above"},
        {
            "kind": "video",
            "file": "talk.webm",
            "title": "A first talk",
            "duration": "0:04",
            "captions": "talk.vtt",
            "poster": "plan.png",
            "transcript": "A: **Hello.** How are you?",
        },
    ],
    "download": [{"file": "sheet.pdf", "title": "The plan, to print"}],
}
WRITE: dict[str, Any] = {"id": "write", "title": "For yourself", "reflection": {"prompt": "Who listens to you?"}}


def write_course(folder: Path, film: bytes) -> None:
    """Write the files of a course of two steps. JSON is YAML too."""
    head = small_course.document("many-steps", title=TITLE, scenarios=[], modules=["01-all"])
    head["review"] = {"status": "reviewed", "by": "A reviewer", "date": "2026-01-15"}
    pool = head["assessment"]
    for question in pool["questions"]:
        question["module"] = "all"
    module = folder / "modules" / "01-all"
    module.mkdir(parents=True)
    (folder / "assessment.yaml").write_text(json.dumps(pool))
    for name in ("slug", "assessment", "glossary"):
        head.pop(name, None)
    (folder / "course.yaml").write_text(json.dumps(head))
    (module / "module.yaml").write_text(json.dumps({"id": "all", "title": "All", "summary": "Two steps."}))
    for number, step in enumerate((SEE, WRITE), 1):
        (module / f"{number:02}-{step['id']}.md").write_text(f"---\n{json.dumps(step)}\n---\nSome words to read.\n")
    (folder / "media").mkdir()
    for name, data in {
        "plan.png": tiny_media.png(600, 300),
        "talk.webm": film,
        "talk.vtt": tiny_media.VTT.encode(),
        "sheet.pdf": b"%PDF-1.7 and so on",
    }.items():
        (folder / "media" / name).write_bytes(data)


@pytest.fixture(scope="module")
def site(server: Server, chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """The platform with the course on it."""
    folder = tmp_path_factory.mktemp("courses")
    recorder = chromium.new_page()
    write_course(folder / "many-steps", base64.b64decode(recorder.evaluate(RECORD)))
    recorder.close()
    server.environment["MHFA_COURSES_DIR"] = str(folder)
    server.command("courses", "publish", "many-steps")
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


def test_a_film_plays_when_it_is_pressed_and_not_before(page: Page, site: Server) -> None:
    course = begin(page, site, "educator")
    loaded: list[tuple[str, int]] = []
    page.on(
        "response",
        lambda answer: (
            loaded.append((answer.url.rpartition("/")[2], answer.status)) if "/media/" in answer.url else None
        ),
    )
    page.goto(f"{course}/step/see")
    expect(page.get_by_text("It plays only when you press play")).to_be_visible()
    assert axe(page) == []
    page.set_viewport_size({"width": 320, "height": 640})
    assert sideways(page) <= 0
    soon(page, page.locator("img[alt='Six stones in a row']"), "one => one.complete && one.naturalWidth === 600")
    # The captions are a few lines of text; the film itself waits.
    assert {name for name, _status in loaded} <= {"plan.png", "talk.vtt"}
    film = page.locator("video")
    assert film.evaluate("one => one.paused && !one.autoplay && one.readyState") == 0
    tab_to(page, film)
    page.keyboard.press("Space")
    soon(page, film, "one => one.currentTime > 0")
    assert ("talk.webm", 206) in loaded or ("talk.webm", 200) in loaded
    soon(page, film, "one => one.textTracks[0].cues?.length === 2")
    assert film.evaluate("one => one.textTracks[0].mode") == "showing"
    press_summary(page, "Read it instead")
    expect(page.get_by_text("Hello.", exact=True)).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("link", name="The plan, to print").click()
    assert saved.value.suggested_filename == "sheet.pdf"


def soon(page: Page, target: Locator, question: str) -> None:
    """Wait until a question about an element is answered with yes."""
    for _turn in range(600):
        if target.evaluate(question):
            return
        page.wait_for_timeout(100)
    raise AssertionError(question)


def press_summary(page: Page, words: str) -> None:
    """Unfold a part with the keyboard."""
    tab_to(page, page.locator("summary", has_text=words))
    page.keyboard.press("Enter")


def test_what_one_writes_for_oneself_by_keyboard(page: Page, site: Server) -> None:
    course = begin(page, site, "instructor")
    page.goto(f"{course}/step/write")
    expect(page.get_by_text("Who reads this: only you.")).to_be_visible()
    type_into(page, "For yourself", WORDS)
    expect(page.get_by_text("Saved at")).to_be_visible()
    assert axe(page) == []
    page.reload()
    expect(page.get_by_label("For yourself")).to_have_value(WORDS)
    assert axe(page) == []
    press_summary(page, "Delete what I wrote")
    press_on(page, page.get_by_role("button", name="Yes, delete it"))
    expect(page.get_by_text("What you wrote here is gone.")).to_be_visible()
    expect(page.get_by_label("For yourself")).to_have_value("")


def test_what_one_writes_for_oneself_without_javascript(plain_page: Page, site: Server) -> None:
    course = begin(plain_page, site, "fatou.diallo")
    plain_page.goto(f"{course}/step/write")
    assert sideways(plain_page) <= 0
    plain_page.get_by_label("For yourself").fill(WORDS)
    follow(plain_page.get_by_role("button", name="Continue", exact=True))
    plain_page.goto(f"{course}/step/write")
    expect(plain_page.get_by_label("For yourself")).to_have_value(WORDS)
    plain_page.get_by_label("For yourself").fill(f"{WORDS} And tea.")
    plain_page.get_by_role("button", name="Keep it for me").click()
    expect(plain_page.get_by_label("For yourself")).to_have_value(f"{WORDS} And tea.")
