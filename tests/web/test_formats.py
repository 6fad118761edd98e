"""Another format: three clicks from any page, nothing asked twice, and somebody who answers."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from mhfa_lms import db
from mhfa_lms.models import AuditEvent, Format, FormatRequest, Membership, Message, Organisation, Role
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import erasure
from tests import make

WISH = {"wanted": "large-print", "details": "Letters of 24 points, please", "contact": ""}


def fetched(what: Any) -> Any:
    db.session().rollback()
    return db.session().scalars(what).all()


@pytest.fixture
def place(app: Flask) -> Organisation:
    return make.organisation("here", name="Harbour")


def test_three_clicks_from_any_page(client: FlaskClient, place: Organisation) -> None:
    person = make.member(place, name="Amina")
    boss = make.member(place, Role.COORDINATOR, name="Boss").account_id
    enrolment = make.enrolment(person)
    here = f"/learn/{enrolment.id}/step/one-a"
    title = enrolment.revision.title
    make.signed_in(client, db.session().get_one(Membership, enrolment.membership_id))
    found = re.search(r'href="(/another-format\?page=[^"]+)">Ask for another format', client.get(here).text)
    assert found
    page = client.get(found.group(1)).text
    assert f"it is about “{title}”" in page
    assert "Your coordinator sees your name" in page
    fields = dict(re.findall(r'<input type="hidden" name="(page)" value="([^"]*)">', page))
    answer = client.post("/another-format", data={**WISH, **fields})
    assert answer.status_code == 303
    said = client.get(answer.location).text
    assert "Your coordinator has been told" in said
    assert f'href="{here}">Back to where you were' in said
    row = fetched(select(FormatRequest))[0]
    assert (row.page, row.course, row.wanted) == (here, title, Format.LARGE_PRINT)
    mail = fetched(select(Message).where(Message.kind == "format-request"))[0]
    assert mail.account_id == boss
    assert mail.facts == {"organisation": "Harbour", "path": "/coordinate/formats"}
    trail = fetched(select(AuditEvent).where(AuditEvent.verb == "format-asked"))[0]
    assert trail.data == {}


def test_a_member_is_not_asked_what_is_known(client: FlaskClient, place: Organisation) -> None:
    make.signed_in(client, make.member(place, work_email="amina@harbour.example"))
    assert 'value="amina@harbour.example"' in client.get("/another-format").text
    assert client.post("/another-format", data=WISH).status_code == 303


def test_a_visitor_says_how_to_be_reached(client: FlaskClient) -> None:
    chief = make.account(is_admin=True).id
    refused = client.post("/another-format", data=WISH)
    assert refused.status_code == 422
    assert refused.text.count("Write an e-mail address, a phone number or a postal address") == 2
    assert client.post("/another-format", data={**WISH, "contact": "020 7946 0000"}).status_code == 303
    mail = fetched(select(Message).where(Message.kind == "format-request"))[0]
    assert (mail.account_id, mail.facts["path"]) == (chief, "/admin/formats")


@pytest.mark.parametrize(
    ("wanted", "said"), [("other-language", "Write which language"), ("something-else", "Write what would help you")]
)
def test_what_only_the_person_knows_is_asked_for(client: FlaskClient, wanted: str, said: str) -> None:
    answer = client.post("/another-format", data={"wanted": wanted, "contact": "a@example.org", "details": " "})
    assert answer.status_code == 422
    assert said in answer.text


@pytest.mark.parametrize(
    "page",
    [
        "/confirm/a-secret",
        "/reset/a-secret",
        "/invitation/a-secret",
        "//evil.example",
        "https://evil.example/",
        "/none",
    ],
)
def test_a_page_with_a_secret_in_its_address_is_not_kept(client: FlaskClient, page: str) -> None:
    answer = client.post("/another-format", data={**WISH, "contact": "a@example.org", "page": page})
    assert answer.location == "/another-format/sent"
    assert fetched(select(FormatRequest.page)) == [""]


def test_the_coordinator_sees_it_and_says_when_it_is_done(app: Flask, place: Organisation) -> None:
    boss_id = make.member(place, Role.COORDINATOR).id
    wish = make.format_request(make.member(place, name="Amina"), details="Large, please", course="First conversation")
    wish_id = wish.id
    other = make.format_request(make.member(name="Stranger")).id
    client = make.signed_in(app.test_client(), db.session().get_one(Membership, boss_id))
    assert "1 person asks for another format" in client.get("/coordinate").text
    page = client.get("/coordinate/formats").text
    assert "Large, please" in page
    assert "Stranger" not in page
    assert client.post(f"/coordinate/formats/{other}/done").status_code == 404
    for _again in range(2):
        assert client.post(f"/coordinate/formats/{wish_id}/done").status_code == 303
    assert "asks for another format" not in client.get("/coordinate").text
    assert "Nobody waits for another format." in client.get("/coordinate/formats").text
    assert len(fetched(select(AuditEvent).where(AuditEvent.verb == "format-done"))) == 1


def test_administrators_see_those_whom_no_coordinator_sees(app: Flask, place: Organisation) -> None:
    make.format_request(contact="020 7946 0000")
    make.format_request(make.member(name="Alone"))
    make.format_request(make.member(place, name="Looked after"))
    make.member(place, Role.COORDINATOR)
    client = make.signed_in(app.test_client(), make.member(holder=make.account(is_admin=True)))
    page = client.get("/admin/formats").text
    assert "020 7946 0000" in page
    assert "Alone" in page
    assert "Looked after" not in page
    ids = fetched(select(FormatRequest.id).order_by(FormatRequest.id))
    assert [client.post(f"/admin/formats/{one}/done").status_code for one in ids] == [303, 303, 404]


def test_there_is_a_limit(client: FlaskClient, place: Organisation) -> None:
    make.signed_in(client, make.member(place))
    answers = [client.post("/another-format", data=WISH).status_code for _one in range(7)]
    assert answers == [303] * 6 + [429]


def test_erasing_a_person_takes_their_wishes_away(app: Flask) -> None:
    holder = make.account("amina@example.org")
    make.format_request(make.member(holder=holder))
    make.format_request(contact="Amina@example.org")
    make.format_request(contact="somebody@example.org")
    erasure.erase("amina@example.org", by=SYSTEM, now=make.NOON)
    assert fetched(select(FormatRequest.contact)) == ["somebody@example.org"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"contact": ""},
        {"wanted": Format.OTHER},
        {"done_at": make.NOON},
    ],
)
def test_the_database_refuses_nonsense(app: Flask, wrong: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError):
        make.format_request(**wrong)
    assert db.session().scalar(select(func.count(FormatRequest.id))) == 0
