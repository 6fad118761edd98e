"""Certification periods: what the calendar does to them, and the same standing in Python and in the database."""

from dataclasses import dataclass
from datetime import MAXYEAR, UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from mhfa_lms import clock, db
from mhfa_lms.models import Certificate
from mhfa_lms.services.periods import (
    CERTIFIED,
    Standing,
    Terms,
    add_months,
    counts_on,
    in_window,
    period,
    renewal,
    standing,
    standing_column,
    standing_condition,
)
from tests import make

DEFAULT = Terms(valid_months=36, window_before_months=6, window_after_months=3)
DAY = timedelta(days=1)
# The edges of the world, an hour's half and quarter, and places whose clocks change at midnight.
ZONES = (
    "UTC",
    "Pacific/Kiritimati",
    "Etc/GMT+12",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Europe/London",
    "America/New_York",
    "America/Havana",
    "Asia/Beirut",
    "Australia/Lord_Howe",
)
days = st.dates(date(2000, 1, 1), date(2100, 12, 31))
terms = st.builds(Terms, st.integers(1, 120), st.integers(0, 24), st.integers(0, 24))


@dataclass(frozen=True)
class Dates:
    """What a standing depends on."""

    window_opens_on: date
    expires_on: date
    window_closes_on: date
    revoked_at: datetime | None = None
    replaced_by_id: int | None = None


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2024, 2, 29), 36, date(2027, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2027, 2, 28), 36, date(2030, 2, 28)),
        (date(2026, 8, 31), -6, date(2026, 2, 28)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 11, 21), 36, date(2029, 11, 21)),
        (date(2026, 1, 15), -1, date(2025, 12, 15)),
        (date(2026, 12, 31), 0, date(2026, 12, 31)),
    ],
)
def test_months_are_calendar_months(day: date, months: int, expected: date) -> None:
    assert add_months(day, months) == expected


@given(days, st.integers(-240, 240))
def test_adding_months_keeps_the_day_or_takes_the_months_last(day: date, months: int) -> None:
    found = add_months(day, months)
    assert (found.year * 12 + found.month) - (day.year * 12 + day.month) == months
    assert found.day == day.day or (found.day < day.day and (found + DAY).day == 1)


def test_the_default_period() -> None:
    found = period(date(2026, 11, 21), DEFAULT)
    assert found.expires_on == date(2029, 11, 21)
    assert (found.window_opens_on, found.window_closes_on) == (date(2029, 5, 21), date(2030, 2, 21))


def test_a_period_from_29_february_ends_on_28_february() -> None:
    found = period(date(2024, 2, 29), DEFAULT)
    assert (found.window_opens_on, found.expires_on, found.window_closes_on) == (
        date(2026, 8, 28),
        date(2027, 2, 28),
        date(2027, 5, 28),
    )


@given(days, terms)
def test_a_period_is_in_order(day: date, rules: Terms) -> None:
    found = period(day, rules)
    assert found.starts_on == day <= found.window_opens_on <= found.expires_on <= found.window_closes_on


@given(days, st.integers(-200, 100), terms, st.booleans())
def test_a_renewal_never_ends_before_it_was_earned(old: date, shift: int, rules: Terms, from_old: bool) -> None:
    completed = old + timedelta(days=shift)
    found = renewal(completed, old, rules, from_old_expiry=from_old)
    assert found.expires_on >= completed
    assert found.starts_on in ({old, completed} if from_old else {completed})


def test_a_renewal_starts_at_its_completion_or_at_the_old_expiry() -> None:
    completed, old = date(2026, 11, 21), date(2026, 12, 10)
    assert renewal(completed, old, DEFAULT, from_old_expiry=False) == period(completed, DEFAULT)
    assert renewal(completed, old, DEFAULT, from_old_expiry=True) == period(old, DEFAULT)


@given(days, terms, st.booleans(), st.lists(st.integers(0, 10_000), min_size=1, max_size=30))
def test_a_chain_of_renewals_never_loses_a_day(start: date, rules: Terms, from_old: bool, moments: list[int]) -> None:
    """Renewed on any day of the window, cycle after cycle: a period ends no earlier than the one it renews, nobody who
    renews in time is uncertified for a day, and counting from the old expiry the day of the month does not wander.
    """
    now, anchors = period(start, rules), {start.day}
    for moment in moments:
        if now.window_closes_on.year > MAXYEAR - 50:
            return
        length = (now.window_closes_on - now.window_opens_on).days + 1
        completed = now.window_opens_on + moment % length * DAY
        new = renewal(completed, now.expires_on, rules, from_old_expiry=from_old)
        assert new.expires_on >= max(now.expires_on, completed)
        assert new.starts_on <= max(now.expires_on, completed)
        assert new.window_opens_on >= new.starts_on
        if from_old and new.starts_on == now.expires_on:
            assert new.expires_on == add_months(now.expires_on, rules.valid_months)
            assert new.expires_on.day <= max(anchors)
        else:
            assert new.starts_on == completed
        anchors.add(new.starts_on.day)
        now = new


@given(st.integers(1_577_836_800, 2_208_988_800), st.sampled_from(ZONES), terms)
def test_the_window_is_open_on_the_civil_days_of_both_its_ends(instant: int, zone: str, rules: Terms) -> None:
    """From the first midnight of the window to the last moment of its last day, wherever the organisation is."""
    now = datetime.fromtimestamp(instant, UTC)
    dates = period(clock.civil_date(now, zone), rules)
    held = Dates(dates.window_opens_on, dates.expires_on, dates.window_closes_on)
    first = datetime.combine(dates.window_opens_on, time(), ZoneInfo(zone))
    after = datetime.combine(dates.window_closes_on + DAY, time(), ZoneInfo(zone))
    second = timedelta(seconds=1)
    moments = [one.astimezone(UTC) for one in (first, after)]
    inside = [in_window(held, clock.civil_date(one, zone)) for one in moments]
    before = [in_window(held, clock.civil_date(one - second, zone)) for one in moments]
    assert (before, inside) == ([False, True], [True, False])


def test_both_ends_of_the_window_and_the_last_day_are_inside() -> None:
    dates = Dates(date(2026, 5, 21), date(2026, 11, 21), date(2027, 2, 21))
    assert standing(dates, date(2026, 5, 20)) is Standing.VALID
    assert standing(dates, date(2026, 5, 21)) is Standing.DUE
    assert standing(dates, date(2026, 11, 21)) is Standing.DUE
    assert standing(dates, date(2026, 11, 22)) is Standing.GRACE
    assert standing(dates, date(2027, 2, 21)) is Standing.GRACE
    assert standing(dates, date(2027, 2, 22)) is Standing.LAPSED
    assert [in_window(dates, day) for day in (date(2026, 5, 20), date(2026, 5, 21))] == [False, True]
    assert [in_window(dates, day) for day in (date(2027, 2, 21), date(2027, 2, 22))] == [True, False]


def test_withdrawn_comes_before_replaced_and_both_before_the_dates() -> None:
    dates = (date(2026, 5, 21), date(2026, 11, 21), date(2027, 2, 21))
    now = datetime(2026, 6, 1, tzinfo=UTC)
    assert standing(Dates(*dates, revoked_at=now, replaced_by_id=1), date(2026, 6, 1)) is Standing.REVOKED
    assert standing(Dates(*dates, replaced_by_id=1), date(2028, 6, 1)) is Standing.REPLACED


def test_grace_is_not_certified() -> None:
    assert {Standing.VALID, Standing.DUE} == CERTIFIED


@given(days, terms)
def test_in_the_window_means_due_or_grace(day: date, rules: Terms) -> None:
    found = period(day, rules)
    dates = Dates(found.window_opens_on, found.expires_on, found.window_closes_on)
    for today in (found.window_opens_on - DAY, found.window_opens_on, found.expires_on + DAY, found.window_closes_on):
        assert in_window(dates, today) is (standing(dates, today) in {Standing.DUE, Standing.GRACE})


@pytest.fixture
def varied(database: str) -> list[int]:
    """Certificates whose edges lie on and around one day, withdrawn and replaced ones among them; their ids."""
    member, revision = make.member(), make.published()
    other = make.certificate(member, revision).id
    ids = []
    for opens, expires, closes in ((0, 0, 0), (-1, 0, 1), (0, 1, 2), (1, 1, 1), (-2, -1, 0), (-3, -2, -1), (5, 9, 9)):
        for more in ({}, {"revoked_at": make.NOON, "revoked_reason": "x"}, {"replaced_by_id": other}):
            today = date(2026, 11, 21)
            ids.append(
                make.certificate(
                    member,
                    revision,
                    starts_on=date(2024, 1, 1),
                    window_opens_on=today + opens * DAY,
                    expires_on=today + expires * DAY,
                    window_closes_on=today + closes * DAY,
                    **more,
                ).id
            )
    return ids


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(shift=st.integers(-12, 12))
def test_the_database_says_the_same(varied: list[int], shift: int) -> None:
    """Each certificate meets exactly the condition of the standing that Python gives it, on every day around."""
    today = date(2026, 11, 21) + shift * DAY
    session = db.session()
    rows = session.scalars(select(Certificate).where(Certificate.id.in_(varied))).all()
    expected = {row.id: standing(row, today) for row in rows}
    found: dict[int, list[Standing]] = {row.id: [] for row in rows}
    for one in Standing:
        for id_ in session.scalars(
            select(Certificate.id).where(Certificate.id.in_(varied), standing_condition(one, today))
        ):
            found[id_].append(one)
    assert found == {id_: [one] for id_, one in expected.items()}
    counting = session.scalars(select(Certificate.id).where(Certificate.id.in_(varied), counts_on(today)))
    assert set(counting) == {id_ for id_, one in expected.items() if one in CERTIFIED}
    words = session.execute(select(Certificate.id, standing_column(today)).where(Certificate.id.in_(varied)))
    assert {row.id: row.standing for row in words} == expected
