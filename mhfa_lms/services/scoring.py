"""Drawing questions and counting points. Pure: no database, no clock; the same seed gives the same draw."""

import random
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction
from typing import Any

from mhfa_lms.content.questions import Question, credit


@dataclass(frozen=True, slots=True)
class Drawn:
    """One question of an attempt, with what is to be chosen in the order shown: see `order` of each kind.

    `options` holds ids of options, of targets, of items to put in order, or `gap=option`.
    """

    question: str
    options: tuple[str, ...]

    def stored(self) -> dict[str, Any]:
        """Return the form kept in `Attempt.drawn`."""
        return {"question": self.question, "options": list(self.options)}

    @classmethod
    def read(cls, stored: object) -> "Drawn":
        """Return a question from its stored form. Raises TypeError for anything else."""
        if not isinstance(stored, dict):
            raise TypeError("a drawn question is stored as an object")
        return cls(str(stored["question"]), tuple(str(option) for option in stored["options"]))


def draw(pool: Sequence[Question], count: int, *, seed: str, before: Sequence[Collection[str]] = ()) -> list[Drawn]:
    """Draw `count` questions, spread over the modules in proportion to the whole pool.

    `before` holds the question ids of earlier draws, oldest first. Questions never drawn come first; only when they run
    out do others come back, the longest unseen first. Raises ValueError when the pool is smaller than `count`.
    """
    if count > len(pool):
        raise ValueError(f"cannot draw {count} of {len(pool)} questions")
    dice = random.Random(seed)  # noqa: S311  # it shuffles questions; nothing secret depends on it
    last_seen = {question: place for place, drawn in enumerate(before, 1) for question in drawn}
    by_age: dict[int, list[Question]] = {}
    for question in dice.sample(list(pool), len(pool)):
        by_age.setdefault(last_seen.get(question.id, 0), []).append(question)
    spread = _Spread(pool, count)
    chosen = [question for age in sorted(by_age) for question in spread.take(by_age[age])]
    dice.shuffle(chosen)
    return [Drawn(question.id, question.order(dice)) for question in chosen]


class _Spread:
    """Hands out the seats of a draw, each to the module that is furthest behind its share.

    In whole numbers, times the size of the pool: no module ends a full seat off its exact share unless it has run out.
    """

    def __init__(self, pool: Sequence[Question], count: int) -> None:
        self.weights = Counter(question.module for question in pool)
        self.size = len(pool)
        self.count = count
        self.taken: Counter[str | None] = Counter()

    def take(self, questions: Sequence[Question]) -> list[Question]:
        """Take as many of these as there are seats left, the first of each module first."""
        waiting: dict[str | None, list[Question]] = {}
        for question in questions:
            waiting.setdefault(question.module, []).append(question)
        chosen: list[Question] = []
        while waiting and self.taken.total() < self.count:
            module = max(waiting, key=self._behind)
            chosen.append(waiting[module].pop(0))
            self.taken[module] += 1
            if not waiting[module]:
                del waiting[module]
        return chosen

    def _behind(self, module: str | None) -> int:
        return self.count * self.weights[module] - self.size * self.taken[module]


def passes(points: Decimal | int, max_points: Decimal | int, percent: int) -> bool:
    """Whether points reach a pass mark in percent, without rounding: at 80 %, 12 of 15 pass and 11 do not."""
    return points * 100 >= percent * max_points


def points_needed(max_points: Decimal | int, percent: int, questions: Collection[Question] = ()) -> Decimal:
    """Return the fewest points that pass: 12 of 15 at 80 %; of 13 it is 11, or 10.4 where a question gives parts."""
    exact = Decimal(percent * max_points) / 100
    return exact if any(question.in_parts for question in questions) else exact.to_integral_value(ROUND_CEILING)


def points(exact: Fraction) -> Decimal:
    """Return points rounded down to the hundredth."""
    return Decimal(int(exact * 100)) / 100


@dataclass(frozen=True, slots=True)
class Result:
    """What an attempt came to, to the hundredth of a point."""

    points: Decimal
    max_points: Decimal | int
    passed: bool


def mark(
    questions: Sequence[Question], answers: Mapping[str, Sequence[str]], *, max_points: Decimal | int, percent: int
) -> Result:
    """Mark an attempt: each question gives the part of a point that its kind's rule says; no answer is no point.

    The sum is exact, and rounded down once, to hundredths. Every pass mark is a whole number of hundredths, so rounding
    never decides whether somebody passes.
    """
    exact = sum((credit(question, answers.get(question.id, ())) for question in questions), Fraction(0))
    return Result(points(exact), max_points, passes(points(exact), max_points, percent))
