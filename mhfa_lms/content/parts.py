"""What every type of course files is made of: short and long texts, ids, and the base that lets nothing unknown in."""

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
# What no page may hold, and PostgreSQL partly refuses: control characters but for tabs and line ends.
UNFIT = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Prose:
    """Marks a text as one that readers meet, and that is translated."""


def _fit(text: str) -> str:
    if found := UNFIT.search(text):
        raise ValueError(f"it holds the control character U+{ord(found.group()):04X}: take it out")
    return text


Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400), AfterValidator(_fit), Prose()
]
Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000), AfterValidator(_fit), Prose()
]
# A language tag of BCP 47, such as de or pt-BR.
Language = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]


class Part(BaseModel):
    """The base: frozen, and nothing unknown gets in."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class ContentNote(Part):
    """A short, specific, neutral note before a step, always with a choice."""

    topic: Line
    text: Line
