"""Care in a real browser: a hard step, a pause, asking for somebody, who reads it, and leaving the page at once.

Once with the keyboard and axe on every page, once on a phone without JavaScript.
"""

import re
import sqlite3
import time
from contextlib import closing

from playwright.sync_api import Page, Route, expect

from tests.journeys.conftest import PHONE, Server, axe, follow, sideways, sign_in
from tests.journeys.hands import Hand, Keyboard, Pointer

ASK = "This is hard: I would like someone to get in touch"
WORDS = "The part on drink was close to home."


def look(page: Page, *, scripted: bool) -> None:
    """Look at a page as it is, on a phone, and in the dark."""
    if not scripted:
        return
    assert axe(page) == []
    wide = page.viewport_size
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="dark")
    assert axe(page) == []
    assert sideways(page) <= 0
    page.emulate_media(color_scheme="light")
    assert wide
    page.set_viewport_size(wide)


def ask(hand: Hand, *, scripted: bool) -> None:
    """From a hard step over a pause to asking somebody to get in touch."""
    page = hand.page
    page.goto("/learn")
    hand.press(page.locator("main a[href*='/learn/']").first)
    course = re.search(r"/learn/(\d+)", page.url)
    assert course
    page.goto(f"/learn/{course.group(1)}/step/starting-drink-and-drugs")
    if page.get_by_role("link", name="Read the step").count():
        hand.press(page.get_by_role("link", name="Read the step"))
    hand.press(page.get_by_role("link", name="Take a pause"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Take your time")
    look(page, scripted=scripted)
    hand.press(page.get_by_role("link", name=ASK))
    expect(page.get_by_role("heading", level=1)).to_have_text("Would you like someone to get in touch?")
    look(page, scripted=scripted)
    hand.write("What would you like them to know?", WORDS)
    hand.press(page.get_by_role("button", name="Ask them to get in touch"))
    expect(page.get_by_role("heading", name="Your request is there")).to_be_visible()
    look(page, scripted=scripted)


def look_after(hand: Hand, name: str, *, scripted: bool) -> None:
    """The lead finds it, acknowledges it, and closes it with a note."""
    page = hand.page
    hand.press(page.get_by_role("link", name="Cases").first)
    look(page, scripted=scripted)
    hand.press(page.get_by_role("link", name=name))
    expect(page.get_by_text(WORDS)).to_be_visible()
    look(page, scripted=scripted)
    hand.press(page.get_by_role("button", name="Acknowledge"))
    hand.write("Note for you and the other leads", "We talked.")
    hand.press(page.get_by_role("button", name="Close the case"))
    expect(page.get_by_text("The case is closed.")).to_be_visible()


def test_with_the_keyboard(page: Page, server: Server) -> None:
    sign_in(page, server, "learner")
    ask(Keyboard(page), scripted=True)
    mail = server.wait_for_mail("safeguarding@", "Something waits for you")
    assert "Lena" not in mail
    assert WORDS not in mail
    page.context.clear_cookies()
    sign_in(page, server, "safeguarding")
    look_after(Keyboard(page), "Lena Okafor", scripted=True)
    page.context.clear_cookies()
    sign_in(page, server, "learner")
    page.goto("/support")
    expect(page.get_by_role("heading", name="This is finished")).to_be_visible()


def test_on_a_phone_without_javascript(plain_page: Page, server: Server) -> None:
    page = plain_page
    sign_in(page, server, "jamal.carter")
    ask(Pointer(page), scripted=False)
    page.context.clear_cookies()
    sign_in(page, server, "safeguarding")
    page.goto("/safeguarding")
    page.get_by_role("link", name="Jamal Carter").click()
    expect(page.get_by_text(WORDS)).to_be_visible()
    page.context.clear_cookies()
    sign_in(page, server, "jamal.carter")
    page.goto("/support")
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_role("heading", name="You have taken your request back")).to_be_visible()


def kept(server: Server) -> int:
    """How many people's unsent words are kept."""
    with closing(sqlite3.connect(server.data / "mhfa.db", timeout=30)) as database:
        return int(database.execute("SELECT count(*) FROM contact_draft").fetchone()[0])


def wait_until_kept(server: Server) -> None:
    """Wait until the words that the page sent when it was left have arrived; no page says so any more."""
    end = time.monotonic() + 60
    while not kept(server):
        assert time.monotonic() < end, "the words never arrived"
        time.sleep(0.1)


def test_words_survive_leaving_at_once_and_come_back_after_signing_in(page: Page, server: Server) -> None:
    page.context.route(re.compile(r"^https://"), lambda route: route.fulfill(body="<title>Elsewhere</title>"))
    sign_in(page, server, "ana.ribeiro")
    page.goto("/support")
    box = page.get_by_label("What would you like them to know?")
    box.fill("It is about my brother.")
    follow(page.get_by_role("link", name="Leave this page"))
    wait_until_kept(server)
    page.goto("/support")
    expect(box).to_have_value("")
    page.context.clear_cookies()
    sign_in(page, server, "ana.ribeiro")
    page.goto("/support")
    expect(box).to_have_value("It is about my brother.")
    look(page, scripted=True)
    # Words that were still to be sent are not sent when the page ends.
    box.fill("It is about my sister.")
    follow(page.get_by_role("button", name="Remove it"))
    expect(page.get_by_text("What you wrote here is gone.")).to_be_visible()
    expect(box).to_have_value("")
    time.sleep(2)
    assert kept(server) == 0


def test_leaving_at_once_takes_the_page_out_of_the_history(page: Page, server: Server) -> None:
    def elsewhere(route: Route) -> None:
        route.fulfill(body="<title>Elsewhere</title><p>Weather", content_type="text/html")

    page.context.route(re.compile(r"^https://"), elsewhere)
    sign_in(page, server, "safeguarding")
    for address in ("/support", "/safeguarding", "/safeguarding/1"):
        page.goto("/account")
        page.goto(address)
        for _press in range(3):
            page.keyboard.press("Shift")
        expect(page).to_have_title("Elsewhere")
        page.go_back()
        expect(page).to_have_url(re.compile("/account$"))
