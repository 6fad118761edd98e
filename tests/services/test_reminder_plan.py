"""Which reminder is due, by rules that hypothesis picks."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mhfa_lms.services.reminder_plan import GRACE, Dates, Plan

USUAL = Plan((180, 90, 30, 0), 30)
HELD = Dates(date(2024, 2, 29), date(2027, 2, 28), date(2027, 5, 28))

plans = st.builds(
    lambda days, grace, keep: Plan(tuple(sorted(days, reverse=True)), grace, keep),
    st.sets(st.integers(0, 730), max_size=6),
    st.integers(1, 365),
    st.booleans(),
)
held = st.builds(
    lambda start, lasts, after: Dates(
        start, start + timedelta(days=lasts), start + timedelta(days=lasts) + timedelta(days=after)
    ),
    st.dates(date(2020, 1, 1), date(2030, 12, 31)),
    st.integers(0, 1500),
    st.integers(0, 200),
)


def due(day: str) -> int | None:
    return USUAL.due(HELD, date.fromisoformat(day))


def test_the_days_of_an_ordinary_certificate() -> None:
    assert due("2026-08-31") is None
    assert due("2026-09-01") == 180
    assert due("2026-11-29") == 180
    assert due("2026-11-30") == 90
    assert due("2027-01-29") == 30
    assert due("2027-02-27") == 30
    assert due("2027-02-28") == 0
    assert due("2027-03-29") == 0
    assert due("2027-03-30") == GRACE
    assert due("2027-05-28") == GRACE
    assert due("2027-05-29") is None


def test_nobody_is_reminded_to_renew_at_once() -> None:
    short = Dates(date(2027, 1, 1), date(2027, 2, 1), date(2027, 5, 1))
    assert USUAL.due(short, date(2027, 1, 1)) is None
    assert USUAL.due(short, date(2027, 1, 2)) == 30
    exactly = Dates(date(2027, 1, 1), date(2027, 1, 31), date(2027, 5, 1))
    assert USUAL.due(exactly, date(2027, 1, 30)) is None
    assert USUAL.due(exactly, date(2027, 1, 31)) == 0


def test_a_short_grace_is_reminded_of_on_its_last_day_and_none_at_all_never() -> None:
    short = Dates(date(2024, 1, 1), date(2027, 1, 1), date(2027, 1, 11))
    assert USUAL.due(short, date(2027, 1, 10)) == 0
    assert USUAL.due(short, date(2027, 1, 11)) == GRACE
    without = Dates(date(2024, 1, 1), date(2027, 1, 1), date(2027, 1, 1))
    assert USUAL.due(without, date(2027, 1, 1)) == 0
    assert USUAL.due(without, date(2027, 1, 2)) is None
    assert USUAL.last(without) == 0
    assert USUAL.last(short) == GRACE


@given(plans, held)
def test_the_schedule_goes_forward_and_inside_the_time_to_renew(plan: Plan, dates: Dates) -> None:
    schedule = plan.schedule(dates)
    offsets, days = [offset for offset, _day in schedule], [day for _offset, day in schedule]
    assert offsets == sorted(set(offsets), reverse=True)
    assert days == sorted(set(days))
    assert all(dates.starts_on < day <= dates.window_closes_on for day in days)
    assert all(day <= dates.expires_on for offset, day in schedule if offset != GRACE)
    assert all(day > dates.expires_on for offset, day in schedule if offset == GRACE)
    assert offsets.count(GRACE) <= 1


@given(plans, held, st.integers(-10, 2000))
def test_the_due_one_is_the_latest_whose_day_has_come(plan: Plan, dates: Dates, after: int) -> None:
    today = dates.starts_on + timedelta(days=after)
    found = plan.due(dates, today)
    if found is None:
        assert today > dates.window_closes_on or all(day > today for _offset, day in plan.schedule(dates))
        return
    days = dict(plan.schedule(dates))
    assert days[found] <= today <= dates.window_closes_on
    assert all(day > today for offset, day in days.items() if offset < found)


@given(plans, held)
def test_day_by_day_every_reminder_comes_once_and_in_order(plan: Plan, dates: Dates) -> None:
    days = (dates.window_closes_on - dates.starts_on).days
    came: list[int] = []
    for number in range(days + 2):
        found = plan.due(dates, dates.starts_on + timedelta(days=number))
        if found is not None and found not in came:
            came.append(found)
    assert came == [offset for offset, _day in plan.schedule(dates)]
