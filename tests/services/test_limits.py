"""Limits: so many tries, then waiting helps."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.models import Try
from mhfa_lms.services import limits
from mhfa_lms.services.limits import Limit, TooManyTriesError
from tests.make import NOON
from tests.services.test_accounts import together

THREE = Limit("three", 3, timedelta(minutes=10))
SECRET = "the installation's key"
pytestmark = pytest.mark.usefixtures("database")


def take(who: str = "x", *, minutes: float = 0) -> int:
    """Take a try; 0, or the seconds to wait."""
    try:
        limits.take([(THREE, who)], secret=SECRET, now=NOON + timedelta(minutes=minutes))
    except TooManyTriesError as error:
        return error.retry_after
    return 0


def test_waiting_as_long_as_was_said_helps() -> None:
    assert [take(minutes=minutes) for minutes in (0, 1, 2)] == [0, 0, 0]
    assert take(minutes=3) == 7 * 60 + 1
    assert take("another", minutes=3) == 0
    assert take(minutes=10) == 0
    assert take(minutes=10) == 60 + 1


def test_a_try_that_was_refused_counts_nowhere() -> None:
    both = Limit("both", 2, timedelta(minutes=10))
    for _twice in range(2):
        limits.take([(both, "x"), (THREE, "x")], secret=SECRET, now=NOON)
    with pytest.raises(TooManyTriesError):
        limits.take([(both, "x"), (THREE, "x")], secret=SECRET, now=NOON)
    assert take() == 0


def test_giving_back_one_or_all() -> None:
    for _thrice in range(3):
        take()
    take("another")
    limits.let_go([(replace(THREE, shared=True), "x")], secret=SECRET)
    assert take() == 0
    assert take() > 0
    limits.let_go([(THREE, "x"), (THREE, "nobody")], secret=SECRET)
    assert [take() for _again in range(4)] == [0, 0, 0, 600 + 1]
    assert [take("another") for _again in range(3)] == [0, 0, 600 + 1]


def test_parallel_tries_do_not_slip_past() -> None:
    ended: list[int] = []
    together(*[lambda: ended.append(take())] * 8)
    assert sum(seconds == 0 for seconds in ended) == 3


def test_what_is_stored_cannot_be_read_and_goes_away() -> None:
    take("amina@example.org")
    key = db.session().scalars(select(Try.key_hash)).one()
    assert "amina" not in key
    assert limits.sweep(now=NOON + timedelta(hours=23)) == 0
    assert limits.sweep(now=NOON + timedelta(hours=25)) == 1
