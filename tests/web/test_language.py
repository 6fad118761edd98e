"""Another language: in the footer of every page, on the same page, with nothing lost and without a script."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.app import create_app
from mhfa_lms.models import Account, AnswerState, Role, ScenarioAnswer
from mhfa_lms.settings import read_settings
from tests import make
from tests.services.learner import Learner, learner
from tests.web.test_learn import enter


@pytest.fixture
def demo(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """An installation with the languages to try."""
    settings = read_settings({"MHFA_DATA_DIR": str(tmp_path / "data"), "MHFA_DATABASE_URL": database_url}, demo=True)
    application = create_app(settings)
    application.config.update(TESTING=True, PROPAGATE_EXCEPTIONS=True, WTF_CSRF_ENABLED=False)
    yield application
    db.release()


class Sending(HTMLParser):
    """What a browser without a script sends when a button of the footer is pressed."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self.language, self.inside = language, ""
        self.fields: dict[str, list[tuple[str, str]]] = {}
        self.form, self.action, self.name = "", "", ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = values.get("id", values.get("action", ""))
            self.fields[self.inside] = []
        elif tag == "input" and (values.get("type") not in {"radio", "checkbox"} or "checked" in values):
            self.fields.setdefault(self.inside, []).append((values.get("name", ""), values.get("value", "")))
        elif tag == "button" and values.get("name") == "language" and values.get("value") == self.language:
            self.form, self.action = values.get("form", self.inside), values.get("formaction", self.inside)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = ""


def switch(client: FlaskClient, path: str, language: str = "ar-XB", **typed: str) -> str:
    """Open a page, type, and press a language; returns where that leads."""
    client.post("/language", data={"language": "en"})
    sending = Sending(language)
    sending.feed(client.get(path).text)
    assert sending.action, f"{path} offers no {language}"
    data = [*sending.fields[sending.form], ("language", language), *typed.items()]
    fields = {name: value for name, value in data if name}
    answer = client.post(sending.action, data=fields)
    assert answer.status_code == 303
    page = client.get(answer.location).text
    assert 'dir="rtl"' in page
    return str(answer.location)


def test_one_language_needs_no_switch(app: Flask) -> None:
    assert 'action="/language"' not in app.test_client().get("/").text


def test_a_demonstration_offers_languages_that_are_named_as_tests(demo: Flask) -> None:
    page = demo.test_client().get("/help")
    assert ">English (test: accents)</button>" in page.text
    assert 'lang="en">English (test: right to left)</button>' in page.text
    assert '<b lang="en" aria-current="true">English</b>' in page.text
    # Pages for visitors set no cookie, so the form carries no token.
    assert "Set-Cookie" not in page.headers


def test_a_visitor_stays_on_the_page(demo: Flask) -> None:
    client = demo.test_client()
    assert switch(client, "/help?country=GB") == "/help?country=GB"
    assert switch(client, "/v") == "/v"


def test_a_request_from_another_site_is_refused(demo: Flask) -> None:
    client = demo.test_client()
    for site in ("cross-site", "same-site"):
        assert client.post("/language", data={"language": "en"}, headers={"Sec-Fetch-Site": site}).status_code == 400


def test_the_choice_is_kept_with_the_account_and_leaves_a_shared_computer(demo: Flask) -> None:
    person = make.member()
    account_id = person.account_id
    client = make.signed_in(demo.test_client(), person)
    switch(client, "/account")
    with db.transaction() as session:
        assert session.get_one(Account, account_id).locale == "ar-XB"
    client.set_cookie("course_language", "de")
    client.post("/sign-out")
    assert 'dir="ltr"' in client.get("/sign-in").text
    assert client.get_cookie("course_language") is None


def test_pages_differ_by_language_and_person(app: Flask) -> None:
    for path in ("/", "/help", "/sign-in"):
        assert {"accept-language", "cookie"} <= {one.lower() for one in app.test_client().get(path).vary}, path


@pytest.fixture
def who(demo: Flask) -> Learner:
    """A learner who has done every step."""
    found = learner()
    found.do_steps()
    return found


@pytest.fixture
def client(demo: Flask, who: Learner) -> FlaskClient:
    """Their browser, without a script."""
    browser = demo.test_client()
    enter(browser, who)
    return browser


def test_an_answer_being_written_is_kept(client: FlaskClient, who: Learner) -> None:
    place = f"/learn/{who.enrolment_id}/scenario/sam"
    assert switch(client, place, text="Half a thought") == place
    assert ">\nHalf a thought</textarea>" in client.get(place).text.replace("\r", "")
    # Handing in stays what it was.
    db.session().rollback()
    assert db.session().scalars(select(ScenarioAnswer.state)).one() is AnswerState.DRAFT


def test_the_answer_to_a_question_is_kept(client: FlaskClient, who: Learner) -> None:
    first = str(client.post(f"/learn/{who.enrolment_id}/assessment").location)
    assert switch(client, first) == first
    assert " checked" not in client.get(first).text
    assert switch(client, first, choice="a") == first
    assert 'value="a" checked' in client.get(first).text


def test_a_practice_answer_that_was_not_checked_is_kept(client: FlaskClient, who: Learner) -> None:
    place = f"/learn/{who.enrolment_id}/step/one-a"
    there = switch(client, place, choice="b")
    assert there == f"{place}?choice=b"
    page = client.get(there).text
    assert 'value="b" checked' in page
    assert "See what fits" not in page
    assert switch(client, f"{place}?again=1", choice="a") == f"{place}?again=1&choice=a"


def test_an_unfinished_mark_is_kept(demo: Flask) -> None:
    revision = make.published()
    place = make.organisation()
    marker = make.member(place, Role.INSTRUCTOR)
    make.authorisation(marker, revision)
    answer = make.answer(make.enrolment(make.member(place), revision)).id
    browser = make.signed_in(demo.test_client(), marker)
    assert browser.post(f"/mark/{answer}/hold").status_code == 303
    assert switch(browser, f"/mark/{answer}", feedback="So far", **{"level-asks": "3"}) == f"/mark/{answer}"
    page = browser.get(f"/mark/{answer}").text
    assert "So far</textarea>" in page
    assert 'name="level-asks" value="3" checked' in page
