"""Passwords: which are refused, and how they are kept."""

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type

from mhfa_lms.services import passwords


@pytest.mark.parametrize(
    "password",
    [
        "",
        "nine char",
        "a" * 9,
        "a" * 201,
        "Password123",
        "QWERTYUIOP",
        "1234567890",
        "zzzzzzzzzzzz",
        "AMINA@example.org",
    ],
)
def test_weak_passwords_are_refused(password: str) -> None:
    with pytest.raises(passwords.PasswordError):
        passwords.check(password, "amina@example.org")


def test_the_name_in_the_address_is_no_password() -> None:
    with pytest.raises(passwords.PasswordError):
        passwords.check("amina.yusuf", "Amina.Yusuf@example.org")
    passwords.check("amina.yusuf", "other@example.org")


@pytest.mark.parametrize(
    "password", ["ten chars.", "all small letters", "1029384756 47", "ж" * 9 + "я", "a" + "b" * 199]
)
def test_long_ones_are_taken_whatever_they_are_made_of(password: str) -> None:
    passwords.check(password, "amina@example.org")


def test_the_parameters_are_the_ones_owasp_asks_for() -> None:
    found = extract_parameters(passwords.hashed("a long enough pass phrase"))
    assert (found.type, found.memory_cost, found.time_cost, found.parallelism) == (Type.ID, 19 * 1024, 2, 1)


def test_the_dummy_costs_what_a_real_one_costs_and_matches_nothing() -> None:
    assert extract_parameters(passwords.DUMMY) == extract_parameters(passwords.hashed("a long enough pass phrase"))
    assert not passwords.outdated(passwords.DUMMY)
    assert not passwords.verify(None, "a long enough pass phrase")


def test_a_password_is_verified_however_the_keyboard_writes_it() -> None:
    stored = passwords.hashed("cafe\u0301 au lait, s'il vous plait")
    assert passwords.verify(stored, "caf\u00e9 au lait, s'il vous plait")
    assert not passwords.verify(stored, "cafe au lait, s'il vous plait")
    assert not passwords.verify(stored, "x" * 5000)
    assert not passwords.verify("not a hash at all, but long", "x")


def test_hashes_with_other_parameters_are_outdated() -> None:
    assert passwords.outdated(PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash("x"))
    assert not passwords.outdated(passwords.hashed("x"))
