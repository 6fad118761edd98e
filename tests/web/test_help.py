"""Help now: first the emergency number, then who is near, then who is far; whatever else does not work."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from mhfa_lms import db, i18n
from mhfa_lms.help import lines
from mhfa_lms.models import AuditEvent, HelpLine, Membership, Organisation, Role
from mhfa_lms.services import sessions
from tests import make

LINE = {"name": "Night desk", "phone": "020 7946 0999", "hours": "Day and night", "for_whom": "Drivers", "tried": "y"}


def order(page: str, *words: str) -> list[str]:
    """Return the words in the order in which the page shows them."""
    return sorted(words, key=page.index)


@pytest.fixture
def place(app: Flask) -> Organisation:
    found = make.organisation("harbour", country="GB")
    make.help_line(found, name="Employee helpline", phone="(020) 7946-0018", text_number="85 258", for_whom="Staff")
    return found


def test_own_lines_stand_between_the_emergency_number_and_the_national_ones(
    client: FlaskClient, place: Organisation
) -> None:
    make.signed_in(client, make.member(place))
    page = client.get("/help").text
    wanted = ["tel:999", "Employee helpline", "tel:116123"]
    assert order(page, *reversed(wanted)) == wanted
    assert '<a href="tel:02079460018" dir="ltr">' in page
    assert '<a href="sms:85258" dir="ltr">' in page


def test_others_do_not_see_them(client: FlaskClient, app: Flask, place: Organisation) -> None:
    assert "Employee helpline" not in app.test_client().get("/help").text
    make.signed_in(client, make.member())
    assert "Employee helpline" not in client.get("/help").text


def test_an_organisation_may_show_them_to_everybody(client: FlaskClient, app: Flask, place: Organisation) -> None:
    boss_id = make.member(place, Role.COORDINATOR).id
    visitor = app.test_client()
    hidden = visitor.get("/help/harbour")
    assert hidden.status_code == 404
    assert hidden.text.replace("harbour", "nowhere") == visitor.get("/help/nowhere").text
    assert "findahelpline.com" in hidden.text
    make.signed_in(client, db.session().get_one(Membership, boss_id))
    assert client.get("/help/harbour").status_code == 200
    assert client.post("/coordinate/help-lines/public", data={"choice": "yes"}).status_code == 303
    shown = visitor.get("/help/harbour")
    assert shown.status_code == 200
    assert order(shown.text, "tel:116123", "Employee helpline", "tel:999")[1] == "Employee helpline"
    assert "Set-Cookie" not in shown.headers
    # Another country's numbers, and still the organisation's own.
    abroad = visitor.get("/help/harbour?country=US").text
    assert "tel:911" in abroad
    assert "Employee helpline" in abroad
    assert client.post("/coordinate/help-lines/public", data={"choice": "no"}).status_code == 303
    assert visitor.get("/help/harbour").status_code == 404


@pytest.mark.parametrize("country", ["", "none", "ZZ", "<script>", "GB' OR 1"])
def test_without_a_country_there_is_advice_and_the_directory(client: FlaskClient, country: str) -> None:
    page = client.get("/help", query_string={"country": country}).text
    assert "Call the emergency number of the country you are in" in page
    assert "https://findahelpline.com" in page
    assert "tel:" not in page


def test_every_number_can_be_pressed_and_reads_from_left_to_right(client: FlaskClient) -> None:
    for country in lines.load().countries:
        page = client.get(f"/help?country={country.country}&x").text
        links = re.findall(r'<a href="(?:tel|sms):(\d+)" dir="ltr">', page)
        assert links[: len(country.emergency)] == list(map(lines.dialled, country.emergency))
        assert len(re.findall(r'href="(?:tel|sms):', page)) == len(links)


def test_the_words_of_help_lines_are_translated(client: FlaskClient) -> None:
    client.set_cookie("language", "en-XA")
    page = client.get("/help?country=GB").text
    assert "24 hours a day, every day" not in page
    with i18n.use("ar-XB"):
        assert i18n.format_country("GB", "United Kingdom") == "المملكة المتحدة"
    assert i18n.format_country("international", "Everywhere else") == "Everywhere else"


def test_a_line_is_added_changed_tried_and_taken_away(client: FlaskClient) -> None:
    make.signed_in(client, make.member(None, Role.COORDINATOR))
    assert client.post("/coordinate/help-lines/add", data=LINE).status_code == 303
    line = db.session().scalars(select(HelpLine)).one()
    line_id = line.id
    assert line.checked_at is not None
    assert "Try it now" not in client.get("/coordinate/help-lines").text
    # A new number is a new line: nobody has tried it.
    changed = {**LINE, "phone": "020 7946 0998", "tried": ""}
    del changed["tried"]
    assert client.post(f"/coordinate/help-lines/{line_id}", data=changed).status_code == 303
    assert "Try it now" in client.get("/coordinate/help-lines").text
    assert "1 help line of yours should be tried" in client.get("/coordinate").text
    assert client.post("/coordinate/help-lines/checked").status_code == 303
    assert "Try it now" not in client.get("/coordinate/help-lines").text
    assert client.post(f"/coordinate/help-lines/{line_id}/remove").status_code == 303
    db.session().rollback()
    assert db.session().scalars(select(HelpLine)).all() == []
    events = db.session().scalars(select(AuditEvent)).all()
    assert [one.verb for one in events if one.verb.startswith("help")] == [
        "help-line-added", "help-line-changed", "help-lines-checked", "help-line-removed",
    ]  # fmt: skip
    assert all("0999" not in str(one.data) for one in events)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", " ", "Enter the name of the line"),
        ("phone", "call me", "Write the number in digits"),
        ("phone", "", "Give a number to call"),
        ("link", "javascript:alert(1)", "Write the whole address, beginning with https://"),
        ("link", "http://a.example", "Write the whole address, beginning with https://"),
        ("hours", "a\nb", "Write this in one line"),
    ],
)
def test_a_line_that_could_not_be_reached_is_refused(client: FlaskClient, field: str, value: str, said: str) -> None:
    make.signed_in(client, make.member(None, Role.COORDINATOR))
    answer = client.post("/coordinate/help-lines/add", data={**LINE, field: value})
    assert answer.status_code == 422
    assert said in answer.text


def test_there_are_only_as_many_as_can_be_read_in_a_hurry(client: FlaskClient) -> None:
    place = make.organisation()
    for number in range(12):
        make.help_line(place, name=f"Line {number}")
    make.signed_in(client, make.member(place, Role.COORDINATOR))
    assert "Add a line" not in client.get("/coordinate/help-lines").text
    client.post("/coordinate/help-lines/add", data=LINE)
    assert "Night desk" not in client.get("/coordinate/help-lines").text


def test_help_is_there_when_the_database_is_not(
    app: Flask, place: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = make.signed_in(app.test_client(), make.member(place))
    app.config["PROPAGATE_EXCEPTIONS"] = False

    def gone(*_args: object, **_more: object) -> None:
        raise OperationalError("SELECT", {}, Exception("the server closed the connection"))

    monkeypatch.setattr(sessions, "resume", gone)
    monkeypatch.setattr("mhfa_lms.web.public.help.last_checks", gone)
    page = client.get("/help?country=GB")
    assert page.status_code == 200
    assert "tel:999" in page.text
    assert "Last checked" not in page.text
    answer = client.get("/home")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "30"
    assert 'class="help-now" href="/help"' in answer.text
    assert "We cannot reach our records just now" in answer.text


def test_help_now_is_on_every_error_page_and_on_the_way_in(app: Flask) -> None:
    client = app.test_client()
    for path in ("/no-such-page", "/sign-in", "/forgot", "/v/nothing", "/join/nowhere"):
        assert 'class="help-now" href="/help"' in client.get(path).text, path
    assert 'class="help-now" href="/help"' in client.post("/courses").text


def test_a_new_organisation_is_told_what_it_needs(client: FlaskClient) -> None:
    place = make.organisation()
    boss = make.member(place, Role.COORDINATOR)
    boss_id, place_id = boss.id, place.id
    make.signed_in(client, boss)
    page = client.get("/coordinate").text
    for words in ("Invite the first people", "Name a safeguarding lead", "Authorise an instructor"):
        assert words in page
    somebody = make.member(db.session().get_one(Organisation, place_id), Role.INSTRUCTOR, Role.SAFEGUARDING)
    make.authorisation(somebody, make.published())
    make.signed_in(client, db.session().get_one(Membership, boss_id))
    page = client.get("/coordinate").text
    for words in ("Invite the first people", "Name a safeguarding lead", "Authorise an instructor"):
        assert words not in page
