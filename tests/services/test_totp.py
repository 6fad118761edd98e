"""Codes from an app: which are taken, and that none is taken twice."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

from mhfa_lms.services import totp
from tests.make import NOON

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
NOW_STEP = int(NOON.timestamp()) // 30


def code(seconds: int = 0) -> str:
    return pyotp.TOTP(SECRET).at(NOON + timedelta(seconds=seconds))


def test_the_codes_are_those_of_the_standard() -> None:
    """RFC 6238, appendix B: its secret and its moments, the last six of the eight digits."""
    times = {59: "287082", 1111111109: "081804", 2000000000: "279037"}
    for seconds, expected in times.items():
        moment = NOON.fromtimestamp(seconds, tz=NOON.tzinfo)
        assert totp.matching_step(SECRET, expected, now=moment, after=None) == seconds // 30


@pytest.mark.parametrize(("seconds", "taken"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_clock_may_be_half_a_minute_off(seconds: int, taken: bool) -> None:
    found = totp.matching_step(SECRET, code(seconds), now=NOON, after=None)
    assert found == (NOW_STEP + seconds // 30 if taken else None)


def test_a_code_is_taken_once_and_none_before_it() -> None:
    first = totp.matching_step(SECRET, code(), now=NOON, after=None)
    assert totp.matching_step(SECRET, code(), now=NOON, after=first) is None
    assert totp.matching_step(SECRET, code(-30), now=NOON, after=first) is None
    assert totp.matching_step(SECRET, code(30), now=NOON, after=first) == NOW_STEP + 1


def test_spaces_and_the_digits_of_other_scripts_are_forgiven() -> None:
    digits = code()
    persian = "".join(chr(0x06F0 + int(digit)) for digit in digits)
    for typed in (f"{digits[:3]} {digits[3:]}", f"{digits[:3]}-{digits[3:]}", persian):
        assert totp.matching_step(SECRET, typed, now=NOON, after=None) == NOW_STEP


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "½½½½½½", "\x00", "9" * 5000])
def test_nonsense_is_refused(typed: str) -> None:
    assert totp.matching_step(SECRET, typed, now=NOON, after=None) is None


def test_the_address_for_apps_names_site_and_account() -> None:
    parts = urlsplit(totp.uri(SECRET, account="amina@example.org", issuer="First Aid & Minds"))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert parse_qs(parts.query) == {"secret": [SECRET], "issuer": ["First Aid & Minds"]}
    assert len(totp.new_secret()) == 32
