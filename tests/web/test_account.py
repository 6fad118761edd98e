"""Signing in and out, passwords, addresses, consent and the switcher, as a browser sees them."""

import re
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from mhfa_lms import clock, db
from mhfa_lms.models import Account, LoginSession, Membership, Message, Organisation, Role
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import accounts, memberships, passwords
from tests import make
from tests.counting import queries

EMAIL = "amina@example.org"
OTHER = "another long pass phrase"
RIGHT = {"email": EMAIL, "password": make.PASSWORD}


@dataclass
class Person:
    """Ids only: requests let go of rows read before."""

    account: int
    membership: int


@pytest.fixture
def person(app: Flask) -> Person:
    """Somebody with a password and one membership."""
    holder = make.account(EMAIL, password_hash=passwords.hashed(make.PASSWORD))
    row = make.member(holder=holder, name="Amina Yusuf")
    return Person(row.account_id, row.id)


@pytest.fixture
def hasher(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hashes that passwords were verified against."""
    seen: list[str] = []

    class Counting:
        def verify(self, stored: str, password: str) -> bool:
            seen.append(stored)
            return real.verify(stored, password)

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

    real = passwords.HASHER
    monkeypatch.setattr(passwords, "HASHER", Counting())
    return seen


def mails(kind: str) -> list[Message]:
    db.session().rollback()
    return list(db.session().scalars(select(Message).where(Message.kind == kind).order_by(Message.id)))


def without_token(page: str) -> str:
    """A page without the token against forged forms, which holds the second at which it was made."""
    return re.sub(r'name="csrf_token" value="[^"]*"|name="csrf-token" content="[^"]*"', "", page)


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


def copy_of(client: FlaskClient, app: Flask) -> FlaskClient:
    """A second browser with the same cookie, as a thief would have it."""
    thief = app.test_client()
    stolen = client.get_cookie("session")
    assert stolen is not None
    thief.set_cookie("session", stolen.value)
    return thief


def test_signing_in(client: FlaskClient, person: Person) -> None:
    page = client.get("/sign-in").text
    assert 'autocomplete="username"' in page
    assert 'autocomplete="current-password"' in page
    answer = client.post("/sign-in", data={"email": " AMINA@example.org ", "password": make.PASSWORD})
    assert (answer.status_code, answer.location) == (303, "/home")
    assert is_signed_in(client)
    assert client.get("/sign-in").location == "/home"


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/account/password", "/account/password"),
        ("/v?code=X", "/v?code=X"),
        ("https://evil.example/", "/home"),
        ("//evil.example/", "/home"),
        ("/\\evil.example", "/home"),
        ("/\t/evil.example", "/home"),
        ("javascript:alert(1)", "/home"),
    ],
)
def test_after_signing_in_only_pages_of_this_site(
    client: FlaskClient, person: Person, wanted: str, reached: str
) -> None:
    assert client.post("/sign-in", query_string={"next": wanted}, data=RIGHT).location == reached


def test_a_page_that_needs_signing_in_is_reached_afterwards(client: FlaskClient, person: Person) -> None:
    asked = client.get("/account/password")
    assert asked.status_code == 303
    page = client.get(asked.location).text
    action = re.search(r'<form method="post" action="(/sign-in[^"]*)"', page)
    assert action
    assert client.post(action[1], data=RIGHT).location == "/account/password"


def test_wrong_addresses_and_wrong_passwords_answer_alike(
    app: Flask, client: FlaskClient, person: Person, hasher: list[str]
) -> None:
    make.account("gone@example.org", password_hash=passwords.hashed(make.PASSWORD), deactivated_at=make.NOON)
    make.account("empty@example.org")
    tries = [(EMAIL, "wrong"), ("nobody@example.org", "wrong"), ("gone@example.org", make.PASSWORD)]
    tries += [("empty@example.org", ""), ("empty@example.org", "wrong"), ("x" * 100, "y" * 5000), (EMAIL, "y" * 5000)]
    answers = set()
    for email, password in tries:
        if password:
            answer = client.post("/sign-in", data={"email": email, "password": password})
            assert f'value="{email}"' in answer.text
            answers.add((answer.status_code, without_token(answer.text).replace(email, "")))
    assert len(answers) == 1
    assert answers.pop()[0] == 422
    assert len(hasher) == 6
    assert hasher.count(passwords.DUMMY) == 3


def test_forgot_answers_alike(app: Flask, person: Person) -> None:
    texts = []
    for email in (EMAIL, "nobody@example.org"):
        browser = app.test_client()
        answer = browser.post("/forgot", data={"email": email})
        texts.append((answer.status_code, answer.location, browser.get(answer.location).text.replace(email, "")))
    assert texts[0] == texts[1]
    assert len(mails("reset-password")) == 1


def test_too_many_wrong_passwords(client: FlaskClient, person: Person) -> None:
    for email in (EMAIL, "nobody@example.org"):
        for _again in range(10):
            assert client.post("/sign-in", data={"email": email, "password": "wrong"}).status_code == 422
        answer = client.post("/sign-in", data={"email": email.upper(), "password": make.PASSWORD})
        assert answer.status_code == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 901


def test_a_made_up_forwarding_header_does_not_reset_the_limit(client: FlaskClient) -> None:
    for number in range(100):
        data = {"email": f"person{number}@example.org", "password": ""}
        assert client.post("/sign-in", data={**data, "password": "x" * 300}).status_code == 422
    answer = client.post("/sign-in", data=RIGHT, headers={"X-Forwarded-For": "203.0.113.9"})
    assert answer.status_code == 429


def test_a_whole_school_behind_one_address_may_sign_in(client: FlaskClient, person: Person, app: Flask) -> None:
    for _again in range(105):
        assert app.test_client().post("/sign-in", data=RIGHT).status_code == 303


def test_an_old_cookie_is_worthless_after_signing_out(app: Flask, client: FlaskClient, person: Person) -> None:
    client.post("/sign-in", data=RIGHT)
    thief = copy_of(client, app)
    assert is_signed_in(thief)
    assert client.get("/sign-out").status_code == 405
    assert client.post("/sign-out").location == "/sign-in"
    assert not is_signed_in(thief)
    assert not is_signed_in(client)


def test_a_cookie_planted_before_signing_in_stays_signed_out(app: Flask, client: FlaskClient, person: Person) -> None:
    client.get("/sign-in")
    with client.session_transaction() as cookie:
        cookie["planted"] = "yes"
    attacker = copy_of(client, app)
    client.post("/sign-in", data=RIGHT)
    assert not is_signed_in(attacker)
    with client.session_transaction() as cookie:
        assert "planted" not in cookie


def test_a_new_password_signs_out_all_others(app: Flask, client: FlaskClient, person: Person) -> None:
    client.post("/sign-in", data=RIGHT)
    other = app.test_client()
    other.post("/sign-in", data=RIGHT)
    thief = copy_of(client, app)
    wrong = client.post("/account/password", data={"current": "wrong", "password": OTHER})
    assert wrong.status_code == 422
    assert "not your current password" in wrong.text
    assert client.post("/account/password", data={"current": make.PASSWORD, "password": EMAIL}).status_code == 422
    answer = client.post("/account/password", data={"current": make.PASSWORD, "password": OTHER})
    assert answer.status_code == 303
    assert is_signed_in(client)
    assert not is_signed_in(other)
    assert not is_signed_in(thief)
    assert len(mails("password-changed")) == 1
    assert app.test_client().post("/sign-in", data=RIGHT).status_code == 422
    assert app.test_client().post("/sign-in", data={**RIGHT, "password": OTHER}).status_code == 303


def test_deactivation_and_a_change_of_role_sign_out_at_once(client: FlaskClient, person: Person) -> None:
    client.post("/sign-in", data=RIGHT)
    memberships.set_roles(person.membership, [Role.LEARNER, Role.INSTRUCTOR], by=SYSTEM, now=clock.now())
    assert not is_signed_in(client)
    client.post("/sign-in", data=RIGHT)
    assert client.get("/mark").status_code == 200
    accounts.deactivate(person.account, by=SYSTEM, now=clock.now())
    assert not is_signed_in(client)
    assert client.post("/sign-in", data=RIGHT).status_code == 422


def test_signing_out_everywhere(app: Flask, client: FlaskClient, person: Person) -> None:
    other = app.test_client()
    other.post("/sign-in", data=RIGHT, headers={"User-Agent": "Mozilla/5.0 (Android 14) Gecko Firefox/140.0"})
    client.post("/sign-in", data=RIGHT)
    assert "Firefox, Android" in client.get("/account").text
    assert client.post("/account/sign-out-everywhere").location == "/sign-in"
    assert not is_signed_in(client)
    assert not is_signed_in(other)


def test_a_forgotten_password(app: Flask, client: FlaskClient, person: Person) -> None:
    signed_in = app.test_client()
    signed_in.post("/sign-in", data=RIGHT)
    for _twice in range(2):
        client.post("/forgot", data={"email": EMAIL})
    first, second = (str(mail.facts["path"]) for mail in mails("reset-password"))
    assert f'value="{EMAIL}"' in client.get(first).text
    assert client.post(first, data={"password": "short"}).status_code == 422
    assert client.post(first, data={"password": OTHER}).location == "/sign-in"
    assert not is_signed_in(signed_in)
    assert client.post(first, data={"password": make.PASSWORD}).status_code == 404
    assert client.post(second, data={"password": make.PASSWORD}).status_code == 404
    assert client.post("/sign-in", data={**RIGHT, "password": OTHER}).status_code == 303


def test_a_new_address(app: Flask, client: FlaskClient, person: Person) -> None:
    make.account("taken@example.org")
    client.post("/sign-in", data=RIGHT)
    wrong = client.post("/account/address", data={"email": "new@example.org", "password": "wrong"})
    assert wrong.status_code == 422
    assert 'value="new@example.org"' in wrong.text
    pages = []
    for email in ("taken@example.org", "new@example.org"):
        answer = client.post("/account/address", data={"email": email, "password": make.PASSWORD})
        page = client.get(answer.location).text
        pages.append(without_token(page).replace(email, ""))
    assert pages[0] == pages[1]
    assert len(mails("account-exists")) == 1
    (mail,) = mails("change-address")
    assert mail.to_address == "new@example.org"
    path = str(mail.facts["path"])
    assert EMAIL in client.get("/account").text
    elsewhere = app.test_client()
    assert "new@example.org" in elsewhere.get(path).text
    assert elsewhere.post(path).status_code == 303
    assert elsewhere.post(path).status_code == 404
    (told,) = mails("address-changed")
    assert (told.to_address, told.facts) == (EMAIL, {"new_hint": "n***@example.org"})
    assert app.test_client().post("/sign-in", data={**RIGHT, "email": "new@example.org"}).status_code == 303
    assert app.test_client().post("/sign-in", data=RIGHT).status_code == 422


def test_consent_to_be_listed_and_reminders(client: FlaskClient, person: Person) -> None:
    client.post("/sign-in", data=RIGHT)

    def state() -> tuple[bool, bool]:
        db.session().rollback()
        row = db.session().scalars(select(Membership).where(Membership.id == person.membership)).one()
        return row.listed_since is not None, row.reminders_stopped_at is not None

    assert state() == (False, False)
    assert client.post("/account/listing", data={"choice": "yes"}).location == "/account"
    assert client.post("/account/reminders", data={"choice": "no"}).location == "/account"
    assert state() == (True, True)
    assert "Take me off the list" in client.get("/account").text
    client.post("/account/listing", data={"choice": "no"})
    client.post("/account/reminders", data={"choice": "yes"})
    assert state() == (False, False)
    assert client.post("/account/listing", data={"choice": "maybe"}).status_code == 400


def test_the_switcher_keeps_to_ones_own_memberships(client: FlaskClient, person: Person) -> None:
    holder = db.session().scalars(select(Account).where(Account.id == person.account)).one()
    second = make.member(make.organisation("second", name="Second Harbour"), holder=holder, name="A. Y.").id
    theirs = make.member(make.organisation("third", name="Third Harbour")).id
    client.post("/sign-in", data=RIGHT)
    page = client.get("/account/organisations").text
    assert "Second Harbour" in page
    assert "Third Harbour" not in page
    assert client.post("/account/organisations/switch", data={"membership_id": second}).location == "/home"
    assert "A. Y." in client.get("/account").text
    assert client.post("/account/organisations/switch", data={"membership_id": theirs}).status_code == 403
    assert client.post("/account/organisations/switch", data={"membership_id": "x"}).status_code == 400
    assert "A. Y." in client.get("/account").text


@pytest.mark.parametrize("path", ["/account", "/account/organisations"])
def test_a_page_costs_the_same_whatever_there_is_to_show(client: FlaskClient, person: Person, path: str) -> None:
    client.post("/sign-in", data=RIGHT)
    costs = []
    for _more in range(2):
        client.get(path)
        with queries() as few:
            assert client.get(path).status_code == 200
        costs.append(len(few))
        for _organisation in range(5):
            holder = db.session().scalars(select(Account).where(Account.id == person.account)).one()
            make.member(holder=holder)
            client.application.test_client().post("/sign-in", data=RIGHT)
    assert costs[0] == costs[1] <= 12


def test_pages_for_somebody_without_an_organisation(client: FlaskClient) -> None:
    make.account(EMAIL, password_hash=passwords.hashed(make.PASSWORD))
    client.post("/sign-in", data=RIGHT)
    assert client.get("/account").status_code == 200
    assert "do not belong to an organisation yet" in client.get("/account/organisations").text
    assert client.post("/account/listing", data={"choice": "yes"}).status_code == 404


def test_choosing_a_language(client: FlaskClient, person: Person) -> None:
    answer = client.post("/language", data={"language": "en-XA", "next": "/privacy"})
    assert (answer.status_code, answer.location) == (303, "/privacy")
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert 'lang="en-XA"' in client.get("/sign-in").text
    assert client.post("/language", data={"language": "en", "next": "//evil.example"}).location == "/"
    assert client.post("/language", data={"language": "xx"}).status_code == 400
    client.post("/sign-in", data=RIGHT)
    client.post("/language", data={"language": "ar-XB"})
    db.session().rollback()
    assert db.session().scalars(select(Account.locale).where(Account.id == person.account)).one() == "ar-XB"


def test_the_first_administrator(client: FlaskClient) -> None:
    secret = accounts.first_admin_link(clock.now())
    form = {"organisation": "Grün & Söhne", "timezone": "Europe/Berlin", "name": "Ada", **RIGHT}
    assert client.get(f"/setup/{secret}").status_code == 200
    assert client.post(f"/setup/{secret}", data={**form, "timezone": "Mars/North"}).status_code == 422
    assert client.post(f"/setup/{secret}", data={**form, "password": "short"}).status_code == 422
    assert client.post(f"/setup/{secret}", data=form).location == "/sign-in"
    assert client.post(f"/setup/{secret}", data=form).status_code == 404
    assert accounts.first_admin_link(clock.now()) is None
    db.session().rollback()
    owner = db.session().scalars(select(Organisation)).one()
    assert (owner.slug, owner.timezone) == ("grun-sohne", "Europe/Berlin")
    client.post("/sign-in", data=RIGHT)
    # Whoever runs the installation sets up a second step before anything else.
    assert client.get("/admin").location == "/account/second-step"
    assert client.get("/coordinate").location == "/account/second-step"


def test_forms_from_other_sites_are_refused(app: Flask, client: FlaskClient, person: Person) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    assert client.post("/sign-in", data=RIGHT).status_code == 400
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sign-in").text)
    assert token
    assert client.post("/sign-in", data={**RIGHT, "csrf_token": token[1]}).status_code == 303
    assert client.post("/account/sign-out-everywhere").status_code == 400
    db.session().rollback()
    assert db.session().scalars(select(LoginSession.ended_at)).all() == [None]


def test_a_time_zone_is_chosen_and_given_back(client: FlaskClient) -> None:
    member = make.member(make.organisation(timezone="Europe/London"))
    make.signed_in(client, member)
    account_id = member.account_id
    page = client.get("/account").text
    assert "As your organisation has it: Europe/London" in page
    for chosen, kept in (("America/New_York", "America/New_York"), ("organisation", None)):
        answer = client.post("/account/time-zone", data={"zone": chosen})
        assert (answer.status_code, answer.headers["Location"]) == (303, "/account")
        db.session().rollback()
        assert db.session().get_one(Account, account_id).timezone == kept
        assert ("America/New York" in client.get("/account").text) == (kept is not None)
    refused = client.post("/account/time-zone", data={"zone": "Mars/Olympus"})
    assert refused.status_code == 422
    assert "There is a problem" in refused.text
