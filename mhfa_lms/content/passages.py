"""The passages of a course: every text a reader meets, under a key that stays the same when the text changes or moves.

A key begins with the id of the part that holds the text (ids of modules, steps, questions and the like are unique in
the course) and goes on with the names inside it: `first-step.title`, `first-question.options.a.text`. What belongs to
the course itself begins with `course`. A translation names its passages by these keys.
"""

import hashlib
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeVar, get_args

from mhfa_lms.content.parts import Part, Prose

HEAD: Final = "course"
# Where parts lie whose ids share one space in the course; those of options, levels and exemplars are their owner's.
SHARED: Final = frozenset(
    {"modules", "steps", "question", "questions", "outcomes", "assessment", "scenarios", "glossary", "conversations"}
)
# Texts that are the same in every language, and those that only markers and checks read.
UNTRANSLATED: Final = frozenset(
    {"language", "by", "credit", "licence", "sources", "known_words", "translations", "exemplars"}
)
# Their texts belong together: a prompt of yesterday beside options of today could make a wrong answer right.
WHOLE: Final = frozenset({"question", "questions"})
P = TypeVar("P", bound=Part)


class Spoken(str):
    """A text that knows which language it is in: for screen readers, hyphenation and fonts."""

    __slots__ = ("lang",)
    lang: str

    def __new__(cls, text: str, lang: str) -> "Spoken":
        """Make one of a text and its language tag."""
        made = super().__new__(cls, text)
        made.lang = lang
        return made


def digest(text: str) -> str:
    """Return what tells one wording from another: the first 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def of(part: Part, key: str = HEAD) -> dict[str, str]:
    """Return every passage of a part by its key, in the order of the course."""
    return dict(_walk(part, key))


def _walk(value: Any, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _walk(inner, f"{key}.{name}")
    elif isinstance(value, Part):
        for name in prose_fields(type(value)):
            for inner_key, inner in _members(value, name, key):
                yield from _walk(inner, inner_key)


def _members(part: Part, name: str, key: str) -> list[tuple[str, Any]]:
    """Return the values of a field, one or many, each with its key."""
    found = getattr(part, name)
    if not isinstance(found, tuple):
        return [(_key(name, f"{key}.{name}", found), found)]
    return [(_key(name, f"{key}.{name}.{getattr(one, 'id', at)}", one), one) for at, one in enumerate(found)]


def _key(name: str, inside: str, part: Any) -> str:
    return str(part.id) if name in SHARED and hasattr(part, "id") else inside


@cache
def prose_fields(kind: type[Part]) -> tuple[str, ...]:
    """Return the names of a type's fields that are prose, or hold parts that may have some."""
    return tuple(
        name
        for name, field in kind.model_fields.items()
        if name not in UNTRANSLATED
        and (any(isinstance(one, Prose) for one in field.metadata) or _holds(field.annotation))
    )


def _holds(annotation: Any) -> bool:
    if isinstance(annotation, Prose) or (isinstance(annotation, type) and issubclass(annotation, Part)):
        return True
    if isinstance(annotation, types.GenericAlias) and annotation.__origin__ is dict:
        return _holds(get_args(annotation)[1])
    return any(_holds(one) for one in (*get_args(annotation), *getattr(annotation, "__metadata__", ())))


@dataclass(frozen=True, slots=True)
class Speaking:
    """Words by key in a language, and the language of what has none."""

    words: Mapping[str, str]
    lang: str
    source: str

    def part(self, part: P, key: str = HEAD) -> P:
        """Return a part with each passage in the language, where there are words for it, and else as it is."""
        changed: dict[str, Any] = {}
        for name in prose_fields(type(part)):
            said = [self.said(one, at, whole=name in WHOLE) for at, one in _members(part, name, key)]
            changed[name] = tuple(said) if isinstance(getattr(part, name), tuple) else said[0]
        return part.model_copy(update=changed)

    def said(self, value: Any, key: str, *, whole: bool = False) -> Any:
        """Return a value likewise. What is `whole` changes as a whole or not at all."""
        if isinstance(value, str):
            words = self.words.get(key)
            return Spoken(value, self.source) if words is None else Spoken(words, self.lang)
        if isinstance(value, Mapping):
            return {name: self.said(inner, f"{key}.{name}") for name, inner in value.items()}
        if not isinstance(value, Part):
            return value
        if whole and any(one not in self.words for one in of(value, key)):
            return Speaking({}, self.lang, self.source).part(value, key)
        return self.part(value, key)
