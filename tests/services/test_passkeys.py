"""Passkeys: made and used with a software authenticator; whatever is not exactly right is refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.models import PasskeyChallenge, SecondStep
from mhfa_lms.policy import Actor, Forbidden
from mhfa_lms.services import half_open, passkeys, second_steps, sessions
from mhfa_lms.services.passkeys import RefusedError
from tests import make
from tests.authenticator import Authenticator
from tests.make import NOON
from tests.services.test_accounts import count, together
from tests.services.test_second_steps import half, resumed, signed_in, somebody
from tests.web.conftest import quick_passwords

__all__ = ["quick_passwords"]
pytestmark = pytest.mark.usefixtures("database")
HERE = passkeys.Site("learn.example.org", "https://learn.example.org", "First Aid for Minds")


@pytest.mark.parametrize(
    ("address", "host", "origin"),
    [
        ("https://learn.example.org", "learn.example.org", "https://learn.example.org"),
        ("https://Learn.Example.org:443", "learn.example.org", "https://learn.example.org"),
        ("https://learn.example.org:8443", "learn.example.org", "https://learn.example.org:8443"),
        ("http://localhost:8000", "localhost", "http://localhost:8000"),
        ("http://try.localhost", "try.localhost", "http://try.localhost"),
    ],
)
def test_where_passkeys_work(address: str, host: str, origin: str) -> None:
    found = passkeys.site(address, "Site")
    assert found == passkeys.Site(host, origin, "Site")


@pytest.mark.parametrize(
    "address", ["http://learn.example.org", "http://127.0.0.1:8000", "https://192.0.2.1", "https://[::1]", "http://"]
)
def test_where_browsers_refuse_them(address: str) -> None:
    assert passkeys.site(address, "Site") is None


def made(by: Actor, key: Authenticator) -> Actor:
    answer = key.make(passkeys.ask_new(HERE, by=by, now=NOON))
    return resumed(passkeys.add(HERE, answer, "My key", by=by, now=NOON))


def stored() -> SecondStep:
    db.session().rollback()
    return db.session().scalars(select(SecondStep)).one()


def test_a_passkey_from_making_it_to_signing_in() -> None:
    somebody()
    key = Authenticator()
    by = made(signed_in(), key)
    assert by.second_step_proven
    assert (stored().credential_id, stored().transports, stored().sign_count) == (key.id, "internal", 0)
    secret = half()
    options = passkeys.ask_sign_in(HERE, secret, now=NOON)
    assert [one["id"] for one in json.loads(options)["allowCredentials"]] == [key.id]
    found = resumed(passkeys.finish(HERE, secret, key.sign(options), now=NOON))
    assert found.second_step_proven
    assert (stored().sign_count, stored().last_used_at) == (1, NOON)
    assert count(PasskeyChallenge) == 0


def test_the_options_name_the_site_and_leave_out_what_is_there() -> None:
    somebody()
    key = Authenticator()
    by = made(signed_in(), key)
    options = json.loads(passkeys.ask_new(HERE, by=by, now=NOON))
    assert options["rp"] == {"id": "learn.example.org", "name": "First Aid for Minds"}
    assert [one["id"] for one in options["excludeCredentials"]] == [key.id]
    assert options["attestation"] == "none"
    assert len(options["challenge"]) >= 43


def test_the_same_passkey_is_not_added_twice() -> None:
    somebody()
    key = Authenticator()
    by = made(signed_in(), key)
    with pytest.raises(RefusedError):
        made(by, key)
    assert count(SecondStep) == 1


def test_an_answer_counts_once_also_when_it_was_wrong() -> None:
    somebody()
    by = signed_in()
    key = Authenticator()
    options = passkeys.ask_new(HERE, by=by, now=NOON)
    wrong = Authenticator("https://elsewhere.example").make(options)
    with pytest.raises(RefusedError):
        passkeys.add(HERE, wrong, "x", by=by, now=NOON)
    with pytest.raises(RefusedError):
        passkeys.add(HERE, key.make(options), "x", by=by, now=NOON)
    assert count(SecondStep) == 0


def test_a_replayed_answer_is_refused() -> None:
    somebody()
    key = Authenticator(counts=False)
    made(signed_in(), key)
    secret = half()
    answer = key.sign(passkeys.ask_sign_in(HERE, secret, now=NOON))
    passkeys.finish(HERE, secret, answer, now=NOON)
    with pytest.raises(half_open.GoneError):
        passkeys.finish(HERE, secret, answer, now=NOON)
    other = half()
    passkeys.ask_sign_in(HERE, other, now=NOON)
    with pytest.raises(RefusedError):
        passkeys.finish(HERE, other, answer, now=NOON)


def test_one_answer_sent_many_times_at_once_signs_in_once() -> None:
    somebody()
    key = Authenticator(counts=False)
    made(signed_in(), key)
    secret = half()
    answer = key.sign(passkeys.ask_sign_in(HERE, secret, now=NOON))
    won: list[str] = []

    def tries() -> None:
        try:
            won.append(passkeys.finish(HERE, secret, answer, now=NOON))
        except (RefusedError, half_open.GoneError):
            return

    together(*[tries] * 5)
    assert len(won) == 1


def test_the_challenge_of_another_browser_or_of_yesterday_is_refused() -> None:
    somebody()
    key = Authenticator()
    made(signed_in(), key)
    first, second = half(), half()
    answer = key.sign(passkeys.ask_sign_in(HERE, first, now=NOON))
    with pytest.raises(RefusedError):
        passkeys.finish(HERE, second, answer, now=NOON)
    late = key.sign(passkeys.ask_sign_in(HERE, first, now=NOON))
    with pytest.raises(RefusedError):
        passkeys.finish(HERE, first, late, now=NOON + timedelta(minutes=5))


def test_another_accounts_passkey_is_refused() -> None:
    """The attacker knows a password, and answers with a passkey that is truly their own."""
    somebody()
    made(signed_in(), Authenticator())
    mine = Authenticator()
    attacker = make.member()
    with db.transaction() as session:
        secret = sessions.begin(session, attacker.account_id, now=NOON, password_at=NOON)
    made(resumed(secret), mine)
    victims = half()
    with pytest.raises(RefusedError):
        passkeys.finish(HERE, victims, mine.sign(passkeys.ask_sign_in(HERE, victims, now=NOON)), now=NOON)


def test_a_count_that_does_not_go_up_is_a_copy() -> None:
    somebody()
    key = Authenticator()
    made(signed_in(), key)
    for wanted in (True, False):
        secret = half()
        options = passkeys.ask_sign_in(HERE, secret, now=NOON)
        if not wanted:
            key.count = 0
        if wanted:
            passkeys.finish(HERE, secret, key.sign(options), now=NOON)
        else:
            with pytest.raises(RefusedError):
                passkeys.finish(HERE, secret, key.sign(options), now=NOON)


def other_key(answer: dict[str, Any]) -> None:
    answer["response"]["signature"] = "AAAA"


def other_kind(answer: dict[str, Any]) -> None:
    answer["type"] = "password"


def other_raw_id(answer: dict[str, Any]) -> None:
    answer["rawId"] = "AAAA"


def no_data(answer: dict[str, Any]) -> None:
    del answer["response"]["authenticatorData"]


@pytest.mark.parametrize("change", [other_key, other_kind, other_raw_id, no_data])
def test_an_answer_that_was_changed_is_refused(change: Callable[[dict[str, Any]], None]) -> None:
    somebody()
    key = Authenticator()
    made(signed_in(), key)
    secret = half()
    answer = json.loads(key.sign(passkeys.ask_sign_in(HERE, secret, now=NOON)))
    change(answer)
    with pytest.raises(RefusedError):
        passkeys.finish(HERE, secret, json.dumps(answer), now=NOON)


@pytest.mark.parametrize(
    "site", [replace(HERE, host="other.example.org"), replace(HERE, origin="https://learn.example.org:8443")]
)
def test_an_answer_for_another_place_is_refused(site: passkeys.Site) -> None:
    somebody()
    key = Authenticator()
    made(signed_in(), key)
    secret = half()
    with pytest.raises(RefusedError):
        passkeys.finish(site, secret, key.sign(passkeys.ask_sign_in(HERE, secret, now=NOON)), now=NOON)
    again = half()
    options = passkeys.ask_sign_in(HERE, again, now=NOON)
    with pytest.raises(RefusedError):
        passkeys.finish(HERE, again, key.sign(options, type="webauthn.create"), now=NOON)


def test_making_one_needs_what_every_change_needs() -> None:
    member = somebody()
    stale = make.actor(member)
    with pytest.raises(second_steps.PasswordNeededError):
        passkeys.ask_new(HERE, by=stale, now=NOON)
    ended = signed_in()
    made(signed_in(), Authenticator())
    # The first one signed every other browser out.
    with pytest.raises(Forbidden):
        passkeys.ask_new(HERE, by=ended, now=NOON)
    with db.transaction() as session:
        begun = sessions.begin(session, ended.account_id, now=NOON, password_at=NOON)
    thief = sessions.resume(begun, now=NOON)
    assert thief
    with pytest.raises(second_steps.NotProvenError):
        passkeys.ask_new(HERE, by=thief, now=NOON)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@given(answer=JSON.map(json.dumps) | st.text(max_size=60) | st.just("[" * 30_000) | st.just("9" * 5000))
@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_nonsense_is_refused(answer: str) -> None:
    by = make.actor(make.member())
    with pytest.raises(RefusedError):
        passkeys.add(HERE, answer, "x", by=by, now=NOON)
