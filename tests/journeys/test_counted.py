"""What a journey may cost, counted while it is made: every click, tap and key press goes through a hand that counts.

Each is made with JavaScript and without. Signing in and typing are not counted, choosing is.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.journeys.conftest import PHONE, Server, follow, link_in, open_page, sign_in
from tests.journeys.test_life_of_a_first_aider import address_in_qr

# As the design has it.
MOST: Final = {
    "resume": 1,
    "mark": 5,
    "renew": 3,
    "export": 3,
    "check": 1,
    "help": 1,
    "language": 2,
    "step": 2,
    "format": 3,
}
SCRIPTS: Final = pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without"])


class Counting:
    """A hand that counts what it does."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.count = 0

    def go(self, target: Locator) -> None:
        """Follow a link or press a button, and wait for the page it leads to."""
        self.count += 1
        follow(target)

    def choose(self, target: Locator) -> None:
        """Choose an option."""
        self.count += 1
        target.check()

    def key(self, key: str) -> None:
        """Press a key."""
        self.count += 1
        self.page.keyboard.press(key)


@contextmanager
def counted(
    journey: str, chromium: Browser, server: Server, who: str | None, *, script: bool, **more: object
) -> Iterator[Counting]:
    """Let somebody make a journey; it may not cost more than it may."""
    context, watched = open_page(chromium, server, java_script_enabled=script, **more)
    if who:
        sign_in(watched.page, server, who)
    hand = Counting(watched.page)
    yield hand
    context.close()
    assert 0 < hand.count <= MOST[journey]
    assert watched.complaints == []


@SCRIPTS
def test_resume_from_home(chromium: Browser, server: Server, script: bool) -> None:
    with counted("resume", chromium, server, "learner", script=script, viewport={"width": 375, "height": 667}) as hand:
        go_on = hand.page.locator(".hero .btn").first
        box = go_on.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 667, "the button is below the fold"
        hand.go(go_on)
        expect(hand.page).to_have_url(re.compile("/step/"))


def test_mark_one_answer_with_keys(chromium: Browser, server: Server) -> None:
    with counted("mark", chromium, server, "instructor", script=True) as hand:
        page = hand.page
        page.goto("/mark")
        follow(page.locator("form[action='/mark/next'] button, main a.btn[href^='/mark/']").first)
        expect(page.locator("fieldset.crit[data-crit='']")).to_have_count(4)
        before = page.url
        for _criterion in range(4):
            hand.key("3")
        with page.expect_navigation():
            hand.key("Control+Enter")
        expect(page).to_have_url(re.compile(r"/mark/\d+$"))
        assert page.url != before
        assert page.locator("fieldset.crit input:checked").count() == 0


def test_mark_one_answer_without_javascript(chromium: Browser, server: Server) -> None:
    """Nothing sets the required action from a level here, so each line takes one click, and saving one."""
    context, watched = open_page(chromium, server, java_script_enabled=False)
    page = watched.page
    sign_in(page, server, "instructor")
    page.goto("/mark")
    follow(page.locator("form[action='/mark/next'] button, main a.btn[href^='/mark/']").first)
    hand, lines = Counting(page), page.locator("fieldset.crit").all()
    for line in lines:
        hand.choose(line.locator("input").nth(2 if line.locator("input").count() == 4 else 0))
    hand.go(page.locator("#mark .btn.big"))
    assert hand.count == len(lines) + 1
    expect(page).to_have_url(re.compile(r"/mark/\d+$"))
    context.close()


@pytest.mark.parametrize(
    ("who", "script"), [("minh.tran", True), ("yusuf.demir", False)], ids=["with JavaScript", "without"]
)
def test_renew_from_a_reminder(chromium: Browser, server: Server, who: str, script: bool) -> None:
    mail = server.wait_for_mail(f"{who}@demo.example", "valid until", by_day=True)
    with counted("renew", chromium, server, None, script=script, viewport=PHONE) as hand:
        page = hand.page
        hand.count += 1
        page.goto(link_in(mail[mail.index("http") :]))
        expect(page).to_have_url(re.compile("/sign-in"))
        page.get_by_label("E-mail address").fill(f"{who}@demo.example")
        page.locator("input[type=password]").fill(server.password)
        hand.go(page.locator("main").get_by_role("button", name="Sign in"))
        expect(page).to_have_url(re.compile("/certificates/.+/renew"))
        hand.go(page.get_by_role("button", name="Renew now"))
        expect(page).to_have_url(re.compile(r"/learn/\d+"))


@SCRIPTS
def test_export_the_register_of_one_site(chromium: Browser, server: Server, script: bool) -> None:
    with counted("export", chromium, server, "coordinator", script=script) as hand:
        page = hand.page
        hand.go(page.get_by_role("navigation", name="Main").get_by_role("link", name="Overview").first)
        row = page.locator("tr", has_text="Millpond Middle School")
        hand.go(row.get_by_role("link", name="Register"))
        hand.count += 1
        with page.expect_download() as download:
            page.get_by_role("link", name=re.compile("as CSV")).click()
        header, *rows = Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()
        assert header.startswith("certificate_number,name,organisation,site")
        assert rows
        assert all("Millpond Middle School" in one for one in rows)


@SCRIPTS
def test_check_a_certificate_by_its_qr_code(chromium: Browser, server: Server, tmp_path: Path, script: bool) -> None:
    """Zoë's is the one the demonstration leaves for the worker to draw."""
    context, watched = open_page(chromium, server)
    page = watched.page
    sign_in(page, server, "zoe.papadaki")
    page.goto("/certificates")
    follow(page.get_by_role("link", name="First conversation").first)
    code = page.url.rsplit("/", 1)[1]
    for _wait in range(240):
        answer = context.request.get(f"/certificates/{code}.pdf")
        # Until it is drawn, the address leads back to the page that says so.
        if answer.headers["content-type"] == "application/pdf":
            break
        page.wait_for_timeout(500)
    address = address_in_qr(tmp_path, answer.body())
    context.close()
    with counted("check", chromium, server, None, script=script, viewport=PHONE) as hand:
        # Scanning opens the address: that is the one tap.
        hand.count += 1
        hand.page.goto(address)
        expect(hand.page.locator("#main").get_by_text("Zoë Papadáki")).to_be_visible()
        expect(hand.page.locator("#main").get_by_text("valid", exact=False).first).to_be_visible()


@SCRIPTS
@pytest.mark.parametrize("start", ["/", "/home", "/no-such-page", "/sign-in"])
def test_find_help_now(chromium: Browser, server: Server, start: str, script: bool) -> None:
    """That every page has the link is held by tests/web/test_every_page.py."""
    who = "learner" if start == "/home" else None
    with counted("help", chromium, server, who, script=script, viewport=PHONE) as hand:
        hand.page.goto(start)
        hand.go(hand.page.get_by_role("link", name="Help now").first)
        # Where the country is known its number is a link; elsewhere a sentence says how to find it.
        expect(hand.page.locator("main a[href^='tel:'], main p:text('emergency number')").first).to_be_visible()


@SCRIPTS
def test_switch_the_language_in_the_middle_of_a_step(chromium: Browser, server: Server, script: bool) -> None:
    with counted("language", chromium, server, "jamal.carter", script=script, viewport=PHONE) as hand:
        page = hand.page
        follow(page.locator(".hero .btn").first)
        on = page.get_by_role("button", name=re.compile(r"^Continue( without answering)?$"))
        read = page.get_by_role("link", name="Read the step")
        while not page.locator("#answering input[type=radio]").count():
            follow(read.or_(on).first)
        address = page.url
        page.locator("#answering input[name=choice]").nth(1).check()
        hand.go(page.get_by_role("button", name="English (test: right to left)"))
        assert page.url.split("?")[0] == address.split("?")[0]
        expect(page.locator("html")).to_have_attribute("dir", "rtl")
        expect(page.locator("#answering input[name=choice]").nth(1)).to_be_checked()
        hand.go(page.locator("button[name=language][value=en]"))
        expect(page.locator("html")).to_have_attribute("dir", "ltr")
        expect(page.locator("#answering input[name=choice]").nth(1)).to_be_checked()


@SCRIPTS
def test_switch_the_language_while_writing(chromium: Browser, server: Server, script: bool) -> None:
    with counted("language", chromium, server, "ana.ribeiro", script=script, viewport=PHONE) as hand:
        page = hand.page
        follow(page.locator("main a[href*='/scenario/']").first)
        words = f"I would sit down and listen, {'with' if script else 'without'} a script.\n\nThen ask."
        page.locator("textarea").fill(words)
        hand.go(page.get_by_role("button", name="English (test: right to left)"))
        expect(page.locator("html")).to_have_attribute("dir", "rtl")
        expect(page.locator("textarea")).to_have_value(words)
        hand.go(page.locator("button[name=language][value=en]"))
        expect(page.locator("textarea")).to_have_value(words)


@pytest.mark.parametrize(
    ("who", "script"), [("ines.moreau", False), ("piotr.zielinski", True)], ids=["without", "with JavaScript"]
)
def test_a_whole_module(chromium: Browser, server: Server, who: str, script: bool) -> None:
    context, watched = open_page(chromium, server, java_script_enabled=script, viewport=PHONE)
    page = watched.page
    sign_in(page, server, who)
    follow(page.locator(".hero .btn").first)
    costs: list[int] = []
    while "/step/" in page.url and len(costs) < 12:
        hand = Counting(page)
        read = page.get_by_role("link", name="Read the step")
        if read.count():
            hand.go(read)
        hand.go(page.get_by_role("button", name=re.compile("^Continue( without answering)?$")))
        costs.append(hand.count)
    context.close()
    assert len(costs) >= 6
    assert max(costs) <= MOST["step"]


@SCRIPTS
@pytest.mark.parametrize("who", ["learner", None])
def test_ask_for_another_format(chromium: Browser, server: Server, who: str | None, script: bool) -> None:
    with counted("format", chromium, server, who, script=script, viewport=PHONE) as hand:
        page = hand.page
        if who is None:
            page.goto("/courses")
        hand.go(page.get_by_role("link", name="Ask for another format"))
        hand.choose(page.get_by_label("Large print"))
        if who is None:
            page.get_by_label("How can we reach you?").fill("0113 496 0000")
        hand.go(page.get_by_role("button", name="Send"))
        expect(page.get_by_role("heading", name="We have your request")).to_be_visible()
