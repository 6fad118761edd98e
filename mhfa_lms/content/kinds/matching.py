"""Matching: each item goes with one of the targets."""

import random
from collections.abc import Collection, Sequence
from fractions import Fraction
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mhfa_lms.content.kinds.base import (
    PAIR,
    Asked,
    Base,
    Choosable,
    Control,
    Looked,
    Review,
    all_paired,
    distinct,
    lenient,
    share_paired,
    shown,
    unique,
)
from mhfa_lms.content.parts import Line, Part, Slug, Text
from mhfa_lms.content.problems import CodedError


class Target(Part):
    """What an item can go with."""

    id: Slug
    text: Line


class Item(Part):
    """What is to be matched, and the id of the target that fits. `feedback` is shown after the answer."""

    id: Slug
    text: Line
    target: Slug
    feedback: Text | None = None


class Matching(Base):
    """Items and targets. A target may fit several items, or none. Credit: the items matched rightly, over all items.

    An answer is one `item=target` for each item.
    """

    kind: Literal["matching"]
    items: Annotated[tuple[Item, ...], Field(min_length=2, max_length=8)]
    targets: Annotated[tuple[Target, ...], Field(min_length=2, max_length=10)]
    shuffle: bool = True

    @model_validator(mode="after")
    def _targets_are_known(self) -> Self:
        unique([one.id for one in self.items], "items")
        unique([one.id for one in self.targets], "targets")
        distinct([one.text for one in self.items], "items")
        distinct([one.text for one in self.targets], "targets")
        known = {one.id for one in self.targets}
        for item in self.items:
            if item.target not in known:
                raise CodedError("unanswerable", f"item {item.id} names the unknown target {item.target}")
        return self

    @property
    def right(self) -> list[str]:
        """Every item with its target."""
        return [f"{item.id}{PAIR}{item.target}" for item in self.items]

    @property
    def wrong(self) -> list[str]:
        """Every item with another target than its own."""
        return [
            f"{item.id}{PAIR}{next(one.id for one in self.targets if one.id != item.target)}" for item in self.items
        ]

    def checked(self, given: Collection[str]) -> list[str]:
        """Return the pairs in the order of the items."""
        targets = {one.id for one in self.targets}
        return all_paired(self.id, given, {item.id: targets for item in self.items})

    def credit(self, chosen: Sequence[str]) -> Fraction:
        """The items matched rightly, over all items."""
        return share_paired(self.id, chosen, {item.id: item.target for item in self.items})

    def order(self, dice: random.Random) -> tuple[str, ...]:
        """The targets, shuffled unless the author pinned them."""
        ids = [one.id for one in self.targets]
        return tuple(dice.sample(ids, len(ids)) if self.shuffle else ids)

    def asked(self, order: Sequence[str], given: Sequence[str]) -> Asked:
        """Show a list of all targets for each item."""
        texts, picked = {one.id: one.text for one in self.targets}, lenient(given)
        controls = tuple(
            Control(
                item.id,
                item.text,
                tuple(
                    Choosable(f"{item.id}{PAIR}{one}", texts[one], picked.get(item.id) == one)
                    for one in shown(order, list(texts))
                ),
            )
            for item in self.items
        )
        return Asked(self.kind, self.prompt, self.hint, controls=controls)

    def looked(self, chosen: Sequence[str]) -> Review:
        """Each item with the target chosen and the one that fits."""
        texts, picked = {one.id: one.text for one in self.targets}, lenient(chosen)
        parts = tuple(
            Looked(
                item.text,
                texts.get(picked.get(item.id, ""), ""),
                texts[item.target],
                picked.get(item.id) == item.target,
                item.feedback or "",
            )
            for item in self.items
        )
        return Review(self.kind, self.credit(chosen), parts, overall=self.overall(chosen))
