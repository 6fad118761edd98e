"""Finding one's way: the folded navigation, leaving a page quickly, and turning the keys off."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import DESK, PHONE, Server, follow, open_page, sideways, sign_in


@contextmanager
def window(chromium: Browser, server: Server, **options: Any) -> Iterator[Page]:
    """A browser window of its own in which other sites answer with one word."""
    context, watched = open_page(chromium, server, **options)
    watched.page.route("https://**", lambda route: route.fulfill(body="elsewhere", content_type="text/html"))
    yield watched.page
    context.close()
    assert watched.complaints == []


@pytest.mark.parametrize("script", [True, False])
def test_many_entries_fold_into_one_row_of_a_phone(chromium: Browser, server: Server, script: bool) -> None:
    with window(chromium, server, viewport=PHONE, java_script_enabled=script) as page:
        sign_in(page, server, "instructor")
        page.goto("/mark")
        menu = page.locator(".nav summary")
        box = menu.bounding_box()
        assert box is not None
        assert box["height"] >= 44
        learners = page.get_by_role("link", name="Learners", exact=True)
        expect(learners).to_have_count(0)
        menu.click()
        expect(learners).to_have_count(1)
        assert sideways(page) <= 0
        learners.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Learners")


def test_on_a_desk_they_stand_in_one_line(chromium: Browser, server: Server) -> None:
    with window(chromium, server, viewport=DESK) as page:
        sign_in(page, server, "instructor")
        expect(page.locator(".nav summary")).to_be_hidden()
        tops = {round(one.bounding_box()["y"]) for one in page.locator(".nav > div a").all()}  # type: ignore[index]
        assert len(tops) == 1


def writing(page: Page, server: Server) -> None:
    """Open the scenario in which an answer is being written, its scripts loaded: keys pressed before are nobody's."""
    sign_in(page, server, "ana.ribeiro")
    page.locator("main a[href*='/scenario/']").first.click()
    page.wait_for_url("**/scenario/**")


def test_leaving_quickly_keeps_what_was_being_written(chromium: Browser, server: Server) -> None:
    with window(chromium, server) as page:
        writing(page, server)
        place = page.url
        page.locator("textarea").fill("I would sit down beside Sam.")
        # No time for the autosave: leaving itself sends it.
        with page.expect_navigation(url="https://**"):
            page.keyboard.press("Shift")
            page.keyboard.press("Shift")
            page.keyboard.press("Shift")
        # What leaving sent is on its way: the page may be asked for again before it has arrived.
        for _look in range(20):
            page.goto(place)
            if page.locator("textarea").input_value() == "I would sit down beside Sam.":
                break
            page.wait_for_timeout(250)
        expect(page.locator("textarea")).to_have_value("I would sit down beside Sam.")


def test_leaving_quickly_works_as_a_link(chromium: Browser, server: Server) -> None:
    with window(chromium, server, java_script_enabled=False, viewport=PHONE) as page:
        page.goto("/help")
        expect(page.get_by_text("or press Shift three times")).to_be_hidden()
        follow(page.get_by_role("link", name="Leave this page"))
        assert not page.url.startswith(server.address)


def test_keys_that_were_turned_off_stay_off_in_this_browser(chromium: Browser, server: Server) -> None:
    with window(chromium, server) as page:
        page.goto("/shortcuts")
        page.get_by_label("Use keyboard shortcuts in this browser").uncheck()
        page.goto("/help")
        expect(page.get_by_text("or press Shift three times")).to_be_hidden()
        for _press in range(3):
            page.keyboard.press("Shift")
        page.wait_for_timeout(300)
        assert page.url == f"{server.address}/help"
        page.goto("/shortcuts")
        expect(page.get_by_label("Use keyboard shortcuts in this browser")).not_to_be_checked()
        page.get_by_label("Use keyboard shortcuts in this browser").check()
        page.goto("/help")
        with page.expect_navigation(url="https://**"):
            for _press in range(3):
                page.keyboard.press("Shift")


def test_leaving_a_page_replaces_it_in_the_history(chromium: Browser, server: Server) -> None:
    context, watched = open_page(chromium, server)
    page = watched.page
    page.route("https://**", lambda route: route.fulfill(body="elsewhere", content_type="text/html"))
    page.goto("/courses")
    page.goto("/help")
    follow(page.get_by_role("link", name="Leave this page"))
    assert not page.url.startswith(server.address)
    page.go_back()
    assert page.url == f"{server.address}/courses"
    context.close()
