"""The accessibility statement says what the suite does, and pages say where they are."""

import json

from flask.testing import FlaskClient

from mhfa_lms.web.public import tested
from tests.journeys import looking
from tests.journeys.conftest import DESK, PHONE, ROOT


def test_the_statement_says_what_the_suite_does(client: FlaskClient) -> None:
    locked = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert f"axe-core {locked['node_modules/axe-core']['version']}" == tested.CHECKER
    assert tested.Widths(DESK["width"], PHONE["width"], looking.NARROW["width"]) == tested.WIDTHS
    page = client.get("/accessibility").text
    for words in (tested.CHECKER, "320 pixels", "21 November 2026", "have not tested this version", "/another-format"):
        assert words in page, words


def test_keys_are_listed_and_can_be_turned_off(client: FlaskClient) -> None:
    page = client.get("/shortcuts").text
    assert page.count("<kbd>") > 8
    assert '<input type="checkbox" data-keys checked>' in page
    assert 'href="/shortcuts"' in client.get("/accessibility").text
