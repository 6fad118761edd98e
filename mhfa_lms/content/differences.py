"""What differs between two revisions of a course, part by part, as authors named the parts, and in their words."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

# What the parts in a list, or under a name, are called. Others bear the name of their setting.
NOUNS: Final = {
    "modules": "module", "steps": "step", "question": "question", "questions": "question", "options": "option",
    "scenarios": "scenario", "conversations": "conversation", "scenes": "scene", "endings": "ending",
    "choices": "choice", "glossary": "word", "terms": "word", "competencies": "competency", "outcomes": "outcome",
    "required_actions": "required action", "exemplars": "exemplar", "items": "item", "targets": "target",
    "gaps": "gap",
}  # fmt: skip
# The settings of a question that say what is right.
RIGHT: Final = frozenset({"answer", "tolerance", "accepted", "target", "correct"})
LABELS: Final = {"body": "text", "content_note": "content note", "of": "wording it was made from"}


class Kind(StrEnum):
    """What became of a part."""

    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"
    REWORDED = "reworded"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Difference:
    """One part that differs: where it is, and what it said before and after (None: it was not there).

    `words` says it the way authors speak: which step, question or option, and what became of it.
    """

    where: str
    before: Any
    after: Any
    kind: Kind = Kind.CHANGED
    words: str = ""

    def __str__(self) -> str:
        if self.kind is not Kind.REWORDED:
            return self.words
        lines = difflib.unified_diff(str(self.before).splitlines(), str(self.after).splitlines(), lineterm="", n=1)
        return "\n".join([self.words, *(f"  {line}" for line in list(lines)[2:])])


def between(before: Any, after: Any) -> list[Difference]:
    """Return every difference between two documents, in the order of the parts."""
    found = list(_walk((), before, after))
    homes = _homes(found)
    return [one for path, old, new in found for one in _told(path, old, new, before, after, homes)]


# A path, what stood there before, and what stands there after. `_ORDER` closes the path of a part that changed places.
_Found = tuple[tuple[str, ...], Any, Any]
_ORDER: Final = "·order"


def _walk(path: tuple[str, ...], before: Any, after: Any) -> Iterator[_Found]:
    if before == after:
        return
    left, right = _parts(before), _parts(after)
    if left is None or right is None:
        yield path, before, after
        return
    for name in [*left, *(one for one in right if one not in left)]:
        yield from _walk((*path, name), left.get(name), right.get(name))
    if isinstance(before, list):
        both = [name for name in left if name in right]
        order = [name for name in right if name in left]
        for name in _out_of_place(both, order):
            yield (*path, name, _ORDER), left[name], right[name]


def _out_of_place(before: list[str], after: list[str]) -> list[str]:
    """Return the fewest names that have to move to get from one order to the other."""
    matcher = difflib.SequenceMatcher(a=before, b=after, autojunk=False)
    stays = {name for block in matcher.get_matching_blocks() for name in before[block.a : block.a + block.size]}
    return [name for name in after if name not in stays]


def _parts(value: Any) -> dict[str, Any] | None:
    """Return the named parts of a mapping, or of a list whose members have ids; None for anything else."""
    if isinstance(value, dict):
        return value
    if isinstance(value, list) and all(isinstance(one, dict) and "id" in one for one in value):
        return {str(one["id"]): one for one in value}
    return None


def _named(path: tuple[str, ...]) -> tuple[str, str] | None:
    """Return kind and id of the part that a path ends at, where it is one of a list."""
    return (path[-2], path[-1]) if len(path) > 1 and path[-2] in NOUNS else None


def _homes(found: list[_Found]) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return where the parts went that were taken from one place and put into another, such as into another module."""
    gone = {_named(path) for path, _old, new in found if new is None}
    return {part: path for path, old, _new in found if old is None and (part := _named(path)) and part in gone}


def _told(
    path: tuple[str, ...],
    old: Any,
    new: Any,
    before: Any,
    after: Any,
    homes: Mapping[tuple[str, str], tuple[str, ...]],
) -> Iterator[Difference]:
    part = _named(path)
    if path and path[-1] == _ORDER:
        yield _difference(path[:-1], old, new, Kind.MOVED, f"{_where(path[:-1], after)}: moved among its neighbours")
    elif part is None or part not in homes:
        # A right answer that is another one is more than other words.
        kind = Kind.CHANGED if _is_right_answer(path) else _kind(old, new)
        said = _where(path, before if new is None else after)
        yield _difference(path, old, new, kind, f"{said}: {_verb(path, old, new, kind)}")
    elif new is None:
        home = homes[part]
        to = _where(home[:-2], after)
        yield _difference(path, old, None, Kind.MOVED, f"{_where(path, before)}: moved to {to[:1].lower()}{to[1:]}")
        for inner, was, now in _walk(home, old, _at(after, home)):
            yield from _told(inner, was, now, before, after, {})


def _difference(path: tuple[str, ...], old: Any, new: Any, kind: Kind, words: str) -> Difference:
    return Difference("/".join(path) or "course", old, new, kind, words)


def _kind(old: Any, new: Any) -> Kind:
    if old is None or new is None:
        return Kind.ADDED if old is None else Kind.REMOVED
    return Kind.REWORDED if isinstance(old, str) and isinstance(new, str) else Kind.CHANGED


def _verb(path: tuple[str, ...], old: Any, new: Any, kind: Kind) -> str:
    if path and path[-1] == "correct":
        return f"the right answer changed, this {'is one now' if new else 'is none any more'}"
    if _is_right_answer(path):
        told = not isinstance(new, (dict, list)) and None not in (old, new)
        return f"the right answer changed from {old} to {new}" if told else "the right answer changed"
    return f"changed from {old} to {new}" if kind is Kind.CHANGED and not isinstance(new, (dict, list)) else kind.value


def _is_right_answer(path: tuple[str, ...]) -> bool:
    return bool(path) and path[-1] in RIGHT and ("question" in path or "questions" in path)


def _where(path: tuple[str, ...], document: Any) -> str:
    """Return a place in words: “Step “Silence” (listening-silence), question, option a, feedback”."""
    if path[:1] == ("translations",):
        return _translation(path)
    said: list[str] = []
    value = document
    for at, name in enumerate(path):
        value = (_parts(value) or {}).get(name)
        last = at == len(path) - 1
        if at and path[at - 1] in NOUNS and path[at - 1] != "question":
            said.append(_named_part(NOUNS[path[at - 1]], name, value))
        elif name == "question":
            said.append("question")
        elif name not in NOUNS and (not last or name != "correct"):
            said.append(LABELS.get(name, name).replace("_", " "))
        # The module goes without saying where the step is named.
        if said[1:] and said[-1].startswith("step ") and said[-2].startswith("module "):
            del said[-2]
    text = ", ".join(said) or "course"
    return text[:1].upper() + text[1:]


def _named_part(noun: str, name: str, value: Any) -> str:
    title = next((value[key] for key in ("title", "term") if value.get(key)), "") if isinstance(value, dict) else ""
    return f"{noun} “{title}” ({name})" if title else f"{noun} {name}"


def _translation(path: tuple[str, ...]) -> str:
    _translations, *rest = path
    return " ".join(["Translation", *(f"into {one}" for one in rest[:1]), *(f"of {one}" for one in rest[1:2])])


def _at(document: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        document = (_parts(document) or {}).get(name)
    return document
