"""Drawing and counting, held to their rules for any pool and any number of attempts."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhfa_lms.content.questions import Choice, FreeText, Option, Question
from mhfa_lms.services import scoring
from mhfa_lms.services.scoring import Drawn


def question(name: str, module: str, right: tuple[str, ...] = ("a",)) -> Question:
    """A question with three options."""
    options = tuple(Option(id=one, text=one, correct=one in right) for one in ("a", "b", "c"))
    kind: Literal["single", "multiple"] = "single" if len(right) == 1 else "multiple"
    return Choice(id=name, kind=kind, prompt="?", options=options, module=module, explanation="!")


def pool_of(*sizes: int) -> list[Question]:
    """A pool with modules of these sizes."""
    return [question(f"q-{module}-{n}", f"m-{module}") for module, size in enumerate(sizes) for n in range(size)]


pools = st.lists(st.integers(1, 20), min_size=1, max_size=6).map(lambda sizes: pool_of(*sizes))


@given(pools, st.integers(0, 60), st.text(max_size=5))
def test_a_draw_has_the_right_number_without_repeats_and_all_options(
    pool: list[Question], count: int, seed: str
) -> None:
    count = min(count, len(pool))
    drawn = scoring.draw(pool, count, seed=seed)
    assert len({one.question for one in drawn}) == len(drawn) == count
    for one in drawn:
        assert sorted(one.options) == ["a", "b", "c"]


@given(pools, st.integers(0, 60), st.text(max_size=5))
def test_the_same_seed_draws_the_same(pool: list[Question], count: int, seed: str) -> None:
    count = min(count, len(pool))
    assert scoring.draw(pool, count, seed=seed) == scoring.draw(pool, count, seed=seed)


@given(pools, st.integers(1, 60), st.text(max_size=5))
def test_the_first_draw_keeps_each_module_within_a_seat_of_its_share(
    pool: list[Question], count: int, seed: str
) -> None:
    count = min(count, len(pool))
    weights = Counter(one.module for one in pool)
    modules = {one.id: one.module for one in pool}
    taken = Counter(modules[one.question] for one in scoring.draw(pool, count, seed=seed))
    for module, weight in weights.items():
        assert abs(taken[module] - Fraction(count * weight, len(pool))) < 1


@given(pools, st.integers(1, 60), st.text(max_size=5), st.text(max_size=5))
def test_a_second_draw_repeats_only_what_the_pool_cannot_spare(
    pool: list[Question], count: int, one: str, two: str
) -> None:
    count = min(count, len(pool))
    first = {drawn.question for drawn in scoring.draw(pool, count, seed=one)}
    second = {drawn.question for drawn in scoring.draw(pool, count, seed=two, before=[first])}
    assert len(second) == count
    assert len(first & second) == max(0, 2 * count - len(pool))


def test_of_what_was_seen_before_the_longest_unseen_comes_back_first() -> None:
    pool = pool_of(3)
    before = [{"q-0-0"}, {"q-0-1"}, {"q-0-2"}]
    assert [one.question for one in scoring.draw(pool, 1, seed="x", before=before)] == ["q-0-0"]


def test_fifteen_of_forty_eight_are_five_from_each_of_three_modules_twice_over() -> None:
    pool = pool_of(16, 16, 16)
    modules = {one.id: one.module for one in pool}
    first = scoring.draw(pool, 15, seed="one")
    second = scoring.draw(pool, 15, seed="two", before=[{one.question for one in first}])
    for drawn in (first, second):
        assert set(Counter(modules[one.question] for one in drawn).values()) == {5}


def test_a_pool_that_is_too_small_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot draw 3 of 2"):
        scoring.draw(pool_of(2), 3, seed="x")


@pytest.mark.parametrize(
    ("points", "most", "percent", "passed"),
    [(12, 15, 80, True), (11, 15, 80, False), (15, 15, 100, True), (14, 15, 100, False), (0, 15, 1, False)],
)
def test_the_pass_mark_is_counted_in_whole_numbers(points: int, most: int, percent: int, passed: bool) -> None:
    assert scoring.passes(points, most, percent) is passed


@given(st.integers(1, 1000), st.integers(1, 100))
def test_the_points_needed_are_the_fewest_that_pass(most: int, percent: int) -> None:
    for asked, least in (([question("q", "m")], 1), ([question("q", "m", ("a", "b"))], Decimal("0.01"))):
        needed = scoring.points_needed(most, percent, asked)
        assert needed % least == 0
        assert scoring.passes(needed, most, percent)
        assert not scoring.passes(needed - least, most, percent)


def test_the_points_of_an_attempt_are_what_fits_of_each_answer() -> None:
    asked = [
        question("q-1", "m", ("a", "b")),
        question("q-2", "m"),
        question("q-3", "m"),
        question("q-4", "m", ("a", "b")),
    ]
    answers = {"q-1": ["a", "b"], "q-2": ["b"], "q-4": ["a", "b", "c"]}
    result = scoring.mark(asked, answers, max_points=4, percent=25)
    assert result == scoring.Result(points=Decimal("1.5"), max_points=4, passed=True)


@given(st.lists(st.fractions(0, 1, max_denominator=28), min_size=1, max_size=20), st.integers(1, 100))
def test_rounding_to_hundredths_never_decides_whether_somebody_passes(credits: list[Fraction], percent: int) -> None:
    class Worth(FreeText):
        """A question whose answer is what it is worth."""

        def credit(self, chosen: Sequence[str]) -> Fraction:
            return Fraction(chosen[0])

    asked = [Worth(id=f"q-{n}", kind="text", prompt="?") for n in range(len(credits))]
    answers = {one.id: [str(worth)] for one, worth in zip(asked, credits, strict=True)}
    result = scoring.mark(asked, answers, max_points=len(asked), percent=percent)
    assert result.passed == (sum(credits) * 100 >= percent * len(asked))
    assert 0 <= sum(credits) - Fraction(result.points) < Fraction(1, 100)


@given(st.lists(st.sampled_from(["a", "b", "c"]), unique=True))
def test_what_is_drawn_survives_being_stored(options: list[str]) -> None:
    drawn = Drawn("q-1", tuple(options))
    assert Drawn.read(drawn.stored()) == drawn


def test_something_else_is_not_read_as_a_drawn_question() -> None:
    with pytest.raises(TypeError):
        Drawn.read(["q-1"])
