"""The design tokens, read from the style sheet that sets them, so that the guide cannot differ from it."""

import re
from dataclasses import dataclass
from typing import Final

from mhfa_lms.paths import static_dir

TOKEN: Final = re.compile(r"--([\w-]+): ([^;]+);")


@dataclass(frozen=True, slots=True)
class Token:
    """A token's name and its value in both themes; `dark` is empty where both have the same."""

    name: str
    light: str
    dark: str

    @property
    def is_colour(self) -> bool:
        """Whether the value is a colour."""
        return self.light.startswith("#")

    @property
    def is_length(self) -> bool:
        """Whether the value is a length, in rem."""
        return self.light.endswith("rem")


def read() -> list[Token]:
    """Return every token in the order of the style sheet."""
    text = (static_dir() / "css" / "00-tokens.css").read_text(encoding="utf-8")
    light, dark, *_paper = text.split("@media")
    changed = dict(TOKEN.findall(dark))
    return [Token(name, value, changed.get(name, "")) for name, value in TOKEN.findall(light)]
