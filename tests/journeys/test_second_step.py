"""The second step of signing in, on an installation that is no demonstration: an administrator with a passkey, a
safeguarding lead with an app, and a recovery code for when the phone is lost. With axe on every page."""

import re
import time
from collections.abc import Iterator
from typing import Any

import pyotp
import pytest
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, expect

from tests.journeys.conftest import PHONE, Server, axe, open_page, sideways, sign_in, started_server
from tests.journeys.hands import Hand, Keyboard, Pointer

PASSWORD = "quiet harbour lantern"
# What answers in place of a person's finger (Chromium's DevTools protocol, WebAuthn domain).
AUTHENTICATOR: dict[str, Any] = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
Passkeys = tuple[CDPSession, str]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The platform for real, with three people who must have a second step."""
    with started_server(tmp_path_factory.mktemp("second-step"), demo=False) as running:
        running.command("organisations", "create", "harbour", "--name", "Harbour Schools")
        for name, wanted in (
            ("Ada", ["--admin"]),
            ("Sam", ["--role", "safeguarding"]),
            ("Rosa", ["--role", "safeguarding"]),
        ):
            running.command(
                *("users", "create", "--email", f"{name.lower()}@example.org", "--name", name),
                *("--organisation", "harbour", "--password-stdin", *wanted),
                typed=f"{PASSWORD}\n",
            )
        yield running


@pytest.fixture
def window(chromium: Browser, site: Server) -> Iterator[tuple[BrowserContext, Page]]:
    context, watched = open_page(chromium, site)
    yield context, watched.page
    context.close()
    assert watched.complaints == []


def authenticator(context: BrowserContext, page: Page) -> Passkeys:
    """Give the browser a place for passkeys."""
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    return session, made["authenticatorId"]


def uses(passkeys: Passkeys) -> list[int]:
    """Return how often each passkey was used."""
    session, authenticator_id = passkeys
    found = session.send("WebAuthn.getCredentials", {"authenticatorId": authenticator_id})
    return [one["signCount"] for one in found["credentials"]]


def look(page: Page) -> None:
    assert axe(page) == []
    assert sideways(page) <= 0


def held_back(page: Page, site: Server, who: str) -> None:
    """Sign in for the first time, and be led to the page that says why there is one more step."""
    sign_in(page, site, f"{who}@example.org", PASSWORD)
    expect(page).to_have_url(re.compile("/account/second-step$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("One more step before you go on")
    page.goto("/home")
    expect(page).to_have_url(re.compile("/account/second-step$"))


def set_app_up(hand: Hand) -> tuple[str, list[str]]:
    """Set an app up; returns its secret and the recovery codes."""
    page = hand.page
    hand.press(page.get_by_role("link", name="Set up an app"))
    secret = page.locator("main code").inner_text().replace(" ", "")
    hand.write("Code from your app", pyotp.TOTP(secret).now())
    hand.press(page.get_by_role("button", name="Save the app"))
    hand.press(page.get_by_role("button", name="Show my ten codes"))
    codes = page.locator("ol code").all_inner_texts()
    assert len(codes) == 10
    return secret, codes


def sign_out(hand: Hand) -> None:
    hand.press(hand.page.get_by_role("contentinfo").get_by_role("button", name="Sign out"))
    expect(hand.page).to_have_url(re.compile("/sign-in$"))


def administrator_with_a_passkey(site: Server, window: tuple[BrowserContext, Page]) -> None:
    context, page = window
    hand, passkeys = Keyboard(page), authenticator(context, page)
    held_back(page, site, "ada")
    look(page)
    hand.press(page.get_by_role("link", name="Make a passkey"))
    look(page)
    hand.write("What to call it", "Ada’s phone")
    hand.press(page.get_by_role("button", name="Make the passkey"))
    expect(page).to_have_url(re.compile("/account/second-step/codes$"))
    look(page)
    hand.press(page.get_by_role("button", name="Show my ten codes"))
    look(page)
    hand.press(page.get_by_role("link", name="I have kept them, go on"))
    expect(page).to_have_url(re.compile("/home$"))
    page.goto("/account/second-step")
    expect(page.get_by_text("Ada’s phone").first).to_be_visible()
    look(page)
    sign_out(hand)
    sign_in(page, site, "ada@example.org", PASSWORD)
    expect(page).to_have_url(re.compile("/sign-in/second-step$"))
    look(page)
    before = uses(passkeys)
    hand.press(page.get_by_role("button", name="Use my passkey"))
    expect(page).to_have_url(re.compile("/home$"))
    assert uses(passkeys) == [before[0] + 1]
    page.goto("/admin")
    expect(page).to_have_url(re.compile("/admin$"))


def test_an_administrator_with_and_without_a_passkey(
    chromium: Browser, site: Server, window: tuple[BrowserContext, Page]
) -> None:
    """In a browser without the passkey, the page says that it did not work, and stays usable."""
    first, watched = open_page(chromium, site)
    administrator_with_a_passkey(site, (first, watched.page))
    first.close()
    context, page = window
    authenticator(context, page)
    sign_in(page, site, "ada@example.org", PASSWORD)
    page.get_by_role("button", name="Use my passkey").click()
    expect(page.get_by_text("That did not work")).to_be_visible()
    look(page)
    expect(page.get_by_role("button", name="Use my passkey")).to_be_enabled()
    expect(page.get_by_role("link", name="Use a recovery code")).to_be_visible()


def test_a_safeguarding_lead_with_an_app(site: Server, window: tuple[BrowserContext, Page]) -> None:
    _context, page = window
    hand = Keyboard(page)
    held_back(page, site, "sam")
    secret, _codes = set_app_up(hand)
    look(page)
    sign_out(hand)
    sign_in(page, site, "sam@example.org", PASSWORD)
    look(page)
    hand.write("Code from your app", "000000")
    hand.press(page.locator("main").get_by_role("button", name="Sign in"))
    expect(page).to_have_title(re.compile("^Error: "))
    look(page)
    # The code of this half-minute set the app up; the next one is taken as well.
    hand.write("Code from your app", pyotp.TOTP(secret).at(time.time() + 30))
    hand.press(page.locator("main").get_by_role("button", name="Sign in"))
    expect(page).to_have_url(re.compile("/home$"))
    assert "app that shows codes was added" in site.wait_for_mail("sam@example.org", "A second step was added")


def test_a_lost_phone_without_javascript(chromium: Browser, site: Server) -> None:
    """Set up and lost on a phone without JavaScript: a recovery code lets in once, and the command lets in again."""
    context, watched = open_page(chromium, site, java_script_enabled=False, viewport=PHONE)
    page = watched.page
    hand = Pointer(page)
    held_back(page, site, "rosa")
    _secret, codes = set_app_up(hand)
    sign_out(hand)
    sign_in(page, site, "rosa@example.org", PASSWORD)
    hand.press(page.get_by_role("link", name="Use a recovery code"))
    hand.write("Recovery code", codes[0].lower())
    hand.press(page.locator("main").get_by_role("button", name="Sign in"))
    expect(page).to_have_url(re.compile("/home$"))
    assert "one of your recovery codes" in site.wait_for_mail("rosa@example.org", "A recovery code was used")
    site.command("users", "reset-second-step", "--email", "rosa@example.org")
    page.goto("/home")
    expect(page).to_have_url(re.compile("/sign-in"))
    held_back(page, site, "rosa")
    context.close()
