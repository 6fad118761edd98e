"""Whether a change of a course is small enough to reach learners who are under way: a pure rule.

A correction changes words and estimates. Whatever progress, answers, marks or results hang on stays as it was: the
same modules, steps, questions, options, scenarios and competencies in the same order, the same right answers, the same
draw, points and rules. What the rule does not know counts as too large, so that a new part of the format is refused
until somebody has thought about it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

# Texts that people read and nothing is computed from. Only text in another text's place: adding one is no correction.
WORDS: Final = frozenset(
    {
        *("title", "summary", "about", "body", "text", "feedback", "prompt", "explanation", "description", "topic"),
        *("comment", "situation", "reflection", "content_note", "hint", "alt", "caption", "transcript", "credit"),
        *("licence", "right", "partly", "wrong", "model", "say", "seems", "term", "definition"),
    }
)
# Warnings, gentler summaries and explanations may also be added or taken away.
COME_AND_GO: Final = frozenset({"content_note", "summary", "feedback", "explanation", "hint"})
# What nobody's progress hangs on, whatever it says.
BESIDE: Final = frozenset(
    {
        *("minutes", "hours", "review", "sources", "quick_exit", "known_words", "feedback_now"),
        # Ids, and so answers, are the same in every language.
        "translations",
    }
)
# The same word for something else: how long an attempt may take.
TIME_LIMIT: Final = "assessment/minutes"
# A gap in a text, whose place among the others belongs to the right answer.
_GAP: Final = re.compile(r"\{[a-z0-9-]+\}")
NOTHING: Final[tuple[Any, ...]] = (None, [], {})


class Why(StrEnum):
    """What makes a change too large for a correction."""

    ADDED = "added"
    REMOVED = "removed"
    ORDER = "order"
    # The words of one option under the id of another: the right answer would be another one.
    SWAPPED = "swapped"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class TooLarge:
    """One change that is no correction: where, by the author's ids, and why."""

    where: str
    why: Why

    def __str__(self) -> str:
        return f"{self.where}: {_SAID[self.why]}"


_SAID: Final = {
    Why.ADDED: "was added",
    Why.REMOVED: "was taken out",
    Why.ORDER: "is in another order",
    Why.SWAPPED: "has the words of another one now",
    Why.CHANGED: "is more than words",
}


def too_large(before: dict[str, Any], after: dict[str, Any]) -> list[TooLarge]:
    """Return every change between two course documents that a correction cannot make, in the order of the parts."""
    return list(_part("", "", before, after))


def _part(where: str, key: str, before: Any, after: Any) -> Iterator[TooLarge]:
    if before == after or (key in BESIDE and where != TIME_LIMIT) or _only_words(key, before, after):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in [*before, *(one for one in after if one not in before)]:
            # The levels of a competency are words under numbers; those of an exemplar are numbers.
            inside = "text" if key == "levels" else name
            yield from _part(_below(where, name), inside, before.get(name), after.get(name))
    elif _named(before) and _named(after):
        yield from _members(where, before, after)
    elif _alike(before, after):
        for number, (left, right) in enumerate(zip(before, after, strict=True), 1):
            yield from _part(_below(where, str(number)), "", left, right)
    else:
        yield TooLarge(where, Why.ADDED if before in NOTHING else Why.REMOVED if after in NOTHING else Why.CHANGED)


def _members(where: str, before: list[dict[str, Any]], after: list[dict[str, Any]]) -> Iterator[TooLarge]:
    """Compare lists whose members have ids: the same ones in the same order."""
    left, right = ({str(one["id"]): one for one in members} for members in (before, after))
    yield from (TooLarge(_below(where, one), Why.REMOVED) for one in left if one not in right)
    yield from (TooLarge(_below(where, one), Why.ADDED) for one in right if one not in left)
    if set(left) == set(right) and list(left) != list(right):
        yield TooLarge(where, Why.ORDER)
    said = {str(one.get("text")): name for name, one in left.items() if one.get("text")}
    for name in left:
        if name not in right:
            continue
        text = right[name].get("text")
        if text != left[name].get("text") and said.get(str(text), name) != name:
            yield TooLarge(_below(where, name), Why.SWAPPED)
        yield from _part(_below(where, name), "", left[name], right[name])


def _only_words(key: str, before: Any, after: Any) -> bool:
    if key in COME_AND_GO and (before is None or after is None):
        return True
    if key not in WORDS or not isinstance(before, str) or not isinstance(after, str):
        return False
    return _GAP.findall(before) == _GAP.findall(after)


def _named(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) and "id" in one for one in value)


def _alike(before: Any, after: Any) -> bool:
    """Whether both are lists of as many parts, such as a step's pictures."""
    lists = isinstance(before, list) and isinstance(after, list) and len(before) == len(after)
    return lists and all(isinstance(one, dict) for one in [*before, *after])


def _below(where: str, name: str) -> str:
    return f"{where}/{name}" if where else name
