"""A course as what a reviewer reads: its parts in order, each with its passages under lasting anchors.

An anchor is the key that translations use too (`mhfa_lms.content.passages`): it begins at the nearest part whose id is
unique in the course, so that it holds while the text around changes and the part moves. Parts of the format that this
module has never heard of show as well: it walks the document.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from mhfa_lms.content.schema import Course

# Where parts of their own lie: what they are called there, and what each of them is.
PARTS: Final = {
    "modules": "module",
    "steps": "step",
    "question": "question",
    "assessment": "assessment",
    "questions": "question",
    "scenarios": "scenario",
    "conversations": "conversation",
    "glossary": "glossary",
}
# Written as Markdown and shown so to learners.
MARKDOWN: Final = frozenset({"body", "about", "summary", "situation", "prompt"})
# Of no use to a reader, or as it mostly is; a part's own title is its heading.
UNSAID: Final = frozenset({"id", "slug", "sha256", "size", "width", "height", "translations"})
USUAL: Final = (("required", True), ("shuffle", True), ("steps", True), ("assessment", True), ("scenarios", True))


@dataclass(frozen=True, slots=True)
class Passage:
    """One text. `label` is the field's name, `of` the author's id of the option or level it belongs to, if any."""

    anchor: str
    label: str
    text: str
    of: str = ""
    right: bool = False

    @property
    def markdown(self) -> bool:
        """Whether learners see it as Markdown."""
        if self.of.startswith(("scenes ", "endings ")):
            return self.label in {"text", "feedback", "reflection"}
        return (self.label in MARKDOWN and not self.of) or self.label in {"transcript", "instructions"}


@dataclass(frozen=True, slots=True)
class Part:
    """Some passages under one heading. `facts` are settings that are no text: names and values."""

    anchor: str
    kind: str
    title: str
    level: int
    passages: tuple[Passage, ...]
    facts: tuple[tuple[str, str], ...]


def parts(course: Course) -> list[Part]:
    """Return every part of a course, in the order in which it is taken."""
    document = course.model_dump(mode="json")
    return list(_parts("course", "course", document, 1))


def find(found: list[Part], anchor: str) -> tuple[Part, Passage | None] | None:
    """Return the part, and the passage unless the part as a whole is meant, of an anchor; None when it is gone."""
    for part in found:
        if part.anchor == anchor:
            return part, None
        for passage in part.passages:
            if passage.anchor == anchor:
                return part, passage
    return None


def _parts(kind: str, anchor: str, document: dict[str, Any], level: int) -> Iterator[Part]:
    passages, facts = [], []
    for piece in _pieces(anchor, document, ""):
        if isinstance(piece, Passage):
            passages.append(piece)
        else:
            facts.append(piece)
    if kind == "step":
        # As learners meet them.
        passages.sort(key=lambda one: 0 if one.of == "content_note" else 1 if one.label == "summary" else 2)
    yield Part(anchor, kind, str(document.get("title") or ""), level, tuple(passages), tuple(facts))
    for name, inside in PARTS.items():
        value = document.get(name)
        for number, one in enumerate(value if isinstance(value, list) else [value] if value else [], 1):
            if isinstance(one, dict):
                yield from _parts(inside, str(one.get("id") or f"{anchor}.{name}.{number}"), one, level + 1)


def _pieces(anchor: str, document: dict[str, Any], of: str) -> Iterator[Passage | tuple[str, str]]:
    for name, value in document.items():
        if name in UNSAID or _goes_without_saying(name, value) or (name in {"title", *PARTS} and not of):
            continue
        yield from _piece(f"{anchor}.{name}", name, value, of, right=document.get("correct") is True)


def _goes_without_saying(name: str, value: Any) -> bool:
    return (name, value) != ("required", False) and (value in (None, [], False) or (name, value) in USUAL)


def _piece(anchor: str, name: str, value: Any, of: str, *, right: bool) -> Iterator[Passage | tuple[str, str]]:
    if isinstance(value, dict):
        yield from _pieces(anchor, value, of or name)
    elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
        for number, one in enumerate(value):
            mine = str(one.get("id") or number)
            # The id of an outcome is unique in the course, so its key begins there.
            inside = mine if name == "outcomes" else f"{anchor}.{mine}"
            yield from _pieces(inside, one, f"{of} {name} {mine}".strip())
    elif isinstance(value, list):
        yield name, ", ".join(map(str, value))
    elif isinstance(value, str) and (" " in value.strip() or name in MARKDOWN | {"text", "title"}):
        yield Passage(anchor, name, value, of, right and name == "text")
    elif name != "correct":
        yield (f"{of} {name}".strip() if of else name), str(value).lower() if isinstance(value, bool) else str(value)
