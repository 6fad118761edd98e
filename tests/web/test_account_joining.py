"""Joining, confirming and accepting invitations, as a browser sees it."""

import re

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from mhfa_lms import clock, db
from mhfa_lms.models import Account, Audience, Enrolment, Invitation, Membership, Message, Organisation, Role
from mhfa_lms.services import invitations
from tests import make

FORM = {
    "name": "Amina Yusuf",
    "email": "amina@example.org",
    "password": make.PASSWORD,
    "audience": "volunteer",
    "of_age": "y",
}


def mails(kind: str) -> list[Message]:
    db.session().rollback()
    return list(db.session().scalars(select(Message).where(Message.kind == kind).order_by(Message.id)))


def link(kind: str) -> str:
    """The path in the last mail of a kind."""
    return str(mails(kind)[-1].facts["path"])


def open_organisation() -> Organisation:
    return make.organisation("harbour", name="Harbour Volunteers", open_to_join=True)


def test_a_volunteer_joins_confirms_and_is_home(client: FlaskClient) -> None:
    open_organisation()
    page = client.get("/join/harbour").text
    assert "I am 18 or older" in page
    assert 'autocomplete="new-password"' in page
    answer = client.post("/join/harbour", data=FORM)
    assert answer.status_code == 303
    assert "amina@example.org" in client.get(answer.location).text
    assert db.session().scalars(select(Membership)).all() == []
    assert "One press, and you are in" in client.get(link("confirm-address")).text
    answer = client.post(link("confirm-address"))
    assert (answer.status_code, answer.location) == (303, "/home")
    db.session().rollback()
    member = db.session().scalars(select(Membership)).one()
    assert (member.name, member.audience) == ("Amina Yusuf", Audience.VOLUNTEER)
    assert member.account.confirmed_at
    assert member.account.privacy_version
    assert member.account.age_confirmed_at
    assert "Your e-mail address is confirmed" in client.get("/account").text


def test_a_link_works_once_and_looking_at_it_uses_nothing(client: FlaskClient) -> None:
    open_organisation()
    client.post("/join/harbour", data=FORM)
    path = link("confirm-address")
    for _again in range(3):
        assert client.get(path).status_code == 200
    assert client.post(path).status_code == 303
    client.post("/sign-out")
    assert client.get(path).status_code == 404
    assert client.post(path).status_code == 404


def test_what_is_wrong_is_said_and_what_was_typed_is_kept(client: FlaskClient) -> None:
    open_organisation()
    answer = client.post("/join/harbour", data={**FORM, "email": "amina", "password": "short", "of_age": ""})
    assert answer.status_code == 422
    assert "<title>Error: " in answer.text
    assert 'value="Amina Yusuf"' in answer.text
    assert 'value="amina"' in answer.text
    assert "short" not in answer.text.replace("shorten", "")
    assert "Tick the box" in answer.text
    assert "Use at least 10 characters" in answer.text
    answer = client.post("/join/harbour", data={**FORM, "password": "password123"})
    assert answer.status_code == 422
    assert "easy to guess" in answer.text
    assert mails("confirm-address") == []


def test_an_organisation_that_is_not_open_is_not_there(client: FlaskClient) -> None:
    make.organisation("closed")
    assert client.get("/join/closed").status_code == 404
    assert client.post("/join/closed", data=FORM).status_code == 404
    assert client.get("/join/other").status_code == 404


def test_joining_with_an_address_that_has_an_account_answers_alike(app: Flask) -> None:
    open_organisation()
    make.account("amina@example.org")
    texts = []
    for email in ("amina@example.org", "berta@example.org"):
        client = app.test_client()
        answer = client.post("/join/harbour", data={**FORM, "email": email})
        page = client.get(answer.location)
        texts.append((answer.status_code, answer.location, page.text.replace(email, "")))
    assert texts[0] == texts[1]
    assert [mail.account_id for mail in mails("account-exists")] != []
    assert len(mails("confirm-address")) == 1


def test_a_strangers_password_never_opens_an_account_its_owner_confirms(app: Flask) -> None:
    """The stranger joins first with the owner's address; the owner gets the mail and presses its button."""
    open_organisation()
    app.test_client().post("/join/harbour", data={**FORM, "password": "the stranger's own words"})
    path = link("confirm-address")
    owner = app.test_client()
    assert owner.post(path).status_code == 422
    assert owner.post(path, data={"password": "a guess of the owner"}).status_code == 422
    # The owner joins too; their own link and their own password count.
    owner.post("/join/harbour", data=FORM)
    assert owner.post(link("confirm-address")).location == "/home"
    stranger = app.test_client()
    words = {"email": "amina@example.org", "password": "the stranger's own words"}
    assert stranger.post("/sign-in", data=words).status_code == 422
    assert stranger.post("/sign-in", data={**words, "password": make.PASSWORD}).status_code == 303
    assert stranger.get(path).status_code == 404


def test_the_mail_may_be_opened_on_another_device_with_the_password(app: Flask) -> None:
    open_organisation()
    app.test_client().post("/join/harbour", data=FORM)
    phone = app.test_client()
    assert "enter the password you chose" in phone.get(link("confirm-address")).text
    assert phone.post(link("confirm-address"), data={"password": make.PASSWORD}).location == "/home"


def test_signing_in_before_confirming_offers_the_mail_again(app: Flask) -> None:
    open_organisation()
    app.test_client().post("/join/harbour", data=FORM)
    client = app.test_client()
    answer = client.post("/sign-in", data={"email": "amina@example.org", "password": make.PASSWORD})
    assert answer.location == "/confirm"
    assert "Send the mail again" in client.get("/confirm").text
    assert client.get("/account").status_code == 303
    assert client.post("/confirm").status_code == 303
    assert len(mails("confirm-address")) == 2
    # The new link knows this browser, and the wish to join is not lost.
    assert client.post(link("confirm-address")).location == "/home"
    db.session().rollback()
    assert db.session().scalars(select(Membership.name)).one() == "Amina Yusuf"


def test_mails_to_one_address_are_limited(client: FlaskClient) -> None:
    open_organisation()
    for _again in range(4):
        assert client.post("/forgot", data={"email": "amina@example.org"}).status_code == 303
    answer = client.post("/join/harbour", data={**FORM, "email": "AMINA@example.org"})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


def test_somebody_signed_in_joins_with_their_account(client: FlaskClient) -> None:
    member = make.member(name="Amina")
    open_organisation()
    make.signed_in(client, member)
    assert 'value="Amina"' in client.get("/join/harbour").text
    answer = client.post("/join/harbour", data={"name": "A. Yusuf", "audience": "educator"})
    assert answer.status_code == 303
    db.session().rollback()
    names = db.session().scalars(select(Membership.name).where(Membership.account_id == member.account_id)).all()
    assert sorted(names) == ["A. Yusuf", "Amina"]
    assert "Harbour Volunteers" in client.get("/account").text
    assert client.get("/join/harbour").location == "/account/organisations"


def invited(**values: object) -> str:
    """The path of an invitation to amina@example.org as a learner."""
    owner = make.organisation("school", name="Hill School")
    by = make.actor(make.member(owner, Role.COORDINATOR, name="Cora"), now=clock.now())
    given = {"roles": [Role.LEARNER], "audience": Audience.EDUCATOR, "site_id": None, "course_id": None, **values}
    invitations.invite(owner.id, "amina@example.org", "Amina Yusuf", **given, by=by, now=clock.now())  # type: ignore[arg-type]  # a dict of mixed values
    return link("invitation")


NEW = {"name": "Amina Yusuf", "password": make.PASSWORD, "of_age": "y"}


def test_a_new_person_accepts_and_is_on_the_course(client: FlaskClient) -> None:
    path = invited(course_id=make.published().course_id)
    facts = mails("invitation")[0].facts
    assert (facts["organisation"], facts["inviter"], facts["course"] != "") == ("Hill School", "Cora", True)
    assert "Hill School" in client.get(path).text
    assert client.post(path, data=NEW).location == "/home"
    assert client.get("/home").status_code == 200
    db.session().rollback()
    member = db.session().scalars(select(Membership).where(Membership.name == "Amina Yusuf")).one()
    assert member.audience == Audience.EDUCATOR
    assert member.account.confirmed_at
    assert db.session().scalars(select(Enrolment.membership_id)).all() == [member.id]
    assert client.get(path).status_code == 404


def test_the_invitation_page_is_the_same_with_and_without_an_account(app: Flask) -> None:
    path = invited()
    before = app.test_client().get(path).text
    make.account("amina@example.org")
    after = app.test_client().get(path).text
    without_token = [re.sub(r'name="csrf_token" value="[^"]*"', "", text) for text in (before, after)]
    assert without_token[0] == without_token[1]


def test_an_account_is_never_taken_over_by_an_invitation(client: FlaskClient) -> None:
    make.account("amina@example.org")
    path = invited()
    assert client.post(path, data=NEW).status_code == 422
    db.session().rollback()
    taken = select(Account.password_hash).where(Account.email == "amina@example.org")
    assert db.session().scalars(taken).one() is None
    assert client.get(path).status_code == 200


def test_an_account_accepts_by_signing_in(client: FlaskClient) -> None:
    member = make.member(name="Amina")
    path = invited()
    make.signed_in(client, member)
    assert client.post(path, data={"name": "Amina Y."}).location == "/home"
    assert "Hill School" in client.get("/account").text
    db.session().rollback()
    assert db.session().scalars(select(Invitation.accepted_at)).one()


def test_guessing_links_is_limited(client: FlaskClient) -> None:
    for number in range(12):
        for kind in ("confirm", "reset", "invitation", "setup", "account/address"):
            assert client.get(f"/{kind}/guess-{number}").status_code == 404
    assert client.get("/reset/guess").status_code == 429
