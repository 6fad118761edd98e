"""Whether a correction fits an older text of the same course: a pure rule.

What the correction changes is changed in the older text too, where that says word for word what the corrected one said
before. A passage that the older text has in other words is no place for it, and then nothing of it is carried: half a
correction would be a text that nobody has written. A part that the older text does not have needs no correction there.
"""

from typing import Any, Final

from mhfa_lms.content.corrections import BESIDE, TIME_LIMIT, TooLarge, too_large

# What is said of one text alone.
OWN: Final = "review"


class OtherWordsError(ValueError):
    """The older text has the corrected passage in other words; the message names it by the author's ids."""


def carried(before: dict[str, Any], after: dict[str, Any], older: dict[str, Any]) -> dict[str, Any]:
    """Return the older course document with what changed between the two; itself where nothing concerns it.

    Raises `OtherWordsError` where it does not fit.
    """
    found = _part("", "", before, after, older)
    if not isinstance(found, dict):
        raise TypeError("a course document is a dict")
    return found


def fits(before: dict[str, Any], after: dict[str, Any], older: dict[str, Any]) -> dict[str, Any] | None:
    """Return the corrected older document, or None where there is nothing to correct in it, or it would be too large.

    Raises `OtherWordsError`.
    """
    found = carried(before, after, older)
    large: list[TooLarge] = too_large(older, found)
    return None if large or found == older else found


def _part(where: str, key: str, before: Any, after: Any, older: Any) -> Any:
    if before == after or older == after or key == OWN:
        return older
    if older == before:
        return after
    if all(isinstance(one, dict) for one in (before, after, older)):
        return _dict(where, before, after, older)
    if all(_named(one) for one in (before, after, older)):
        left, right = ({one["id"]: one for one in members} for members in (before, after))
        return [
            _part(f"{where}/{one['id']}", "", left[one["id"]], right[one["id"]], one)
            if one["id"] in left and one["id"] in right
            else one
            for one in older
        ]
    if (before is not None and older in (None, [], {})) or (key in BESIDE and where != TIME_LIMIT):
        return older
    raise OtherWordsError(where)


def _dict(where: str, before: dict[str, Any], after: dict[str, Any], older: dict[str, Any]) -> dict[str, Any]:
    if before.get("id") != older.get("id"):
        return older
    found = dict(older)
    for name in [*before, *(one for one in after if one not in before)]:
        below = f"{where}/{name}" if where else name
        merged = _part(below, name, before.get(name), after.get(name), older.get(name))
        if name in older or merged is not None:
            found[name] = merged
    return found


def _named(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) and "id" in one for one in value)
