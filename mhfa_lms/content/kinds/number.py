"""A short number: how many, how much."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Final, Literal

from pydantic import Field

from mhfa_lms.content.kinds.base import EVERYTHING, NOTHING, Asked, BadChoiceError, Base, Fault, Looked, Review
from mhfa_lms.content.parts import Line

LONGEST: Final = 30
# Spaces that some languages put between thousands are taken out before.
NUMBER: Final = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)")
# 1,000 is a thousand to some and one to others: whoever means either is asked to write it without.
UNCLEAR: Final = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")
Short = Annotated[Decimal, Field(ge=-(10**9), le=10**9, max_digits=15, decimal_places=6, allow_inf_nan=False)]


class Number(Base):
    """A number with the distance from it that is still right (`tolerance`), both ends included.

    Written with a decimal point or a decimal comma, in any script's digits, with or without the unit, which is shown.
    """

    kind: Literal["number"]
    answer: Short
    tolerance: Annotated[Decimal, Field(ge=0, le=10**9, max_digits=15, decimal_places=6)] = Decimal(0)
    unit: Line | None = None
    # Other words for the unit that people may write; those of the translations are added here.
    also: tuple[str, ...] = ()

    @property
    def right(self) -> list[str]:
        """The number."""
        return [_kept(self.answer)]

    @property
    def wrong(self) -> list[str]:
        """A number beyond the tolerance."""
        return [_kept(self.answer + self.tolerance + 1)]

    def checked(self, given: Collection[str]) -> list[str]:
        """Return the number, written plainly."""
        sent = [one for one in given if one.strip()]
        if not sent:
            raise BadChoiceError(self.id, Fault.NOTHING)
        if len(sent) > 1:
            raise BadChoiceError(self.id, Fault.TWICE)
        units = [*self.also, self.unit] if self.unit else self.also
        found = read(sent[0], units)
        if found is None:
            raise BadChoiceError(self.id, Fault.NO_NUMBER)
        return [_kept(found)]

    def credit(self, chosen: Sequence[str]) -> Fraction:
        """1 within the tolerance."""
        try:
            (found,) = self.checked(chosen)
        except BadChoiceError:
            return NOTHING
        return EVERYTHING if abs(Decimal(found) - self.answer) <= self.tolerance else NOTHING

    @property
    def in_parts(self) -> bool:
        """A number is right or not."""
        return False

    def asked(self, order: Sequence[str], given: Sequence[str]) -> Asked:  # noqa: ARG002  # nothing to put in order
        """Show a field and the unit."""
        return Asked(self.kind, self.prompt, self.hint, written=given[0] if given else "", unit=self.unit)

    def looked(self, chosen: Sequence[str]) -> Review:
        """The number given, and what is right."""
        low, high = plain(self.answer - self.tolerance), plain(self.answer + self.tolerance)
        wanted = self._with_unit(plain(self.answer) if low == high else f"{low} – {high}")
        given = self._with_unit(chosen[0]) if chosen else ""
        part = Looked("", given, wanted, self.is_right(chosen))
        return Review(self.kind, self.credit(chosen), (part,), overall=self.overall(chosen))

    def _with_unit(self, number: str) -> str:
        return f"{number} {self.unit}" if self.unit else number


def plain(number: Decimal) -> str:
    """Return a number without exponent, needless zeros and the sign of zero."""
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text


def _kept(number: Decimal) -> str:
    """Return a number as it is kept: it is read again, so that it must not look like thousands (12.1250 for 12.125)."""
    text = plain(number)
    return f"{text}0" if UNCLEAR.fullmatch(text) else text


def read(text: str, units: Collection[str] = ()) -> Decimal | None:
    """Return the number that a person wrote, with a unit or without; None when it is none, or could be two."""
    text = unicodedata.normalize("NFKC", text).strip()
    endings = sorted((unicodedata.normalize("NFKC", one).strip() for one in units), key=len, reverse=True)
    unit = next((one for one in endings if one and text.casefold().endswith(one.casefold())), "")
    text = text[: len(text) - len(unit)]
    digits = "".join(str(unicodedata.decimal(one)) if one.isdecimal() else one for one in text)
    if len(digits) > LONGEST:
        return None
    digits = re.sub(r"\s", "", digits).replace("\N{ARABIC DECIMAL SEPARATOR}", ".").replace("\N{MINUS SIGN}", "-")
    if not NUMBER.fullmatch(digits) or UNCLEAR.fullmatch(digits):
        return None
    return Decimal(digits.replace(",", "."))
