"""Which earlier certificates renew which: by the rule that issuing follows, whatever the order they come in."""

from dataclasses import dataclass
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mhfa_lms.services.history_links import chain
from mhfa_lms.services.periods import Terms, period

TERMS = Terms(36, 6, 3)


@dataclass
class Held:
    id: int
    completed_on: date
    expires_on: date
    window_opens_on: date
    window_closes_on: date
    is_imported: bool = True
    renewed_by_id: int | None = None


def held(number: int, completed_on: date, *, is_imported: bool = True, renewed_by_id: int | None = None) -> Held:
    dates = period(completed_on, TERMS)
    return Held(
        number,
        completed_on,
        dates.expires_on,
        dates.window_opens_on,
        dates.window_closes_on,
        is_imported,
        renewed_by_id,
    )


def test_one_after_the_other() -> None:
    rows = [held(3, date(2025, 5, 31)), held(1, date(2019, 5, 31)), held(2, date(2022, 5, 31))]
    assert chain(rows) == {1: 2, 2: 3, 3: None}


def test_a_gap_is_a_new_beginning() -> None:
    assert chain([held(1, date(2018, 5, 31)), held(2, date(2022, 5, 31))]) == {1: None, 2: None}


def test_one_that_comes_late_takes_its_place_between() -> None:
    rows = [held(1, date(2019, 5, 31), renewed_by_id=None), held(2, date(2022, 3, 31))]
    assert chain([*rows, held(3, date(2022, 8, 31))])[1] == 2


def test_what_was_decided_between_two_that_were_issued_here_stays() -> None:
    first = held(1, date(2019, 5, 31), is_imported=False)
    second = held(2, date(2022, 5, 31), is_imported=False)
    assert chain([first, second]) == {1: None, 2: None}
    first.renewed_by_id = 2
    assert chain([first, second, held(3, date(2022, 4, 30))]) == {1: 2, 2: None, 3: None}
    assert chain([held(1, date(2019, 5, 31)), second]) == {1: 2, 2: None}


DAYS = st.lists(st.integers(0, 5_000), min_size=1, max_size=8, unique=True)


@given(DAYS, st.randoms())
def test_a_chain_goes_forward_and_each_renews_one(days: list[int], random: object) -> None:
    rows = [held(number, date(2008, 1, 1) + timedelta(days=day)) for number, day in enumerate(days, start=1)]
    links = chain(rows)
    by_id = {one.id: one for one in rows}
    taken = [successor for successor in links.values() if successor is not None]
    assert len(taken) == len(set(taken))
    for one, successor in links.items():
        if successor is not None:
            earlier, later = by_id[one], by_id[successor]
            assert earlier.window_opens_on <= later.completed_on <= earlier.window_closes_on
            assert earlier.completed_on < later.completed_on
    # Whatever the order in which they are handed in, and once they are linked, it stays so.
    random.shuffle(rows)  # type: ignore[attr-defined]  # a Random of hypothesis's own
    assert chain(rows) == links
    for row in rows:
        row.renewed_by_id = links[row.id]
    assert chain(rows) == links
