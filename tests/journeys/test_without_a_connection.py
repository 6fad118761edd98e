"""A module kept on a device: the network is cut in the middle of it, answers wait and are sent once, two devices clash,
and nothing is left after signing out or for the next person. And the same module with JavaScript off."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect

from mhfa_lms.content import loader, playing
from mhfa_lms.content.questions import Choice, Option
from mhfa_lms.content.schema import Module, Step
from mhfa_lms.db import sqlite_module
from mhfa_lms.paths import courses_dir
from tests.journeys.conftest import PHONE, Server, axe, follow, open_page, sideways, sign_in

PASSWORD = "quiet harbour lantern"
MODULE: Module = loader.load(courses_dir() / "first-conversation").modules[0]

# How many rows the browser holds of the site, by database and store: empty ones do not count.
HELD = """async () => {
  const found = {};
  for (const { name } of await indexedDB.databases()) {
    const database = await new Promise((done) => {
      const asked = indexedDB.open(name);
      asked.onsuccess = () => done(asked.result);
    });
    for (const store of database.objectStoreNames) {
      const count = await new Promise((done) => {
        const asked = database.transaction(store).objectStore(store).count();
        asked.onsuccess = () => done(asked.result);
      });
      if (count) { found[store] = count; }
    }
    database.close();
  }
  return found;
}"""


def choices(one: Step) -> tuple[Option, ...]:
    assert isinstance(one.question, Choice)
    return one.question.options


@dataclass
class Device:
    """A browser with somebody signed in, on the course."""

    server: Server
    context: BrowserContext
    page: Page
    course: str = ""

    def step(self, one: Step) -> str:
        return f"{self.course}/step/{one.id}"

    def keep(self, module: Module = MODULE) -> None:
        self.page.goto(f"{self.course}/module/{module.id}")
        self.page.get_by_role("button", name="Keep this module on this device").click()
        expect(self.page.locator("#keep-says")).to_have_text("This module is kept on this device.")

    def at(self, one: Step) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_have_text(one.title)
        # Its scripts come after what can be read, and answer for what is pressed.
        self.page.wait_for_load_state()

    def waits(self, count: int) -> None:
        expect(self.page.locator("#waits")).to_contain_text(f"Waiting on this device: {count}.")

    def back_online(self, says: str = "Everything that waited here has been sent.") -> None:
        """Wait for what the page says then: it tries again where the first try comes too early."""
        self.context.set_offline(False)
        expect(self.page.locator("#waits")).to_contain_text(says, timeout=60_000)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).locator("visible=true").click()

    def choose(self, one: Step, *, right: bool = True) -> None:
        wanted = next(option for option in choices(one) if option.correct is right)
        self.page.locator(f"input[name=choice][value={wanted.id}]").check()
        self.press("Check my answer")

    def held(self) -> tuple[list[str], dict[str, int]]:
        """What the browser holds of the site: its caches, and how many rows of each kind."""
        return self.page.evaluate("caches.keys()"), self.page.evaluate(HELD)


def rows(server: Server, question: str, *values: object) -> list[tuple[Any, ...]]:
    """Ask the server's database."""
    found = sqlite_module().connect(str(server.data / "mhfa.db"))
    try:
        return list(found.execute(question, values).fetchall())
    finally:
        found.close()


def somebody(server: Server, name: str) -> str:
    email = f"{name}@example.org"
    server.command(
        *("users", "create", "--email", email, "--name", name.title(), "--organisation", "alder-valley"),
        *("--role", "learner", "--password-stdin"),
        typed=f"{PASSWORD}\n",
    )
    return email


@pytest.fixture
def device(chromium: Browser, server: Server, request: pytest.FixtureRequest) -> Iterator[Device]:
    """A phone of a new learner's, at the outline of the course."""
    context, watched = open_page(chromium, server, viewport=PHONE)
    email = somebody(server, re.sub("[^a-z]", "", request.node.name.removeprefix("test"))[:40])
    sign_in(watched.page, server, email, PASSWORD)
    watched.page.get_by_role("button", name="Start this course").click()
    expect(watched.page).to_have_url(re.compile(r"/learn/\d+$"))
    yield Device(server, context, watched.page, watched.page.url)
    context.close()
    assert [text for text in watched.complaints if "ERR_INTERNET_DISCONNECTED" not in text] == []


def test_the_network_is_cut_in_the_middle_of_a_module(device: Device) -> None:
    page, (first, second, *rest) = device.page, MODULE.steps
    page.get_by_role("link", name=re.compile("Without a connection")).first.click()
    expect(page.locator("#keep")).to_contain_text(re.compile(r"It takes [\d,.]+.[kM]B on this device"))
    assert axe(page) == []
    device.keep()
    page.goto(device.step(first))
    device.press("Continue without answering" if first.question else "Continue")
    device.at(second)
    device.context.set_offline(True)
    waiting = 0
    for one in (second, *rest):
        device.at(one)
        if one.content_note:
            page.get_by_text("Read the step", exact=True).click()
        if isinstance(one.question, Choice):
            device.choose(one)
            waiting += 1
            expect(page.get_by_text("This fits").locator("visible=true").first).to_be_visible()
            device.waits(waiting)
            assert axe(page) == []
            assert sideways(page) <= 0
        device.press(onwards(one))
        waiting += 1
        expect(page.get_by_text("A copy kept on this device")).to_be_visible()
        device.waits(waiting)
    expect(page.get_by_role("heading", level=1)).to_have_text(MODULE.title)
    page.goto(f"{device.course}/assessment")
    expect(page.get_by_text("This page needs a connection")).to_be_visible()
    expect(page.get_by_text("You cannot take an assessment or hand in a scenario")).to_be_visible()
    device.waits(waiting)
    assert axe(page) == []
    page.get_by_role("link", name="This is hard: I would like someone to get in touch").click()
    expect(page.get_by_text("Asking for someone to get in touch needs a connection")).to_be_visible()
    expect(page.get_by_text("You cannot take an assessment")).to_be_hidden()
    page.locator("#hard").get_by_role("link", name="Help now").click()
    expect(page.get_by_role("heading", name="If somebody’s life is in danger, call now")).to_be_visible()
    page.goto(device.step(second))
    device.waits(waiting)
    enrolment = int(device.course.rpartition("/")[2])
    asked = "SELECT count(*) FROM sent_later WHERE enrolment_id = ?"
    assert rows(device.server, asked, enrolment) == [(0,)]

    device.back_online()
    page.goto(device.course)
    page.goto(device.step(second))
    assert rows(device.server, asked, enrolment) == [(waiting,)]
    done = "SELECT count(*) FROM step_progress WHERE enrolment_id = ?"
    assert rows(device.server, done, enrolment) == [(len(MODULE.steps),)]
    practised = "SELECT count(*), max(version) FROM practice_answer WHERE enrolment_id = ?"
    questions = sum(isinstance(one.question, Choice) for one in (second, *rest))
    assert rows(device.server, practised, enrolment) == [(questions, 1)]
    expect(page.get_by_role("heading", name="Your answer")).to_be_visible()


def test_a_conversation_without_a_connection_and_what_cannot_wait(device: Device) -> None:
    page, course = device.page, loader.load(courses_dir() / "first-conversation")
    enrolment = int(device.course.rpartition("/")[2])
    one = next(step for _module, step in course.steps() if step.conversation)
    talk = course.conversation(one.conversation or "")
    assert talk
    for module in course.modules[:-1]:
        for step in module.steps:
            done(device.server, enrolment, step)
    device.keep(course.modules[-1])
    page.goto("/support")
    device.context.set_offline(True)
    page.get_by_label("What would you like them to know?").fill("It was <b>a lot</b> today.")
    page.get_by_role("button", name="Ask them to get in touch").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are offline")
    expect(page.get_by_text("It was <b>a lot</b> today.")).to_be_visible()
    assert axe(page) == []

    page.goto(device.step(one))
    page.get_by_text("Read the step", exact=True).click()
    page.get_by_role("link", name="Go to the conversation").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(talk.title)
    wrong = next(choice for choice in talk.scenes[0].choices if choice.feedback_now)
    for choice in (wrong, None, *(turn.choice for turn in playing.helpful_way(talk).turns)):
        if choice is None:
            device.press("Go back one choice")
            continue
        page.locator(f"input[name=choice][value={choice.id}]").check()
        device.press("Go on with this")
        expect(page.locator("#said .you")).to_contain_text(choice.say)
        expect(page.locator("#scene")).to_have_text(talk.title_of(choice.next))
        expect(page.locator("#scene")).to_be_focused()
        device.waits(1)
        assert axe(page) == []
        assert sideways(page) <= 0
    expect(page.locator("#turns > li")).to_have_count(len(playing.helpful_way(talk).turns))
    device.press("Continue with the course")
    device.waits(2)
    device.back_online()
    found = rows(device.server, "SELECT path, ended_at FROM conversation_run WHERE enrolment_id = ?", enrolment)
    assert json.loads(found[0][0]) == playing.helpful_way(talk).keys
    assert found[0][1]
    asked = "SELECT way FROM step_progress WHERE enrolment_id = ? AND step = ?"
    assert rows(device.server, asked, enrolment, one.id) == [("read",)]


def done(server: Server, enrolment: int, one: Step) -> None:
    """Count a step as done, so that the next module opens."""
    found = sqlite_module().connect(str(server.data / "mhfa.db"), timeout=60)
    question = (
        "INSERT INTO step_progress (enrolment_id, step, way, done_at) VALUES (?, ?, 'read', '2026-11-21 12:00:00')"
    )
    found.execute(question, (enrolment, one.id))
    found.commit()
    found.close()


def onwards(one: Step) -> str:
    """The button that goes on: questions of other kinds than choices are left unanswered here."""
    return "Continue without answering" if one.question and not isinstance(one.question, Choice) else "Continue"


def asking() -> Step:
    return next(one for one in MODULE.steps if isinstance(one.question, Choice) and not one.content_note)


def test_two_devices_answer_the_same_question_and_neither_answer_is_lost(
    device: Device, chromium: Browser, server: Server
) -> None:
    one, page = asking(), device.page
    device.keep()
    page.goto(device.step(one))
    device.context.set_offline(True)
    device.choose(one, right=False)
    device.waits(1)
    # A second window knows of it, and a change of mind before it is sent replaces it.
    other = device.context.new_page()
    other.goto(device.step(one))
    expect(other.locator("#waits")).to_contain_text("Waiting on this device: 1.")
    other.close()

    context, watched = open_page(chromium, server)
    sign_in(watched.page, server, "twodevicesanswerthesamequestionandneithe@example.org", PASSWORD)
    watched.page.goto(device.step(one))
    elsewhere = Device(server, context, watched.page, device.course)
    elsewhere.choose(one)
    expect(watched.page.get_by_text("This fits").first).to_be_visible()
    context.close()

    device.back_online("You had done the same on another device too")
    page.goto(device.course)
    follow(page.get_by_role("link", name="See both and choose one"))
    assert axe(page) == []
    for right in (True, False):
        text = next(option.text for option in choices(one) if option.correct is right)
        expect(page.locator("main li", has_text=text)).to_have_count(1)
    page.get_by_role("button", name="Let this one count").click()
    expect(page.get_by_text("There is nothing to choose.")).to_be_visible()
    page.goto(device.step(one))
    expect(page.get_by_text("Look at it again").first).to_be_visible()


def test_signing_out_removes_everything_and_the_next_person_sees_nothing(
    device: Device, chromium: Browser, server: Server
) -> None:
    one, page = asking(), device.page
    device.keep()
    caches, held = device.held()
    assert len(caches) == 1
    assert set(held) == {"facts"}
    device.context.set_offline(True)
    page.goto(device.step(one))
    device.choose(one)
    device.waits(1)
    device.back_online()
    page.goto(device.course)
    device.press("Sign out")
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    assert device.held() == ([], {})
    assert page.evaluate("navigator.serviceWorker.getRegistrations().then(found => found.length)") == 0
    device.context.set_offline(True)
    with pytest.raises(Error):
        page.goto(device.step(one))


def test_a_session_that_ended_elsewhere_locks_the_copies_and_the_answers_wait_for_the_same_person(
    device: Device, server: Server
) -> None:
    one, page = asking(), device.page
    email = "asessionthatendedelsewherelocksthecopies@example.org"
    next_one = somebody(server, "nextone")
    device.keep()
    device.context.set_offline(True)
    page.goto(device.step(one))
    device.choose(one)
    device.waits(1)
    device.context.clear_cookies(name="session")
    device.back_online("You are signed out: sign in again, and they are sent.")
    device.context.set_offline(True)
    with pytest.raises(Error):
        page.goto(device.step(one))
    device.context.set_offline(False)

    sign_in(page, server, next_one, PASSWORD)
    expect(page).to_have_url(re.compile("/home$"))
    assert device.held()[0] == []
    assert device.held()[1]["waiting"] == 1
    device.context.set_offline(True)
    with pytest.raises(Error):
        page.goto(device.step(one))
    device.context.set_offline(False)
    sent = "SELECT count(*) FROM sent_later WHERE enrolment_id = ?"
    enrolment = int(device.course.rpartition("/")[2])
    assert rows(server, sent, enrolment) == [(0,)]

    device.context.clear_cookies(name="session")
    sign_in(page, server, email, PASSWORD)
    page.goto(device.course)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_function(f"async () => !(await ({HELD})()).waiting")
    assert rows(server, sent, enrolment) == [(1,)]


def test_the_same_module_with_javascript_off(chromium: Browser, server: Server) -> None:
    context, watched = open_page(chromium, server, java_script_enabled=False, viewport=PHONE)
    page = watched.page
    sign_in(page, server, somebody(server, "plain"), PASSWORD)
    follow(page.get_by_role("button", name="Start this course"))
    course = page.url
    page.goto(f"{course}/module/{MODULE.id}")
    expect(page.get_by_text("Keeping a module needs JavaScript.")).to_be_visible()
    expect(page.get_by_role("button", name="Keep this module on this device")).to_be_hidden()
    for one in MODULE.steps:
        page.goto(f"{course}/step/{one.id}")
        if one.content_note:
            follow(page.get_by_role("link", name="Read the step"))
        if isinstance(one.question, Choice):
            Device(server, context, page, course).choose(one)
            expect(page.get_by_text("This fits").first).to_be_visible()
        follow(page.get_by_role("button", name=onwards(one), exact=True))
    expect(page.get_by_text(f"You have finished the module “{MODULE.title}”.")).to_be_visible()
    context.close()
