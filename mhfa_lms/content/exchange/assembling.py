"""From what another system's file holds to questions of a course: with ids, modules and explanations, and checked."""

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from mhfa_lms.content import questions
from mhfa_lms.content.exchange.found import Found, Reading, Refused

LONGEST_ID: Final = 60


@dataclass(frozen=True, slots=True)
class Taken:
    """A question that was taken: its line, what it was called, its id and kind here, and what is different now."""

    line: int
    name: str
    id: str
    kind: str
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assembled:
    """Questions as course files write them, and the report about each part of the file they came from."""

    documents: list[dict[str, Any]]
    taken: list[Taken]
    refused: list[Refused]


def assemble(reading: Reading, *, used: Collection[str], modules: Mapping[str, str], default: str | None) -> Assembled:
    """Give every question an id that is not `used`, its module and an explanation, and check it.

    `modules` are ids with titles: a category of the same name decides, then `default`; without either it is refused.
    """
    ids, done = set(used), Assembled([], [], sorted(reading.refused))
    by_name = {slug(name): module for module, title in modules.items() for name in (module, title)}
    for found in reading.found:
        module = next((by_name[slug(name)] for name in reversed(found.category) if slug(name) in by_name), default)
        if module is None:
            done.refused.append(Refused(found.line, _name(found), "its category is no module: name one with --module"))
            continue
        _take(done, found, _free(found, ids), module, ids)
    done.refused.sort()
    return done


def _take(done: Assembled, found: Found, name: str, module: str, ids: set[str]) -> None:
    head = {"id": name, "module": module}
    try:
        document = {**head, **found.document, "explanation": found.explanation or "-"}
        question = questions.read(document)
    except ValidationError as error:
        done.refused.append(Refused(found.line, _name(found), _reason(error)))
        return
    changes = list(found.changes)
    if not found.explanation:
        document["explanation"] = f"✓ {_answer(found.document)}"
        changes.append("it had no general feedback: the explanation names the answer; say there why it fits")
    ids.add(name)
    done.documents.append(document)
    done.taken.append(Taken(found.line, found.name, name, question.kind, tuple(changes)))


def _name(found: Found) -> str:
    return found.name or " ".join(str(found.document.get("prompt", "")).split())[:60]


def _reason(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    if first["type"] == "value_error":
        return str(first["ctx"]["error"])
    place = ".".join(str(one) for one in first["loc"])
    return f"{place}: {first['msg'][:1].lower()}{first['msg'][1:]}" if place else first["msg"]


def _free(found: Found, ids: Collection[str]) -> str:
    """Return an id that nothing has yet, like the one the question had, its name, or its words."""
    wanted = slug(found.wanted_id) or slug(found.name) or slug(str(found.document.get("prompt", ""))[:40]) or "question"
    wanted = wanted[: LONGEST_ID - 6].strip("-")
    number, name = 1, wanted
    while name in ids:
        number += 1
        name = f"{wanted}-{number}"
    return name


def slug(text: str) -> str:
    """Return a text as an id: small letters, digits and single hyphens; empty when nothing of it is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_ID].strip("-")


def _answer(document: Mapping[str, Any]) -> str:
    """Return what is right, in the words of the question."""
    match document["kind"]:
        case "matching":
            targets = {one["id"]: one["text"] for one in document["targets"]}
            return "; ".join(f"{one['text']} – {targets[one['target']]}" for one in document["items"])
        case "ordering":
            return "; ".join(f"{place}. {one['text']}" for place, one in enumerate(document["items"], 1))
        case "gap":
            return "; ".join(_right(gap["options"]) for gap in document["gaps"])
        case "number":
            return " ".join(str(document[name]) for name in ("answer", "unit") if name in document)
        case "text":
            return "; ".join(document["accepted"])
        case _:
            return _right(document["options"])


def _right(options: list[dict[str, Any]]) -> str:
    return "; ".join(one["text"] for one in options if one.get("correct"))
