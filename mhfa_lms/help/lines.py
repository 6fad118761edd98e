"""Reads `lines.yaml` into frozen types; needs no web framework, so that mails, PDFs and the offline page can use it.

A wrong number here could cost a life, so the file is checked whole: unknown names, numbers without quotation marks
(000 would become 0), links that are not https and lines nobody can reach are all refused.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, ClassVar, Final, Self

import yaml
from pydantic import ConfigDict, StringConstraints, TypeAdapter, ValidationError

SHIPPED: Final = Path(__file__).with_name("lines.yaml")

Number = Annotated[str, StringConstraints(pattern=r"^[0-9]([0-9 -]*[0-9])?$")]
Https = Annotated[str, StringConstraints(pattern=r"^https://[a-z0-9.-]+\.[a-z]+(/\S*)?$")]
Words = Annotated[str, StringConstraints(min_length=1)]
Month = Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]
Code = Annotated[str, StringConstraints(pattern=r"^([A-Z]{2}|international)$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")]


class MalformedLines(Exception):
    """The file of help lines cannot be used; the message names the file and every problem in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One help line, with who published the numbers and the month they were written down (`YYYY-MM`)."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    name: Words
    call: tuple[Number, ...] = ()
    text: Number | None = None
    chat: Https | None = None
    web: Https | None = None
    hours: Words | None = None
    languages: tuple[Language, ...] = ()
    note: Words | None = None
    source: Words
    source_url: Https
    source_date: Month

    def __post_init__(self) -> None:
        if not (self.call or self.text or self.chat or self.web):
            raise ValueError(f"{self.name} has no way to be reached: give call, text, chat or web")


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """A country's emergency numbers, to be shown first, and then its help lines in the order to show them."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    country: Code
    name: Words
    emergency: tuple[Number, ...]
    lines: tuple[Line, ...]
    advice: Words | None = None
    covers: frozenset[Code] = frozenset()

    def __post_init__(self) -> None:
        if not (self.emergency or self.advice):
            raise ValueError(f"{self.country} has neither an emergency number nor advice on finding one")
        if not self.lines:
            raise ValueError(f"{self.country} has no help line")


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Every country we hold, and what to show when the country is unknown."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    international: Country
    countries: tuple[Country, ...]

    def __post_init__(self) -> None:
        codes = [country.country for country in self.countries]
        if repeated := sorted({code for code in codes if codes.count(code) > 1}):
            raise ValueError(f"more than one entry for {', '.join(repeated)}")

    def country(self, code: str) -> Country | None:
        """Return the entry for an ISO 3166 code in either case, else one that covers it, else None.

        On None show `international`.
        """
        wanted = code.strip().upper()
        own = (country for country in self.countries if country.country == wanted)
        wider = (country for country in self.countries if wanted in country.covers)
        return next(own, None) or next(wider, None)

    @classmethod
    def parse(cls, text: str, *, name: str) -> Self:
        """Check the text of a file called `name`; raises `MalformedLines` naming every problem."""
        try:
            return TypeAdapter(cls).validate_python(yaml.safe_load(text))
        except yaml.YAMLError as error:
            raise MalformedLines(f"{name}: not readable as YAML: {error}") from error
        except ValidationError as error:
            found = (f"{'.'.join(map(str, one['loc'])) or 'the file'}: {one['msg']}" for one in error.errors())
            raise MalformedLines(f"{name}: " + "; ".join(found)) from error


@cache
def load(path: Path = SHIPPED) -> Directory:
    """Return the directory, read once a process; raises `MalformedLines` when the file is missing or wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MalformedLines(f"{path.name}: cannot be read: {error}") from error
    return Directory.parse(text, name=path.name)


def dialled(number: str) -> str:
    """Return a number as a phone dials it, for `tel:` and `sms:` links: `13 11 14` becomes `131114`."""
    return re.sub(r"[ ()-]", "", number)
