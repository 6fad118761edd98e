"""The settings page: values, where they come from, and nothing secret."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

import mhfa_lms
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import rules
from mhfa_lms.services.rules import Rule
from mhfa_lms.settings import read_settings
from mhfa_lms.web import rule_words as words
from mhfa_lms.web.admin import variable_words
from tests import make
from tests.make import NOON
from tests.small_course import course as small_course


@pytest.fixture
def admin(client: FlaskClient) -> FlaskClient:
    """A browser in which an administrator without any membership is signed in."""
    return make.signed_in_account(client, make.account("admin@example.org", is_admin=True), now=NOON)


def row(page: str, key: str) -> str:
    """The words of the table's row about a variable or a rule."""
    found = re.search(rf">{key}</code>.*?</tr>", page, re.DOTALL)
    assert found, key
    return re.sub(r"<[^>]+>", " ", found[0])


def test_every_variable_is_described() -> None:
    source = (Path(mhfa_lms.__file__).parent / "settings.py").read_text(encoding="utf-8")
    assert set(re.findall(r'"(MHFA_[A-Z_]+|PORT)"', source)) == set(variable_words.MEANINGS)
    assert set(words.RULES) == set(Rule)


def test_variables_say_where_they_come_from_and_keep_their_secrets(
    app: Flask, admin: FlaskClient, tmp_path: Path
) -> None:
    given = {
        "MHFA_DATA_DIR": str(tmp_path),
        "MHFA_MAIL_URL": "smtp://me:sesame@mail.example.org",
        "MHFA_SECRET_KEY_FALLBACKS": "an-older-key-that-is-long",
    }
    read = read_settings(given)
    app.extensions["mhfa_settings"] = replace(app.extensions["mhfa_settings"], variables=read.variables)
    page = admin.get("/admin/settings").text
    assert "Made at the first start" in row(page, "MHFA_SECRET_KEY")
    assert "Set" in row(page, "MHFA_SECRET_KEY_FALLBACKS")
    assert "mail.example.org" in row(page, "MHFA_MAIL_URL")
    assert "Environment" in row(page, "MHFA_MAIL_URL")
    assert "Default" in row(page, "MHFA_SITE_NAME")
    assert not any(secret in page for secret in ("sesame", "an-older-key", read.secret_key))


def test_rules_say_where_they_come_from(admin: FlaskClient) -> None:
    above = make.organisation("district", name="The District").id
    below = make.organisation("harbour", parent_id=above).id
    slug = small_course().slug
    make.published(small_course(defaults={"valid_months": 24}))
    rules.put(Rule.ATTEMPTS, 5, by=SYSTEM, now=NOON, organisation_id=above)
    rules.put(Rule.CLAIM_MINUTES, 45, by=SYSTEM, now=NOON, organisation_id=below)
    rules.put(Rule.MINIMUM_AGE, 16, by=SYSTEM, now=NOON)
    page = admin.get(f"/admin/settings?organisation=Harbour&course={slug}").text
    assert "The District, above it" in row(page, "attempts")
    assert "This organisation" in row(page, "claim_minutes")
    assert "The course, revision 1" in row(page, "valid_months")
    assert "The installation" in row(page, "minimum_age")
    assert "The program’s default" in row(page, "grace_reminder_days")
    assert f"--organisation harbour --course {slug}" in page
    assert "The program’s default" in row(admin.get("/admin/settings").text, "attempts")


def test_an_organisation_that_is_not_there_is_said(admin: FlaskClient) -> None:
    answer = admin.get("/admin/settings?organisation=nowhere")
    assert answer.status_code == 404
    assert "There is no organisation with this short name" in answer.text
    assert "<title>Error:" in answer.text
