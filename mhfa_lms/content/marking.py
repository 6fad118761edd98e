"""Two texts as one, with what went and what came marked word by word."""

import difflib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

# A word with the space behind it, so that putting the pieces together gives the text again.
_WORDS: Final = re.compile(r"\S+\s*|\s+")


class Kind(StrEnum):
    """What became of a piece of text."""

    SAME = "same"
    GONE = "gone"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words that follow each other, and what became of them."""

    kind: Kind
    text: str


def marked(before: str, after: str) -> list[Piece]:
    """Return the words of both texts in order: without the new ones they are `before`, without the gone `after`."""
    left, right = _WORDS.findall(before), _WORDS.findall(after)
    found: list[Piece] = []
    for _tag, a, b, c, d in difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if left[a:b] == right[c:d]:
            found.append(Piece(Kind.SAME, "".join(left[a:b])))
            continue
        if b > a:
            found.append(Piece(Kind.GONE, "".join(left[a:b])))
        if d > c:
            found.append(Piece(Kind.NEW, "".join(right[c:d])))
    return found
