"""A copy of one's own data, and the end of one's account, as people go through them without a script."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from mhfa_lms import clock, db
from mhfa_lms.jobs.work import work_waiting
from mhfa_lms.models import Account, Job, LoginSession, Membership, Role
from mhfa_lms.services import passwords, work
from mhfa_lms.settings import Settings
from tests import make

GOES = {"password": make.PASSWORD, "understood": "y"}


@pytest.fixture
def amina(client: FlaskClient) -> Membership:
    """A certified person, signed in in the client's browser."""
    holder = make.account("amina@example.org", password_hash=passwords.hashed(make.PASSWORD))
    person = make.member(make.organisation("here", name="Here"), holder=holder, name="Amina Yusuf")
    make.certificate(person)
    person = db.session().get_one(Membership, person.id)
    make.signed_in(client, person)
    return person


def erased() -> bool:
    db.session().rollback()
    return db.session().scalars(select(Account.erased_at).order_by(Account.id)).first() is not None


def forget_the_password() -> None:
    with db.transaction() as session:
        session.execute(update(LoginSession).values(password_at=None))


def test_a_copy_from_the_account_page_to_the_file(client: FlaskClient, amina: Membership, settings: Settings) -> None:
    assert 'href="/account/copy"' in client.get("/account").text
    assert "Make my copy" in client.get("/account/copy").text
    again = client.post("/account/copy").headers["Location"]
    assert again == "/account/password-again?next=/account/copy"
    assert "The copy holds everything that you wrote here" in client.get(again).text
    assert db.session().scalars(select(Job.id).where(Job.kind == work.PERSONAL_COPY)).all() == []
    assert client.post(again, data={"password": make.PASSWORD}).headers["Location"] == "/account/copy"
    path = client.post("/account/copy").headers["Location"]
    assert "0 of 2 parts" in client.get(path).text
    assert client.post("/account/copy").headers["Location"] == path
    db.session().rollback()
    work_waiting(settings, clock.now, long=True)
    db.sessions.remove()
    assert "The file is ready" in client.get(path).text
    forget_the_password()
    asked = client.get(f"{path}/file")
    assert (asked.status_code, asked.headers["Location"]) == (303, f"/account/password-again?next={path}")
    client.post(asked.headers["Location"], data={"password": make.PASSWORD})
    found = client.get(f"{path}/file")
    assert found.data.startswith(b"PK")
    assert found.headers["Content-Disposition"].startswith("attachment; filename=my-data-")
    assert found.headers["Content-Type"] == "application/zip"


def test_the_page_says_what_goes_and_what_stays(client: FlaskClient, amina: Membership) -> None:
    text = client.get("/account/delete").text
    for said in (
        "You would lose this",
        "21 November 2029",
        "when the time to keep it is over",
        "21 November 2032",
        "Amina Yusuf",
    ):
        assert said in text
    assert "hand over" not in text


def test_the_account_is_deleted_and_every_browser_signed_out(
    client: FlaskClient, app: Flask, amina: Membership
) -> None:
    other = make.signed_in(app.test_client(), amina)
    answer = client.post("/account/delete", data=GOES)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/account/deleted")
    assert "Your account is deleted" in client.get("/account/deleted").text
    assert erased()
    for browser in (client, other):
        assert browser.get("/home").headers["Location"].startswith("/sign-in")
    answer = client.post("/sign-in", data={"email": "amina@example.org", "password": make.PASSWORD})
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"password": "another pass phrase"}, "This is not your password"),
        ({"password": ""}, "Enter your password"),
        ({"understood": ""}, "Tick the box if you want to delete your account"),
    ],
)
def test_it_takes_the_password_and_the_tick(
    client: FlaskClient, amina: Membership, change: dict[str, str], said: str
) -> None:
    answer = client.post("/account/delete", data={name: value for name, value in {**GOES, **change}.items() if value})
    assert answer.status_code == 422
    assert said in answer.text
    assert not erased()


def test_guessing_passwords_there_is_slow(client: FlaskClient, amina: Membership) -> None:
    answers = [client.post("/account/delete", data={**GOES, "password": "guess"}).status_code for _try in range(30)]
    assert answers[-1] == 429
    assert not erased()


def test_the_only_coordinator_hands_over_or_says_that_it_is_meant(client: FlaskClient) -> None:
    here = make.organisation("here", name="Here")
    holder = make.account("c@example.org", password_hash=passwords.hashed(make.PASSWORD))
    person = make.member(here, Role.COORDINATOR, holder=holder)
    person_id = person.id
    make.member(person.organisation)
    make.signed_in(client, db.session().get_one(Membership, person_id))
    assert "Please hand over first" in client.get("/account/delete").text
    refused = client.post("/account/delete", data=GOES)
    assert refused.status_code == 422
    assert "Hand over first, or tick the box" in refused.text
    assert not erased()
    assert client.post("/account/delete", data={**GOES, "without_handover": "y"}).status_code == 303
    assert erased()


def test_the_only_administrator_is_told_why_not(client: FlaskClient) -> None:
    holder = make.account("a@example.org", is_admin=True, password_hash=passwords.hashed(make.PASSWORD))
    make.signed_in(client, make.member(holder=holder))
    text = client.get("/account/delete").text
    assert "You are the only administrator" in text
    assert 'name="password"' not in text
    assert client.post("/account/delete", data=GOES).status_code == 200
    assert not erased()
