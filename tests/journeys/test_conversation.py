"""A conversation in the browser: a hurtful word, mending it, another way, the map. By keyboard with axe in every look
of the page; and with JavaScript off, going on where another device stopped."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import PHONE, Server, axe, open_page, sideways, sign_in
from tests.journeys.hands import Hand, Keyboard, Pointer

STEP = "suicide-a-talk-with-leyla"


def begin(page: Page, server: Server, who: str) -> str:
    """Sign in and open the step; returns its address."""
    sign_in(page, server, who)
    href = page.locator(".hero a[href*='/learn/']").first.get_attribute("href")
    found = re.search(r"/learn/\d+", href or "")
    assert found
    step = f"{found.group()}/step/{STEP}"
    page.goto(step)
    return step


def say(hand: Hand, words: str) -> None:
    row = hand.page.locator("main label.choice", has_text=words).locator("span").first
    hand.choose({row.inner_text().strip()})
    hand.press(hand.page.get_by_role("button", name="Go on with this"))


def look(page: Page, found: list[str]) -> None:
    """Look at a page in the light, in the dark, and from right to left on a phone."""
    size = page.viewport_size
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found += [f"{page.url} {scheme}: {one}" for one in axe(page)]
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 320, "height": 640})
    page.evaluate("document.documentElement.dir = 'rtl'")
    assert sideways(page) <= 0, page.url
    found += [f"{page.url} rtl: {one}" for one in axe(page)]
    page.evaluate("document.documentElement.dir = 'ltr'")
    assert size
    page.set_viewport_size(size)


def test_by_keyboard_with_axe(page: Page, server: Server) -> None:
    found: list[str] = []
    step = begin(page, server, "learner")
    hand = Keyboard(page)
    hand.press(page.get_by_role("link", name="Read the step"))
    hand.press(page.get_by_role("link", name="Begin the conversation"))
    look(page, found)
    hand.press(page.get_by_role("button", name="Go on with this"))
    expect(page).to_have_title(re.compile("^Error: "))
    look(page, found)
    say(hand, "where’s our joker")
    expect(page.get_by_text("only the cheerful Leyla is welcome")).to_be_visible()
    look(page, found)
    hand.press(page.get_by_role("button", name="Go back one choice"))
    say(hand, "where’s our joker")
    say(hand, "Please wait.")
    say(hand, "too strong")
    say(hand, "I got a fright")
    say(hand, "You’ll feel better now")
    expect(page.get_by_role("heading", name="Half of it")).to_be_visible()
    look(page, found)
    hand.press(page.get_by_role("link", name="See the way you took"))
    expect(page.get_by_role("img", name="5 choices")).to_be_visible()
    look(page, found)
    hand.press(page.get_by_role("button", name="Go back to 5 and choose again"))
    say(hand, "So tired, and still Sundays")
    expect(page.get_by_role("heading", name="How close it is")).to_be_visible()
    page.goto(step + "?whole=1")
    hand.press(page.get_by_role("button", name="Continue", exact=True))
    expect(page.get_by_role("heading", level=1)).not_to_contain_text("Leyla")
    assert found == []


def test_without_javascript_and_on_another_device(plain_page: Page, chromium: Browser, server: Server) -> None:
    step = begin(plain_page, server, "jamal.carter")
    hand = Pointer(plain_page)
    hand.press(plain_page.get_by_role("link", name="Read the step"))
    hand.press(plain_page.get_by_role("link", name="Begin the conversation"))
    say(hand, "Put the crate down.")
    say(hand, "What are the nights like?")
    context, other = open_page(chromium, server, java_script_enabled=False, viewport=PHONE)
    sign_in(other.page, server, "jamal.carter")
    other.page.goto(step + "/conversation")
    expect(other.page.get_by_role("heading", name="Three in the morning")).to_be_visible()
    say(Pointer(other.page), "anything silly")
    context.close()
    # The first device still shows the scene before: its choice is made there, in place of the other one.
    say(hand, "Leyla, are you thinking of suicide?")
    expect(plain_page.get_by_role("heading", name="The answer")).to_be_visible()
    say(hand, "Thank you for telling me")
    say(hand, "So tired, and still Sundays")
    say(hand, "It stays between the two of us")
    say(hand, "I said yes too fast")
    say(hand, "Shall we ring her together")
    say(hand, "on Wednesday we cook")
    hand.press(plain_page.get_by_role("link", name="See the way you took"))
    expect(plain_page.get_by_text("a promise that could have done harm is mended")).to_be_visible()
    hand.press(plain_page.get_by_role("button", name="Continue with the course"))
    expect(plain_page.get_by_role("heading", level=1)).not_to_contain_text("Leyla")


def test_the_map_that_administrators_see(page: Page, server: Server) -> None:
    found: list[str] = []
    sign_in(page, server, "admin")
    page.goto("/admin/courses/first-conversation")
    page.get_by_role("link", name="Map of “Leyla, after closing time”").click()
    expect(page.get_by_role("img", name="Leyla, after closing time")).to_be_visible()
    look(page, found)
    assert found == []
