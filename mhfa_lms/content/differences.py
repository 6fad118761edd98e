"""What differs between two revisions of a course, part by part, as authors named the parts."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Difference:
    """One part that differs: where it is, and what it said before and after (None: it was not there)."""

    where: str
    before: Any
    after: Any

    def __str__(self) -> str:
        if self.before is None or self.after is None:
            return f"{self.where}: {'added' if self.before is None else 'removed'}"
        lines = difflib.unified_diff(str(self.before).splitlines(), str(self.after).splitlines(), lineterm="", n=1)
        return "\n".join([f"{self.where}:", *(f"  {line}" for line in list(lines)[2:])])


def between(before: Any, after: Any) -> list[Difference]:
    """Return every difference between two documents, in the order of the parts."""
    return list(_walk("", before, after))


def _walk(where: str, before: Any, after: Any) -> Iterator[Difference]:
    if before == after:
        return
    left, right = _parts(before), _parts(after)
    if left is None or right is None:
        yield Difference(where or "course", before, after)
        return
    for name in [*left, *(one for one in right if one not in left)]:
        yield from _walk(f"{where}/{name}" if where else name, left.get(name), right.get(name))


def _parts(value: Any) -> dict[str, Any] | None:
    """Return the named parts of a mapping, or of a list whose members have ids; None for anything else."""
    if isinstance(value, dict):
        return value
    if isinstance(value, list) and value and all(isinstance(one, dict) and "id" in one for one in value):
        return {str(one["id"]): one for one in value}
    return None
