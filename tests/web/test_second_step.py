"""The second step as a browser meets it: setting it up, signing in with it, and being held back without one."""

import json
import re
from dataclasses import dataclass, replace

import pyotp
import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from mhfa_lms import clock, db
from mhfa_lms.models import LoginSession, Membership, Message, Role, SecondStep
from mhfa_lms.policy import SYSTEM, Can
from mhfa_lms.services import memberships, passwords, recovery_codes
from mhfa_lms.services.limits import CODE_ACCOUNT
from mhfa_lms.settings import Settings
from mhfa_lms.web.access import ACCESS, PUBLIC, STAYS_OPEN
from tests import make
from tests.authenticator import Authenticator
from tests.web.test_attacks import HOSTILE

EMAIL = "amina@example.org"
RIGHT = {"email": EMAIL, "password": make.PASSWORD}
CHANGES = ("/account/second-step/app", "/account/second-step/codes")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """An installation at a name that browsers allow passkeys for."""
    return replace(settings, base_url="http://localhost")


@dataclass
class Person:
    """Ids only: requests let go of rows read before."""

    account: int
    membership: int


@pytest.fixture
def person(app: Flask) -> Person:
    holder = make.account(EMAIL, password_hash=passwords.hashed(make.PASSWORD))
    row = make.member(holder=holder, name="Amina Yusuf")
    return Person(row.account_id, row.id)


def sign_in(client: FlaskClient) -> str:
    return client.post("/sign-in", data=RIGHT).location


def set_app_up(client: FlaskClient) -> str:
    """Set an app up through the pages; returns its secret."""
    page = client.get("/account/second-step/app").text
    offer = re.search(r'name="offer" type="hidden" value="([^"]+)"', page)
    shown = re.search(r'<code dir="ltr">([A-Z2-7 ]+)</code>', page)
    assert offer
    assert shown
    secret = shown[1].replace(" ", "")
    form = {"offer": offer[1], "name": "My phone", "code": pyotp.TOTP(secret).at(clock.now())}
    answer = client.post("/account/second-step/app", data=form)
    assert (answer.status_code, answer.location) == (303, "/account/second-step/codes")
    return secret


def later_code(secret: str) -> str:
    """The code of the next half-minute, which the one used so far does not stand in the way of."""
    return pyotp.TOTP(secret).at(clock.now(), counter_offset=1)


def codes_in(page: str) -> list[str]:
    return re.findall(r'<li><code dir="ltr">([0-9A-Z-]{19})</code>', page)


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


def test_setting_an_app_up_and_signing_in_with_it(app: Flask, client: FlaskClient, person: Person) -> None:
    sign_in(client)
    assert "Set up a second step" in client.get("/account").text
    secret = set_app_up(client)
    page = client.post("/account/second-step/codes").text
    assert len(codes_in(page)) == 10
    listed = client.get("/account/second-step").text
    assert "My phone" in listed
    assert "10 recovery codes left" in listed
    assert not codes_in(client.get("/account/second-step/codes").text)
    assert "Change the second step" in client.get("/account").text
    other = app.test_client()
    assert other.post("/sign-in", query_string={"next": "/account/password"}, data=RIGHT).location == (
        "/sign-in/second-step?next=/account/password"
    )
    page = other.get("/sign-in/second-step?next=/account/password").text
    assert 'autocomplete="one-time-code"' in page
    assert 'inputmode="numeric"' in page
    wrong = other.post("/sign-in/second-step", data={"code": "000000"})
    assert wrong.status_code == 422
    right = other.post("/sign-in/second-step?next=/account/password", data={"code": later_code(secret)})
    assert (right.status_code, right.location) == (303, "/account/password")
    assert is_signed_in(other)


def test_the_picture_holds_what_the_text_says(client: FlaskClient, person: Person) -> None:
    sign_in(client)
    page = client.get("/account/second-step/app").text
    assert '<img class="qr" src="data:image/png;base64,' in page
    wrong = client.post("/account/second-step/app", data={"offer": "nonsense", "code": "1", "name": "x"})
    assert (wrong.status_code, wrong.location) == (303, "/account/second-step/app")


def test_a_half_open_sign_in_opens_no_page(app: Flask, client: FlaskClient, person: Person) -> None:
    make.second_step(person.account)
    assert sign_in(client) == "/sign-in/second-step"
    for rule in app.url_map.iter_rules():
        if rule.arguments or getattr(app.view_functions[rule.endpoint], ACCESS) == PUBLIC:
            continue
        for method in (rule.methods or set()) & {"GET", "POST"}:
            answer = client.open(rule.rule, method=method)
            assert answer.status_code == 303, rule.rule
            assert answer.location.startswith("/sign-in?") or answer.location == "/sign-in", rule.rule
    db.session().rollback()
    assert db.session().scalars(select(LoginSession)).all() == []


def test_the_cookie_changes_at_each_stage(app: Flask, client: FlaskClient, person: Person) -> None:
    sign_in(client)
    before = client.get_cookie("session")
    secret = set_app_up(client)
    thief = app.test_client()
    assert before
    thief.set_cookie("session", before.value)
    assert not is_signed_in(thief)
    other = app.test_client()
    sign_in(other)
    half = other.get_cookie("session")
    other.post("/sign-in/second-step", data={"code": later_code(secret)})
    assert is_signed_in(other)
    assert half
    thief.set_cookie("session", half.value)
    assert thief.get("/sign-in/second-step").location == "/sign-in"


def test_without_a_password_before_there_is_no_second_step(client: FlaskClient, person: Person) -> None:
    for path in ("/sign-in/second-step", "/sign-in/recovery-code"):
        assert client.get(path).location == "/sign-in"
        assert client.post(path, data={"code": "1"}).location == "/sign-in"
    assert client.post("/sign-in/passkey", data={"answer": "{}"}).location == "/sign-in"
    assert "ten minutes" in client.get("/sign-in").text
    assert client.post("/sign-in/passkey/options").status_code == 404


def test_a_recovery_code_signs_in_once(app: Flask, client: FlaskClient, person: Person) -> None:
    sign_in(client)
    set_app_up(client)
    code = codes_in(client.post("/account/second-step/codes").text)[3]
    other, third = app.test_client(), app.test_client()
    sign_in(other)
    sign_in(third)
    assert "Use a recovery code" in other.get("/sign-in/second-step").text
    assert other.post("/sign-in/recovery-code", data={"code": "x"}).status_code == 422
    answer = other.post("/sign-in/recovery-code?next=/account", data={"code": code.lower().replace("-", " ")})
    assert (answer.status_code, answer.location) == (303, "/account")
    again = third.post("/sign-in/recovery-code", data={"code": code})
    assert again.status_code == 422
    assert not is_signed_in(third)


def test_too_many_codes(app: Flask, client: FlaskClient, person: Person) -> None:
    sign_in(client)
    secret = set_app_up(client)
    other = app.test_client()
    for number in range(CODE_ACCOUNT.count):
        sign_in(other)
        assert other.post("/sign-in/second-step", data={"code": f"{number:06}"}).status_code == 422
    refused = other.post("/sign-in/second-step", data={"code": later_code(secret)})
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 15 * 60 + 1
    # Another way stays open: it cannot be guessed.
    with time_machine.travel(clock.now(), tick=False):
        assert other.post("/sign-in/recovery-code", data={"code": "x"}).status_code == 422


def test_a_passkey_from_making_it_to_signing_in(app: Flask, client: FlaskClient, person: Person) -> None:
    key = Authenticator("http://localhost")
    sign_in(client)
    assert "passkeys." in client.get("/account/second-step/passkey").text
    options = client.post("/account/second-step/passkey/options")
    assert options.mimetype == "application/json"
    form = {"name": "My key", "answer": key.make(options.text)}
    assert client.post("/account/second-step/passkey", data=form).location == "/account/second-step/codes"
    other = app.test_client()
    sign_in(other)
    assert "Use my passkey" in other.get("/sign-in/second-step").text
    options = other.post("/sign-in/passkey/options")
    wrong = json.loads(key.sign(options.text)) | {"id": "AAAA"}
    refused = other.post("/sign-in/passkey", data={"answer": json.dumps(wrong)})
    assert refused.status_code == 422
    assert "The passkey did not work here" in refused.text
    options = other.post("/sign-in/passkey/options")
    answer = other.post("/sign-in/passkey?next=/account", data={"answer": key.sign(options.text)})
    assert (answer.status_code, answer.location) == (303, "/account")
    assert is_signed_in(other)


def test_where_passkeys_do_not_work_the_pages_say_so(app: Flask, client: FlaskClient, person: Person) -> None:
    app.extensions["mhfa_settings"] = replace(app.extensions["mhfa_settings"], base_url="http://127.0.0.1:8000")
    make.second_step(person.account)
    sign_in(client)
    page = client.get("/sign-in/second-step").text
    assert "need a secure address" in page
    assert "passkeys." not in page
    assert client.post("/sign-in/passkey/options").status_code == 404
    with db.transaction() as session:
        session.delete(session.scalars(select(SecondStep)).one())
    other = app.test_client()
    sign_in(other)
    page = other.get("/account/second-step").text
    assert "need a secure address" in page
    assert "Make a passkey" not in page
    assert other.get("/account/second-step/passkey").status_code == 404


def test_the_password_is_asked_for_again(client: FlaskClient, person: Person) -> None:
    sign_in(client)
    with time_machine.travel(clock.now().timestamp() + 11 * 60):
        for path in CHANGES:
            assert client.get(path).location == f"/account/password-again?next={path}"
        assert client.post("/account/second-step/codes").location.startswith("/account/password-again")
        path = "/account/password-again?next=/account/second-step/app"
        assert client.post(path, data={"password": "wrong"}).status_code == 422
        assert client.post(path, data={"password": make.PASSWORD}).location == "/account/second-step/app"
        assert client.get("/account/second-step/app").status_code == 200
        for elsewhere in ("https://evil.example", "//evil.example"):
            found = client.post(
                "/account/password-again", query_string={"next": elsewhere}, data={"password": make.PASSWORD}
            )
            assert found.location == "/account/second-step"


def test_removing_one_and_the_last(client: FlaskClient, person: Person) -> None:
    sign_in(client)
    set_app_up(client)
    other = make.second_step(person.account).id
    path = f"/account/second-step/{other}/remove"
    assert "Your other second steps stay" in client.get(path).text
    assert client.post(path).location == "/account/second-step"
    db.session().rollback()
    last = db.session().scalars(select(SecondStep.id)).one()
    path = f"/account/second-step/{last}/remove"
    assert "It is your only one" in client.get(path).text
    assert client.post(path).location == "/account/second-step"
    db.session().rollback()
    mails = db.session().scalars(select(Message.facts).where(Message.kind == "second-step").order_by(Message.id))
    assert [facts["what"] for facts in mails] == ["app-added", "passkey-removed", "app-removed"]
    assert client.get("/account/second-step/codes", follow_redirects=True).status_code == 200
    assert client.post("/account/second-step/codes").location == "/account/second-step"


def test_whoever_must_have_one_keeps_the_last(client: FlaskClient, person: Person) -> None:
    memberships.set_roles(person.membership, [Role.SAFEGUARDING], by=SYSTEM, now=clock.now())
    sign_in(client)
    set_app_up(client)
    db.session().rollback()
    last = db.session().scalars(select(SecondStep.id)).one()
    path = f"/account/second-step/{last}/remove"
    assert "Add another first" in client.get(path).text
    assert client.post(path).status_code == 409
    assert "My phone" in client.get("/account/second-step").text


def test_anothers_second_step_is_not_found(client: FlaskClient, person: Person) -> None:
    theirs = make.second_step(make.account().id).id
    sign_in(client)
    for method in ("GET", "POST"):
        assert client.open(f"/account/second-step/{theirs}/remove", method=method).status_code == 404


@pytest.mark.parametrize("kind", ["administrator", "safeguarding lead"])
def test_whoever_must_have_one_reaches_nothing_else_until_then(app: Flask, client: FlaskClient, kind: str) -> None:
    holder = make.account(EMAIL, password_hash=passwords.hashed(make.PASSWORD), is_admin=kind == "administrator")
    make.member(None, Role.SAFEGUARDING if kind == "safeguarding lead" else Role.COORDINATOR, holder=holder)
    make.organisation("open", open_to_join=True)
    assert sign_in(client) == "/home"
    for rule in app.url_map.iter_rules():
        access = getattr(app.view_functions[rule.endpoint], ACCESS)
        path = re.sub(r"<any\((\w+)[^>]+>", r"\1", re.sub(r"<int:[^>]+>", "1", rule.rule))
        path = re.sub(r"<[^>]+>", "open", path)
        for method in (rule.methods or set()) & {"GET", "POST"} if rule.endpoint != "account.sign_out" else set():
            answer = client.open(path, method=method)
            held = (answer.status_code, answer.location) == (303, "/account/second-step")
            stays = access == PUBLIC and (not rule.endpoint.startswith("account.") or rule.endpoint in STAYS_OPEN)
            if access != Can.SECURE_ACCOUNT:
                assert held is not stays, f"{method} {path}"
    page = client.get("/account/second-step").text
    assert "One more step before you go on" in page
    assert 'aria-label="Main"' not in page
    for path in ("/help", "/privacy", "/accessibility"):
        assert client.get(path).status_code == 200
    assert client.post("/sign-out").location == "/sign-in"


def test_after_setting_one_up_everything_is_there(client: FlaskClient) -> None:
    make.account(EMAIL, password_hash=passwords.hashed(make.PASSWORD), is_admin=True)
    sign_in(client)
    assert client.get("/admin").location == "/account/second-step"
    set_app_up(client)
    assert client.get("/admin").status_code == 200


def test_a_browser_from_before_must_sign_in_again(app: Flask, client: FlaskClient, person: Person) -> None:
    """Signed in with the password alone; then a role asks for the second step that another browser has set up."""
    sign_in(client)
    other = app.test_client()
    sign_in(other)
    set_app_up(other)
    assert not is_signed_in(client), "the first second step ends every other session"
    holder = db.session().get_one(Membership, person.membership).account
    make.signed_in_account(client, holder, now=clock.now())
    with db.transaction() as session:
        newest = session.scalars(select(LoginSession).order_by(LoginSession.id.desc()).limit(1)).one()
        newest.second_step_at, newest.password_at = None, clock.now()
    assert "Sign in again to change them" in client.get("/account/second-step").text
    assert client.get("/account/second-step/app").status_code == 200
    with db.transaction() as session:
        row = session.get_one(Membership, person.membership)
        row.roles = [*row.roles, *[type(row.roles[0])(role=Role.SAFEGUARDING)]]
    assert client.get("/home").location == "/account/second-step"
    page = client.get("/account/second-step").text
    assert "Please sign in again" in page
    assert "Remove" not in page
    assert other.get("/home").status_code == 200


def test_the_demonstration_waives_the_duty_and_keeps_the_choice(app: Flask, client: FlaskClient) -> None:
    app.extensions["mhfa_settings"] = replace(app.extensions["mhfa_settings"], demo=True)
    make.account(EMAIL, password_hash=passwords.hashed(make.PASSWORD), is_admin=True)
    sign_in(client)
    assert client.get("/admin").status_code == 200
    set_app_up(client)
    assert sign_in(app.test_client()) == "/sign-in/second-step"


def test_a_new_password_by_mail_does_not_go_round_it(app: Flask, client: FlaskClient, person: Person) -> None:
    make.second_step(person.account)
    client.post("/forgot", data={"email": EMAIL})
    db.session().rollback()
    path = db.session().scalars(select(Message.facts).where(Message.kind == "reset-password")).one()["path"]
    assert client.post(path, data={"password": "another long pass phrase"}).location == "/sign-in"
    answer = client.post("/sign-in", data={"email": EMAIL, "password": "another long pass phrase"})
    assert answer.location == "/sign-in/second-step"
    assert not is_signed_in(client)


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_input_is_refused_everywhere(app: Flask, client: FlaskClient, person: Person, kind: str) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    sign_in(client)
    key = Authenticator("http://localhost")
    options = client.post("/account/second-step/passkey/options").text
    good = {"offer": "x", "code": "123456", "name": "My phone", "answer": key.make(options), "password": "wrong"}
    for path in ("/account/second-step/app", "/account/second-step/passkey", "/account/password-again"):
        for field in good:
            answer = client.post(path, data={**good, field: HOSTILE[kind]})
            assert answer.status_code in {303, 400, 413, 422, 429}, f"{field} of {path}"
            assert "alert(1)</script>" not in answer.text
    set_app_up(client)
    other = app.test_client()
    sign_in(other)
    for path in ("/sign-in/second-step", "/sign-in/recovery-code", "/sign-in/passkey"):
        for field in ("code", "answer"):
            answer = other.post(path, data={field: HOSTILE[kind]})
            assert answer.status_code in {400, 413, 422}, f"{field} of {path}"
    assert not is_signed_in(other)


def test_only_the_pages_about_passkeys_load_their_script(client: FlaskClient, person: Person) -> None:
    sign_in(client)
    for path in ("/home", "/account", "/account/second-step", "/help"):
        assert "passkeys." not in client.get(path).text
    assert recovery_codes.left(person.account) == 0
