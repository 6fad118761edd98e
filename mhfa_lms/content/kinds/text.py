"""A few words of one's own."""

import unicodedata
from collections.abc import Collection, Sequence
from fractions import Fraction
from typing import Annotated, Final, Literal

from pydantic import Field, field_validator

from mhfa_lms.content.kinds.base import EVERYTHING, NOTHING, Asked, BadChoiceError, Base, Fault, Looked, Review
from mhfa_lms.content.parts import Line, Text
from mhfa_lms.content.problems import CodedError

LONGEST: Final = 1000


class FreeText(Base):
    """Words compared with the accepted answers, but for capitals, spaces and punctuation around them.

    In an assessment there must be accepted answers, so that no result waits for a person: long texts are for scenarios.
    Without any, in practice, every answer counts as right, and `model` shows one to compare with.
    """

    kind: Literal["text"]
    accepted: Annotated[tuple[Line, ...], Field(max_length=20)] = ()
    # Accepted too, whatever the language: those of the translations are added here (see content.translations).
    also: tuple[str, ...] = ()
    model: Text | None = None

    @field_validator("accepted")
    @classmethod
    def _can_be_hit(cls, accepted: tuple[str, ...]) -> tuple[str, ...]:
        for one in accepted:
            if not normal(one):
                raise CodedError("unanswerable", f"nobody can answer “{one}”: punctuation is not compared")
        return accepted

    @property
    def right(self) -> list[str]:
        """The first of the accepted answers."""
        return [self.accepted[0] if self.accepted else "Words of my own"]

    @property
    def wrong(self) -> list[str]:
        """Words that are longer than any accepted answer."""
        return ["-".join(["other", *self.accepted, *self.also])] if self.accepted else []

    def checked(self, given: Collection[str]) -> list[str]:
        """Return the words without the spaces around them."""
        sent = [one.strip() for one in given if normal(one)]
        if not sent:
            raise BadChoiceError(self.id, Fault.NOTHING)
        if len(sent) > 1:
            raise BadChoiceError(self.id, Fault.TWICE)
        if len(sent[0]) > LONGEST:
            raise BadChoiceError(self.id, Fault.TOO_LONG)
        return sent

    def credit(self, chosen: Sequence[str]) -> Fraction:
        """1 for an accepted answer."""
        if len(chosen) != 1 or not normal(chosen[0]):
            return NOTHING
        fits = not self.accepted or normal(chosen[0]) in {normal(one) for one in (*self.accepted, *self.also)}
        return EVERYTHING if fits else NOTHING

    @property
    def in_parts(self) -> bool:
        """Words are accepted or not."""
        return False

    def asked(self, order: Sequence[str], given: Sequence[str]) -> Asked:  # noqa: ARG002  # nothing to put in order
        """Show a field, a large one where there is no short answer to hit upon."""
        return Asked(self.kind, self.prompt, self.hint, written=given[0] if given else "", long=not self.accepted)

    def looked(self, chosen: Sequence[str]) -> Review:
        """The words given, the first that is accepted, and an answer to compare with."""
        wanted = self.accepted[0] if self.accepted else ""
        part = Looked("", chosen[0] if chosen else "", wanted, self.is_right(chosen))
        return Review(self.kind, self.credit(chosen), (part,), overall=self.overall(chosen), model=self.model or "")

    @property
    def teaches(self) -> bool:
        """Whether it explains, or shows an answer to compare with."""
        return self.explanation is not None or self.model is not None


def normal(text: str) -> str:
    """Return a text as it is compared: one form of each character, no capitals, single spaces, bare of punctuation."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    words = " ".join(text.replace("’", "'").split())
    start, end = 0, len(words)
    while start < end and _is_edge(words[start]):
        start += 1
    while end > start and _is_edge(words[end - 1]):
        end -= 1
    return words[start:end]


def _is_edge(character: str) -> bool:
    return character.isspace() or unicodedata.category(character).startswith("P")
