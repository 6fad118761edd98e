"""A large export from the button to the file, followed on its page: with a script and without."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import ROOT, Server, axe, press_on, sideways, sign_in, tab_to

# More people than a file holds that comes at once.
CHILD = """
from sqlalchemy import select
from mhfa_lms import db
from mhfa_lms.models import CourseRevision, Organisation
from mhfa_lms.services.register_exports import AT_ONCE
from mhfa_lms.settings import read_settings
from tests.crowd import crowd
db.configure(read_settings().database_url)
session = db.session()
place = session.scalars(select(Organisation).where(Organisation.slug == "harbour-line")).one()
crowd(place, session.scalars(select(CourseRevision)).first(), AT_ONCE + 1)
"""


@pytest.fixture(scope="module")
def large(server: Server) -> None:
    """An organisation of thousands."""
    subprocess.run([sys.executable, "-c", CHILD], env={**os.environ, **server.environment}, cwd=ROOT, check=True)


def rows_of(path: Path) -> int:
    return path.read_bytes().count(b"\r\n") - 1


def test_an_export_followed_with_the_keyboard(page: Page, server: Server, large: None) -> None:
    sign_in(page, server, "other.coordinator")
    page.goto("/coordinate/register?q=person")
    button = page.get_by_role("button", name="as CSV")
    expect(button).to_contain_text("Export these 5,001")
    press_on(page, button)
    expect(page.get_by_role("heading", name="The register as a CSV file")).to_be_visible()
    # The page changes by itself, and says so politely, without taking the focus.
    download = page.get_by_role("link", name="Download the file")
    expect(download).to_be_visible(timeout=120_000)
    expect(page).to_have_title("Ready: The register as a CSV file – First Aid for Minds")
    expect(page.get_by_role("status")).to_have_text("Ready")
    assert axe(page) == []
    assert sideways(page) == 0
    tab_to(page, download)
    with page.expect_download() as begun:
        page.keyboard.press("Enter")
    assert rows_of(Path(begun.value.path())) == 5001
    assert begun.value.suggested_filename.startswith("register-harbour-line-")
    page.goto("/coordinate")
    with page.expect_download() as again:
        page.get_by_role("link", name="Download: The register as a CSV file").click()
    assert rows_of(Path(again.value.path())) == 5001


def test_an_export_without_a_script_on_a_phone(plain_page: Page, server: Server, large: None) -> None:
    page = plain_page
    sign_in(page, server, "other.coordinator")
    page.goto("/coordinate/register?q=person")
    page.get_by_role("button", name="as Excel").click()
    expect(page.get_by_role("heading", name="The register as an Excel file")).to_be_visible()
    assert sideways(page) == 0
    # The browser loads the page again by itself; nobody presses anything.
    download = page.get_by_role("link", name="Download the file")
    expect(download).to_be_visible(timeout=120_000)
    with page.expect_download() as begun:
        download.click()
    assert Path(begun.value.path()).read_bytes().startswith(b"PK")


def test_a_copy_of_ones_data_in_three_clicks(plain_page: Page, server: Server) -> None:
    page = plain_page
    sign_in(page, server, "hana.suzuki")
    page.goto("/account")
    page.get_by_role("link", name="Get a copy of your data").click()
    page.get_by_role("button", name="Make my copy").click()
    download = page.get_by_role("link", name="Download the file")
    expect(download).to_be_visible(timeout=120_000)
    with page.expect_download() as begun:
        download.click()
    assert begun.value.suggested_filename.startswith("my-data-")
    server.wait_for_mail("hana.suzuki@demo.example", "The copy of your data is ready")
