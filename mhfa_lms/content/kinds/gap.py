"""Gaps: a text in which some words are to be chosen."""

import random
import re
from collections.abc import Collection, Iterator, Sequence
from fractions import Fraction
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from mhfa_lms.content.kinds.base import (
    PAIR,
    Asked,
    Base,
    Choosable,
    Control,
    Looked,
    Option,
    Review,
    all_paired,
    distinct,
    lenient,
    share_paired,
    shown,
    unique,
)
from mhfa_lms.content.parts import Part, Slug, Text
from mhfa_lms.content.problems import CodedError

MARK: Final = re.compile(r"\{([a-z0-9-]+)\}")


class Hole(Part):
    """One gap: options of which exactly one fits."""

    id: Slug
    options: Annotated[tuple[Option, ...], Field(min_length=2, max_length=6)]

    @model_validator(mode="after")
    def _one_fits(self) -> Self:
        unique([option.id for option in self.options], "options")
        distinct([option.text for option in self.options], f"options of gap {self.id}")
        if sum(option.correct for option in self.options) != 1:
            raise CodedError("unanswerable", f"gap {self.id} needs exactly one correct option")
        return self

    @property
    def fitting(self) -> Option:
        """The option that fits."""
        return next(option for option in self.options if option.correct)


class Gap(Base):
    """A text that names each gap once, as `{gap-id}`. Credit: the gaps filled rightly, over all gaps.

    An answer is one `gap=option` for each gap.
    """

    kind: Literal["gap"]
    text: Text
    gaps: Annotated[tuple[Hole, ...], Field(min_length=1, max_length=8)]
    shuffle: bool = True

    @model_validator(mode="after")
    def _text_and_gaps_agree(self) -> Self:
        named, known = MARK.findall(self.text), [gap.id for gap in self.gaps]
        unique(known, "gaps")
        for gap in known:
            if named.count(gap) != 1:
                raise CodedError("unanswerable", f"the text must hold {{{gap}}} exactly once")
        if unknown := sorted(set(named) - set(known)):
            raise CodedError("unanswerable", f"the text names the unknown gap {unknown[0]}")
        return self

    @property
    def right(self) -> list[str]:
        """Every gap with the option that fits."""
        return [f"{gap.id}{PAIR}{gap.fitting.id}" for gap in self.gaps]

    @property
    def wrong(self) -> list[str]:
        """Every gap with an option that does not fit."""
        return [f"{gap.id}{PAIR}{next(one.id for one in gap.options if not one.correct)}" for gap in self.gaps]

    def checked(self, given: Collection[str]) -> list[str]:
        """Return the pairs in the order of the gaps."""
        return all_paired(self.id, given, {gap.id: {option.id for option in gap.options} for gap in self.gaps})

    def credit(self, chosen: Sequence[str]) -> Fraction:
        """The gaps filled rightly, over all gaps."""
        return share_paired(self.id, chosen, {gap.id: gap.fitting.id for gap in self.gaps})

    def order(self, dice: random.Random) -> tuple[str, ...]:
        """Each gap's options, shuffled unless the author pinned them."""
        return tuple(
            f"{gap.id}{PAIR}{option.id}"
            for gap in self.gaps
            for option in (dice.sample(gap.options, len(gap.options)) if self.shuffle else gap.options)
        )

    def asked(self, order: Sequence[str], given: Sequence[str]) -> Asked:
        """Show the text with a list in each gap."""
        picked = lenient(given)
        controls = {}
        for number, gap in enumerate(self.gaps, 1):
            texts = {f"{gap.id}{PAIR}{option.id}": option.text for option in gap.options}
            options = (
                Choosable(one, texts[one], one == f"{gap.id}{PAIR}{picked.get(gap.id)}")
                for one in shown(order, list(texts))
            )
            controls[gap.id] = Control(gap.id, str(number), tuple(options))
        pieces = tuple(controls.get(name, words) for words, name in self._pieces())
        return Asked(self.kind, self.prompt, self.hint, controls=tuple(controls.values()), pieces=pieces)

    def looked(self, chosen: Sequence[str]) -> Review:
        """Each gap with what was chosen and what fits, and the text as it should be."""
        picked, parts = lenient(chosen), []
        for gap in self.gaps:
            given = next((option for option in gap.options if option.id == picked.get(gap.id)), None)
            fits = given is gap.fitting
            feedback = (given.feedback if given else None) or ""
            parts.append(Looked("", given.text if given else "", gap.fitting.text, fits, feedback))
        fitting = {gap.id: gap.fitting.text for gap in self.gaps}
        whole = "".join(fitting.get(name, words) for words, name in self._pieces())
        return Review(self.kind, self.credit(chosen), tuple(parts), overall=self.overall(chosen), model=whole)

    def _pieces(self) -> Iterator[tuple[str, str]]:
        """Yield the text's words and, between them, the names of its gaps: (words, '') or ('', name)."""
        pieces, known = MARK.split(self.text), [gap.id for gap in self.gaps]
        for number, piece in enumerate(pieces):
            if number % 2 and piece in known:
                yield "", piece
            elif piece:
                yield piece, ""
        # A translation may have lost one: it can be answered all the same.
        for gap in known:
            if gap not in pieces[1::2]:
                yield "", gap
