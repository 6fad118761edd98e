"""The style guide shows every part there is, and exists in the demonstration only."""

import re
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mhfa_lms.paths import templates_dir
from mhfa_lms.web.styleguide import samples, tokens
from tests import make, markup

PUBLIC = re.compile(r"{%-?\s*macro ([a-z]\w*)\(")
# How samples call each file's macros.
CALLED = {
    "ui": "ui.", "marking": "desk.", "menu": "menu.", "pictures": "pictures.", "stones": "stones.", "icons": "",
    "media": "media.", "questions": "questions.", "reminders": "reminders.",
}  # fmt: skip


@pytest.fixture
def shown(app: Flask) -> FlaskClient:
    app.extensions["mhfa_settings"] = replace(app.extensions["mhfa_settings"], demo=True)
    return app.test_client()


def test_it_is_not_there_outside_the_demonstration(client: FlaskClient) -> None:
    assert client.get("/styleguide").status_code == 404


def test_every_public_macro_is_shown() -> None:
    calls = "\n".join(sample.call for group in samples.read() for sample in group.samples)
    missing = {
        f"{path.name}: {name}"
        for path in (templates_dir() / "components").glob("*.html")
        for name in PUBLIC.findall(path.read_text(encoding="utf-8"))
        if not re.search(rf"(?<![\w.]){re.escape(CALLED[path.stem])}{name}\(", calls)
    }
    assert missing == set()


def test_every_sample_is_drawn_beside_its_call(shown: FlaskClient) -> None:
    page = shown.get("/styleguide").text
    drawn = [sample for group in samples.read() for sample in group.samples]
    assert len(drawn) > 60
    assert page.count('<div class="sample">') == len(drawn)
    assert page.count('<div class="shown" dir="rtl">') == sum(sample.turned for sample in drawn)
    # Two summaries of errors stand on this page alone, and both are headed by the same id.
    problems = [one for one in markup.problems(page) if "errors-title" not in one and "csrf_token" not in one]
    assert not problems, "\n".join(problems)


def test_every_token_is_on_it(shown: FlaskClient) -> None:
    page = shown.get("/styleguide").text
    found = tokens.read()
    assert {token.name for token in found} >= {"paper", "pine", "honey", "s4", "round", "font"}
    assert [token.name for token in found if f"--{token.name}</code>" not in page] == []


def test_people_who_are_signed_in_see_it_too(shown: FlaskClient) -> None:
    assert make.signed_in(shown, make.member()).get("/styleguide").status_code == 200
