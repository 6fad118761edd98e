"""What a file of another system holds: questions in our words, and what could not be taken, each with its line."""

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final

FULL: Final = 100.0
LARGEST: Final = 10 * 1024 * 1024
MOST_QUESTIONS: Final = 5000


class ExchangeError(ValueError):
    """The file as a whole cannot be read; the text says why and what to do."""


class RefusedError(ValueError):
    """One question cannot be taken; the text says why."""


@dataclass(slots=True)
class Found:
    """A question as its file tells it. `document` is in our format, without id, module and explanation.

    `name` may be empty; `line` counts from 1; `category` is the path of names above it; `changes` tell what
    is different from the original.
    """

    line: int
    name: str
    document: dict[str, Any]
    wanted_id: str = ""
    category: tuple[str, ...] = ()
    explanation: str = ""
    changes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, order=True)
class Refused:
    """Something that was not taken: its line, what it is called, and why."""

    line: int
    name: str
    reason: str


@dataclass(slots=True)
class Reading:
    """All that was found in a file, in its order."""

    found: list[Found] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Weighed:
    """An answer with the share of the points it earns, in percent, as other systems write it."""

    text: str
    percent: float
    feedback: str = ""


def option(number: int, text: str, feedback: str, *, correct: bool) -> dict[str, Any]:
    """Return an option in our words; its id is the letter of its place, counted from 0."""
    filled: dict[str, Any] = {"id": letter(number), "text": text}
    if correct:
        filled["correct"] = True
    if feedback:
        filled["feedback"] = feedback
    return filled


def letter(number: int) -> str:
    """Return the id of a place counted from 0: a to z, then o27, o28 ..."""
    return chr(ord("a") + number) if number < 26 else f"o{number + 1}"  # the alphabet


def choice(prompt: str, answers: list[Weighed], *, single: bool, changes: list[str]) -> dict[str, Any]:
    """Return a question with options. Raises `RefusedError` where its points cannot be told in ours."""
    if single:
        return _single(prompt, answers, changes)
    right = [one.percent > 0 for one in answers]
    if not any(right):
        raise RefusedError("no answer is worth points, so nothing would be right")
    if len({round(one.percent, 2) for one in answers if one.percent > 0}) > 1:
        changes.append("the right answers had different weights; here all count the same")
    return {"kind": "multiple", "prompt": prompt, "options": _options(answers, right)}


def _single(prompt: str, answers: list[Weighed], changes: list[str]) -> dict[str, Any]:
    best = max((one.percent for one in answers), default=0.0)
    right = [one.percent == best > 0 for one in answers]
    if sum(right) != 1:
        raise RefusedError("exactly one answer must be worth the most; make it a question with several right answers")
    if any(0 < one.percent < best for one in answers):
        changes.append("an answer was worth part of the points; here it counts as wrong")
    return {"kind": "single", "prompt": prompt, "options": _options(answers, right)}


def _options(answers: list[Weighed], right: list[bool]) -> list[dict[str, Any]]:
    return [
        option(number, one.text, one.feedback, correct=fits)
        for number, (one, fits) in enumerate(zip(answers, right, strict=True))
    ]


def words(prompt: str, answers: list[Weighed], changes: list[str]) -> dict[str, Any]:
    """Return a question answered in a few words. Raises `RefusedError` when no plain answer is left."""
    full = [one for one in answers if one.percent >= FULL]
    plain = [one.text for one in full if "*" not in one.text]
    if not plain:
        raise RefusedError(
            "no accepted answer is left: answers with * stand for any words, which cannot be checked here"
        )
    if len(plain) < len(full):
        changes.append("accepted answers with * were left out")
    if len(full) < len(answers):
        changes.append("answers worth part of the points were left out")
    if any(one.feedback for one in answers):
        changes.append("feedback on single answers was left out")
    return {"kind": "text", "prompt": prompt, "accepted": list(dict.fromkeys(plain))}


def matching(prompt: str, pairs: list[tuple[str, str]], extra: list[str]) -> dict[str, Any]:
    """Return a matching question from (item, target) pairs and targets that fit nothing; equal targets become one."""
    targets = list(dict.fromkeys([*(target for _item, target in pairs), *extra]))
    ids = {target: f"t{number}" for number, target in enumerate(targets, 1)}
    return {
        "kind": "matching",
        "prompt": prompt,
        "items": [
            {"id": f"i{number}", "text": item, "target": ids[target]} for number, (item, target) in enumerate(pairs, 1)
        ],
        "targets": [{"id": ids[target], "text": target} for target in targets],
    }


def true_false(prompt: str, *, right: bool, on_true: str = "", on_false: str = "") -> dict[str, Any]:
    """Return a true-false question with the feedback on each answer."""
    options = [
        {"id": "true", "text": "True", **({"correct": True} if right else {})},
        {"id": "false", "text": "False", **({} if right else {"correct": True})},
    ]
    for one, feedback in zip(options, (on_true, on_false), strict=True):
        if feedback:
            one["feedback"] = feedback
    return {"kind": "true-false", "prompt": prompt, "options": options}


def number(prompt: str, answer: Decimal, tolerance: Decimal, unit: str = "") -> dict[str, Any]:
    """Return a question for a number."""
    filled: dict[str, Any] = {"kind": "number", "prompt": prompt, "answer": plainly(answer)}
    if tolerance:
        filled["tolerance"] = plainly(abs(tolerance))
    if unit:
        filled["unit"] = unit
    return filled


def plainly(found: Decimal) -> int | str:
    """Return a number as YAML keeps it: whole, or as text, since a fraction would be rounded."""
    text = format(found, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return int(text) if "." not in text else text


def decimal(text: str) -> Decimal:
    """Return a number written with a point. Raises `RefusedError` for anything else."""
    try:
        found = Decimal(text.strip())
        if not found.is_finite() or abs(found.adjusted()) > 30:  # no question asks for such a number
            raise InvalidOperation
    except InvalidOperation as error:
        raise RefusedError(f"“{' '.join(text.split())[:40]}” is no number that can be asked for") from error
    return found
