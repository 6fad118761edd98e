"""The demonstration's answers to the scenario, read from `demo_answers.yaml`."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Final

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict

SCENARIO: Final = "sam-after-the-shift"
COMPETENCIES: Final = ("asks", "hears", "safety", "bridges")
ACTION: Final = "asked-directly"


def _flowing(text: str) -> str:
    """Join the lines of each paragraph: they are broken in the file for its readers, not for the page's."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n"))


Flowing = Annotated[str, BeforeValidator(_flowing)]


class Written(BaseModel):
    """An answer: its levels in the order of the rubric, whether it asks about suicide, and a comment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Flowing
    levels: tuple[int, int, int, int]
    asked: bool
    feedback: Flowing = ""

    def by_competency(self) -> Mapping[str, int]:
        """Return the levels by the competencies' ids."""
        return dict(zip(COMPETENCIES, self.levels, strict=True))


class Answers(BaseModel):
    """All of them, by what is to become of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    good: tuple[Written, ...]
    try_again: tuple[Written, ...]
    waiting: tuple[Written, ...]
    draft: Flowing


@cache
def load() -> Answers:
    """Return the answers."""
    path = Path(__file__).with_suffix(".yaml")
    return Answers.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
