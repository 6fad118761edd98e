"""Ordering: what comes first, what next, what last."""

import random
from collections.abc import Collection, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mhfa_lms.content.kinds.base import (
    NOTHING,
    PAIR,
    Asked,
    BadChoiceError,
    Base,
    Choosable,
    Control,
    Fault,
    Looked,
    Review,
    distinct,
    lenient,
    pairs,
    shown,
    unique,
)
from mhfa_lms.content.parts import Line, Part, Slug, Text


class Placed(Part):
    """Something with a place in the order. `feedback` is shown after the answer."""

    id: Slug
    text: Line
    feedback: Text | None = None


class Ordering(Base):
    """Items, written in the right order, and never shown in it.

    Of every two items one comes before the other. Credit: the pairs in the right order minus those in the wrong one,
    over all pairs, not below 0. So one swap of neighbours costs little, and the reverse order is worth nothing.
    """

    kind: Literal["ordering"]
    # Of two, never shown in the right order, everybody could tell the answer.
    items: Annotated[tuple[Placed, ...], Field(min_length=3, max_length=8)]

    @model_validator(mode="after")
    def _ids_differ(self) -> Self:
        unique([one.id for one in self.items], "items")
        distinct([one.text for one in self.items], "items")
        return self

    @property
    def right(self) -> list[str]:
        """The ids in the right order."""
        return [one.id for one in self.items]

    @property
    def wrong(self) -> list[str]:
        """The ids in reverse."""
        return self.right[::-1]

    def checked(self, given: Collection[str]) -> list[str]:
        """Return the ids in the order given; a form sends `item=place` instead, with places from 1."""
        sent = [one for one in given if one]
        if not sent:
            raise BadChoiceError(self.id, Fault.NOTHING)
        if any(PAIR in one for one in sent):
            sent = self._by_place(pairs(self.id, sent))
        if not set(sent) <= set(self.right):
            raise BadChoiceError(self.id)
        if len(set(sent)) != len(sent):
            raise BadChoiceError(self.id, Fault.TWICE)
        if len(sent) < len(self.items):
            raise BadChoiceError(self.id, Fault.INCOMPLETE)
        return sent

    def _by_place(self, places: dict[str, str]) -> list[str]:
        if not set(places.values()) <= {str(number) for number in range(1, len(self.items) + 1)}:
            raise BadChoiceError(self.id)
        if len(places) == len(self.items) > len(set(places.values())):
            raise BadChoiceError(self.id, Fault.TWICE)
        return sorted(places, key=lambda item: int(places[item]))

    def credit(self, chosen: Sequence[str]) -> Fraction:
        """Pairs in the right order minus pairs in the wrong one, over all pairs, not below 0."""
        place = {one: number for number, one in enumerate(self.right)}
        if sorted(chosen) != sorted(place):
            return NOTHING
        signs = [1 if place[first] < place[second] else -1 for first, second in combinations(chosen, 2)]
        return max(NOTHING, Fraction(sum(signs), len(signs)))

    def order(self, dice: random.Random) -> tuple[str, ...]:
        """The items, shuffled, and not as they belong."""
        ids = self.right
        while ids == self.right:
            ids = dice.sample(ids, len(ids))
        return tuple(ids)

    def asked(self, order: Sequence[str], given: Sequence[str]) -> Asked:
        """Show a list of all places for each item."""
        # An order that was never drawn would show them as they belong; by their ids it tells nothing.
        ids = shown(order, sorted(self.right))
        texts, numbers = {one.id: one.text for one in self.items}, range(1, len(ids) + 1)
        picked = lenient(given) if any(PAIR in one for one in given) else {o: str(n) for n, o in enumerate(given, 1)}
        controls = tuple(
            Control(
                one,
                texts[one],
                tuple(Choosable(f"{one}{PAIR}{n}", str(n), picked.get(one) == str(n)) for n in numbers),
            )
            for one in ids
        )
        return Asked(self.kind, self.prompt, self.hint, controls=controls)

    def looked(self, chosen: Sequence[str]) -> Review:
        """The right order, each item with the place it was given."""
        given = {one: number for number, one in enumerate(chosen, 1)}
        parts = tuple(
            Looked(one.text, str(given.get(one.id, "")), str(place), given.get(one.id) == place, one.feedback or "")
            for place, one in enumerate(self.items, 1)
        )
        return Review(self.kind, self.credit(chosen), parts, overall=self.overall(chosen), places=True)
