"""Every screen as its people see it: axe, no sideways scroll, and targets large enough, in light, dark and
right-to-left, on a phone and on a desk."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from tests.journeys.conftest import DESK, PHONE, Server, axe, open_page, sideways, sign_in

NARROW: ViewportSize = {"width": 320, "height": 640}
MODES: dict[str, dict[str, Any]] = {
    "desk, light": {"viewport": DESK},
    "desk, dark": {"viewport": DESK, "color_scheme": "dark"},
    "phone, light": {"viewport": PHONE},
    "phone, dark, right-to-left": {"viewport": PHONE, "color_scheme": "dark"},
    "desk, right-to-left": {"viewport": DESK},
}
SCREENS: dict[str, list[str]] = {
    "nobody": [
        *("/", "/help", "/help?country=US", "/courses", "/courses/first-conversation", "/v", "/v/0000000000000000"),
        *(
            "/v?code=nonsense",
            "/privacy",
            "/accessibility",
            "/sign-in",
            "/forgot",
            "/join/alder-valley",
            "/no-such-page",
        ),
    ],
    "learner": ["/home", "link:/learn/", "hero", "/certificates", "/account", "/account/password", "/account/address"],
    "educator": ["/home", "/certificates", "link:/certificates/"],
    "second.instructor": ["/account/organisations"],
    "instructor": ["/mark", "link:/mark/", "/mark/attempts", "link:/mark/attempts/"],
    "coordinator": [
        *(
            "/coordinate",
            "/coordinate/register",
            "/coordinate/register?standing=grace",
            "/coordinate/register?q=nobody",
        ),
        *("/coordinate/people", "link:/coordinate/people/", "/coordinate/people/invite", "/coordinate/courses"),
    ],
    "admin": ["/admin", "/admin/organisations", "/admin/courses", "/admin/outbox", "/admin/help-lines"],
}
# WCAG 2.2, 2.5.8: 24 px, unless it is a link inside a sentence. Our own rule for buttons, navigation, options: 44 px.
SMALL_TARGETS = """() => {
  const bad = [];
  for (const one of document.querySelectorAll('a[href], button, summary, input:not([type=hidden]), select, textarea')) {
    const box = (one.closest('label.choice') || one).getBoundingClientRect();
    if (!box.width || getComputedStyle(one).visibility === 'hidden' || one.closest('.vh, .skip')) continue;
    const inText = one.matches('a, .link-button') && ['P', 'LI', 'SPAN', 'TD', 'DD'].includes(one.parentElement.tagName)
      && one.parentElement.textContent.trim() !== one.textContent.trim();
    const least = one.matches('.btn, nav.nav a, select, textarea, input') ? 44 : 24;
    if (!inText && box.height < least - 0.5) bad.push(`${one.outerHTML.slice(0, 120)} is ${box.height} px high`);
  }
  return bad;
}"""


def open_screen(page: Page, screen: str, start: str) -> str:
    """Open a screen by its address, or by the first link to such a place on the page before; returns where we are."""
    if screen == "hero":
        page.goto("/home")
        target = page.locator(".hero .btn").first
    elif screen.startswith("link:"):
        place = screen.removeprefix("link:")
        page.goto(start)
        target = page.locator(f"main a[href^='{place}']:not([href$='/invite']):not([href$='/attempts'])").first
        if place == "/mark/attempts/":
            target = page.locator("main a[href^='/mark/attempts/']").first
    else:
        page.goto(screen)
        return screen
    with page.expect_navigation():
        target.click()
    return screen


def problems_of(page: Page, *, right_to_left: bool) -> list[str]:
    found = axe(page)
    if sideways(page) > 0:
        found.append(f"it scrolls sideways by {sideways(page)} px")
    found += page.evaluate(SMALL_TARGETS)
    if right_to_left and page.evaluate("document.documentElement.dir") != "rtl":
        found.append("it is not right-to-left")
    return [f"{page.url}: {one}" for one in found]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("who", SCREENS)
def test_screens(chromium: Browser, server: Server, who: str, mode: str) -> None:
    context, watched = open_page(chromium, server, **MODES[mode])
    page = watched.page
    if who != "nobody":
        sign_in(page, server, who)
    if "right-to-left" in mode:
        context.add_cookies([{"name": "language", "value": "ar-XB", "url": server.address}])
    found: list[str] = []
    start = ""
    for screen in SCREENS[who]:
        if not screen.startswith(("link:", "hero")):
            start = screen
        open_screen(page, screen, start)
        found += problems_of(page, right_to_left="right-to-left" in mode)
        if PHONE in MODES[mode].values():
            page.set_viewport_size(NARROW)
            if sideways(page) > 0:
                found.append(f"{page.url}: at 320 px it scrolls sideways by {sideways(page)} px")
            page.set_viewport_size(PHONE)
    context.close()
    assert found == []
    assert watched.complaints == []


def test_go_on_is_above_the_fold_on_a_phone(chromium: Browser, server: Server) -> None:
    context, watched = open_page(chromium, server, viewport={"width": 375, "height": 667})
    sign_in(watched.page, server, "learner")
    box = watched.page.locator(".hero .btn").first.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 667
    context.close()


def test_leaving_a_page_replaces_it_in_the_history(chromium: Browser, server: Server) -> None:
    context, watched = open_page(chromium, server)
    page = watched.page
    page.route("https://**", lambda route: route.fulfill(body="elsewhere", content_type="text/html"))
    page.goto("/courses")
    page.goto("/help")
    with page.expect_navigation():
        page.get_by_role("link", name="Leave this page").click()
    assert not page.url.startswith(server.address)
    page.go_back()
    assert page.url == f"{server.address}/courses"
    context.close()
