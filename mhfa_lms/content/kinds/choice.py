"""Choosing: one option, several, or whether a statement is true."""

import random
from collections.abc import Collection, Sequence
from fractions import Fraction
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mhfa_lms.content.kinds.base import (
    NOTHING,
    Asked,
    BadChoiceError,
    Base,
    Choosable,
    Fault,
    Looked,
    Option,
    Review,
    shown,
    unique,
)
from mhfa_lms.content.problems import CodedError

SINGLE, MULTIPLE, TRUE_FALSE = "single", "multiple", "true-false"


class Choice(Base):
    """Options of which one is right (`single`), or any number (`multiple`); `true-false` has two, never shuffled.

    Credit of several: the right ones chosen minus the wrong ones chosen, over all right ones, and never below 0. So
    ticking everything earns nothing that knowing did not.
    """

    kind: Literal["single", "multiple", "true-false"] = "single"
    options: Annotated[tuple[Option, ...], Field(min_length=2, max_length=6)]
    shuffle: bool = True

    @model_validator(mode="after")
    def _options_make_sense(self) -> Self:
        unique([option.id for option in self.options], "options")
        if not self.right:
            raise CodedError("unanswerable", "no option is marked", "write correct: true at the right one")
        if self.kind != MULTIPLE and len(self.right) != 1:
            raise CodedError("unanswerable", f"a question of kind {self.kind} needs exactly one correct option")
        if self.kind == TRUE_FALSE and len(self.options) != 2:  # true, and false
            raise ValueError("a question of kind true-false has two options")
        return self

    @property
    def right(self) -> list[str]:
        """The ids of the right options."""
        return [option.id for option in self.options if option.correct]

    @property
    def wrong(self) -> list[str]:
        """A wrong option; none where all are right."""
        return [option.id for option in self.options if not option.correct][:1]

    def checked(self, given: Collection[str]) -> list[str]:
        """Return a choice in the order of the options."""
        wanted = set(given) - {""}
        picked = [option.id for option in self.options if option.id in wanted]
        if not wanted:
            raise BadChoiceError(self.id, Fault.NOTHING)
        if len(picked) != len(wanted):
            raise BadChoiceError(self.id)
        if self.kind != MULTIPLE and len(picked) > 1:
            raise BadChoiceError(self.id, Fault.TWICE)
        return picked

    def credit(self, chosen: Sequence[str]) -> Fraction:
        """Right minus wrong over right, not below 0."""
        picked, right = set(chosen), set(self.right)
        if not picked <= {option.id for option in self.options}:
            return NOTHING
        return max(NOTHING, Fraction(len(picked & right) - len(picked - right), len(right)))

    def order(self, dice: random.Random) -> tuple[str, ...]:
        """The options, shuffled unless the author pinned them."""
        ids = [option.id for option in self.options]
        return tuple(dice.sample(ids, len(ids)) if self.shuffle and self.kind != TRUE_FALSE else ids)

    def asked(self, order: Sequence[str], given: Sequence[str]) -> Asked:
        """Show the options."""
        texts = {option.id: option.text for option in self.options}
        options = tuple(Choosable(one, texts[one], one in given) for one in shown(order, list(texts)))
        return Asked(self.kind, self.prompt, self.hint, options=options)

    def looked(self, chosen: Sequence[str]) -> Review:
        """Each option chosen, and the right ones that were not."""
        looked = {
            one.id: Looked("", one.text, one.text if one.correct else "", one.correct, one.feedback or "")
            for one in self.options
        }
        return Review(
            self.kind,
            self.credit(chosen),
            tuple(one for name, one in looked.items() if name in chosen),
            tuple(looked[name] for name in self.right if name not in chosen),
            self.overall(chosen),
        )

    @property
    def in_parts(self) -> bool:
        """Several may be chosen in part."""
        return self.kind == MULTIPLE

    @property
    def teaches(self) -> bool:
        """Whether every option has feedback."""
        return all(option.feedback for option in self.options)
