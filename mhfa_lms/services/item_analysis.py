"""How questions do, counted: difficulty, discrimination, what is chosen, and what an author should look at. Pure.

Difficulty is the mean credit, from 0 (nobody has it right) to 1. Discrimination is the correlation of a question's
credit with the points of the rest of its attempt (the corrected point-biserial where credit is 0 or 1): of two learners
who do equally well otherwise, does the question tell them apart at all? Nothing is rounded before the end.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from math import sqrt
from typing import Final

from mhfa_lms.content.questions import FreeText, Ordering, Question, QuestionKind, credit

# Smaller groups are hidden: a number about few people is a number about each of them.
FEWEST: Final = 10
HARD, EASY, WEAK, BLANK = Fraction(3, 10), Fraction(97, 100), 0.1, Fraction(1, 10)
# Of fewer people, and nearer to nothing, a negative discrimination comes about by chance.
BACKWARDS, FEWEST_FOR_BACKWARDS = -0.2, 30


class Oddity(StrEnum):
    """What an author should look at."""

    HARD = "hard"
    EASY = "easy"
    BACKWARDS = "backwards"
    WEAK = "weak"
    BLANK = "blank"
    MISLEADING = "misleading"


@dataclass(frozen=True, slots=True)
class Answered:
    """So many attempts that gave one answer, with the sum and the sum of squares of their points in hundredths.

    `chosen` is empty for those that left the question blank.
    """

    chosen: tuple[str, ...]
    count: int
    points: int
    squares: int


@dataclass(slots=True)
class Tally:
    """Sums over attempts that were asked a question; tallies of several revisions can be added up."""

    shown: int = 0
    blank: int = 0
    credit: Fraction = Fraction(0)
    credit_squared: Fraction = Fraction(0)
    rest: Fraction = Fraction(0)
    rest_squared: Fraction = Fraction(0)
    product: Fraction = Fraction(0)
    chosen: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.shown + other.shown,
            self.blank + other.blank,
            self.credit + other.credit,
            self.credit_squared + other.credit_squared,
            self.rest + other.rest,
            self.rest_squared + other.rest_squared,
            self.product + other.product,
            self.chosen + other.chosen,
        )

    @property
    def difficulty(self) -> Fraction:
        """The mean credit. Only where the question was shown."""
        return self.credit / self.shown

    @property
    def discrimination(self) -> float | None:
        """The correlation with the rest of the attempt; None where one of the two never differs."""
        n = self.shown
        spread = (n * self.credit_squared - self.credit**2) * (n * self.rest_squared - self.rest**2)
        return float(n * self.product - self.credit * self.rest) / sqrt(spread) if spread else None


def tally(question: Question, answers: Iterable[Answered]) -> Tally:
    """Count what a question's answers came to."""
    found = Tally()
    for one in answers:
        part = credit(question, one.chosen)
        points, squares = Fraction(one.points, 100), Fraction(one.squares, 10_000)
        found.shown += one.count
        found.blank += 0 if one.chosen else one.count
        found.credit += part * one.count
        found.credit_squared += part**2 * one.count
        found.rest += points - part * one.count
        found.rest_squared += squares - 2 * part * points + part**2 * one.count
        found.product += part * (points - part * one.count)
        for piece in pieces(question, one.chosen):
            found.chosen[piece] += one.count
    return found


def pieces(question: Question, chosen: Sequence[str]) -> list[str]:
    """Return an answer piece by piece, so that each can be counted; what people wrote in words is nobody's business."""
    if isinstance(question, FreeText):
        return []
    if isinstance(question, Ordering):
        return [f"{place}:{one}" for place, one in enumerate(chosen, 1)]
    return list(chosen)


def oddities(question: Question, found: Tally) -> list[Oddity]:
    """Return what an author should look at, the most telling first."""
    if found.shown < FEWEST:
        return []
    told = found.discrimination
    right = found.chosen[question.right[0]] if question.kind in {QuestionKind.SINGLE, QuestionKind.TRUE_FALSE} else None
    checks = {
        Oddity.BACKWARDS: told is not None and told < BACKWARDS and found.shown >= FEWEST_FOR_BACKWARDS,
        Oddity.HARD: found.difficulty < HARD,
        Oddity.MISLEADING: right is not None and any(count > right for count in found.chosen.values()),
        Oddity.EASY: found.difficulty > EASY,
        Oddity.WEAK: told is not None and BACKWARDS <= told < WEAK and HARD <= found.difficulty <= EASY,
        Oddity.BLANK: found.blank > found.shown * BLANK,
    }
    return [one for one, holds in checks.items() if holds]
