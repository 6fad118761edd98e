"""Prose as readers meet it: words, sentences and syllables counted, without Markdown's signs.

The reading age is that of Flesch and Kincaid (1975): 0.39 x words per sentence + 11.8 x syllables per word - 15.59 is
the school year (USA) in which a text is understood, and children begin school at five. Syllables are estimated as
groups of vowels: right for English within a few in a hundred, and meant for nothing else.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

WORD: Final = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
# Chinese, Japanese, Korean syllables and Thai are written without spaces; two signs are read like a word.
UNSPACED: Final = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")
LINK: Final = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
SIGNS: Final = re.compile(r"[*_`#>]+")
END: Final = re.compile(r"[.!?:;…。？！]+[”’\"')\]]*(?=\s|$)|\|")
VOWELS: Final = re.compile(r"[aeiouy]+")
YEARS_BEFORE_SCHOOL: Final = 5


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, and on which line of the text it begins (from 0)."""

    line: int
    text: str

    @property
    def words(self) -> list[str]:
        """Its words, in order."""
        return words(self.text)


def plain(text: str) -> str:
    """Return Markdown without its signs, box lines and addresses; lines stay where they are."""
    lines = ("" if line.startswith(":::") else line for line in text.split("\n"))
    return SIGNS.sub(" ", LINK.sub(r"\1", "\n".join(lines)))


def words(text: str) -> list[str]:
    """Return the words of a text, in order."""
    return WORD.findall(text)


def count(text: str) -> int:
    """Return how many words there are to read, also in scripts that leave no spaces."""
    bare = plain(text)
    return len(words(UNSPACED.sub(" ", bare))) + len(UNSPACED.findall(bare)) // 2


def sentences(text: str) -> Iterator[Sentence]:
    """Yield the sentences of a Markdown text. A heading, an item of a list and a cell of a table end one, too."""
    block: list[str] = []
    begins = 0
    for number, line in enumerate([*plain(text).split("\n"), ""]):
        item = re.match(r"\s*([-+*]|\d+[.)])\s+|\s*\|", line)
        if (not line.strip() or item) and block:
            yield from _split(block, begins)
            block = []
        if line.strip():
            begins = begins if block else number
            block.append(line[item.end() :] if item else line)


def _split(block: list[str], begins: int) -> Iterator[Sentence]:
    text = "\n".join(block)
    start = 0
    for end in [found.end() for found in END.finditer(text)] + [len(text)]:
        piece = text[start:end]
        if words(piece):
            lead = len(piece) - len(piece.lstrip())
            yield Sentence(begins + text.count("\n", 0, start + lead), piece.strip())
        start = end


def syllables(word: str) -> int:
    """Return about how many syllables an English word has; at least one."""
    lower = word.casefold()
    found = len(VOWELS.findall(lower))
    silent = lower.endswith("e") and not lower.endswith(("le", "ee", "ye")) and found > 1
    return max(found - silent, 1)


def reading_age(text: str, known: Collection[str] = ()) -> float | None:
    """Return the age in years at which an English text is understood; None for fewer than 50 words.

    `known` are words, or several in a row, that the reader knows or that are explained: each counts as one short word.
    """
    bare = plain(text)
    for term in sorted(known, key=len, reverse=True):
        bare = re.sub(rf"\b{re.escape(term)}\b", "it", bare, flags=re.IGNORECASE)
    found = [one.words for one in sentences(bare)]
    total = sum(map(len, found))
    if total < 50:
        return None
    spoken = sum(syllables(word) for sentence in found for word in sentence)
    return 0.39 * total / len(found) + 11.8 * spoken / total - 15.59 + YEARS_BEFORE_SCHOOL
