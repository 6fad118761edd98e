"""Reading GIFT, the text format for questions that Moodle and others write. Pure: text in, questions and refusals out.

Source: the format as Moodle documents it (docs.moodle.org, "GIFT format"). Questions stand apart by an empty line.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from mhfa_lms.content.exchange import plain
from mhfa_lms.content.exchange.found import (
    FULL,
    LARGEST,
    MOST_QUESTIONS,
    ExchangeError,
    Found,
    Reading,
    Refused,
    RefusedError,
    Weighed,
    choice,
    decimal,
    matching,
    number,
    true_false,
    words,
)

# Escaped characters stand aside as private ones while the text is taken apart.
ESCAPED: Final = "~=#{}:\\"
ASIDE: Final = {character: chr(0xE000 + number) for number, character in enumerate(ESCAPED)}
BACK: Final = str.maketrans({aside: character for character, aside in ASIDE.items()})
CATEGORY: Final = re.compile(r"^\$CATEGORY:\s*(.*)$", re.IGNORECASE)
NAMED_ID: Final = re.compile(r"\[id:([^\[\]]*)\]")
NAME: Final = re.compile(r"^\s*::(.*?)::", re.DOTALL)
FORMAT: Final = re.compile(r"^\s*\[(html|markdown|plain|moodle)\]", re.IGNORECASE)
WEIGHT: Final = re.compile(r"^\s*%(-?\d+(?:[.,]\d+)?)%")
TRUE_FALSE: Final = re.compile(r"^(T|TRUE|F|FALSE)\s*(?:#|$)", re.IGNORECASE)
ANSWER: Final = re.compile(r"([~=])([^~=]*)")
ARROW: Final = re.compile(r"-\s*>")
SLASHED: Final = re.compile(r"\\([~=#{}:\\n])")
BLANK: Final = "_____"


def read(text: str) -> Reading:
    """Return the questions of a GIFT text, and what could not be taken. Raises `ExchangeError` for a text too large."""
    if len(text) > LARGEST:
        raise ExchangeError(f"The file is larger than {LARGEST // 1024 // 1024} MB. Split it.")
    reading = Reading()
    category: tuple[str, ...] = ()
    for first, block in _blocks(text):
        lines: list[str] = []
        start, wanted_id = first, ""
        for offset, line in enumerate(block):
            if line.lstrip().startswith("//"):
                named = NAMED_ID.search(line)
                wanted_id = named.group(1).strip() if named else wanted_id
            elif found := CATEGORY.match(line.strip()):
                category = tuple(part.strip() for part in re.split(r"(?<!/)/(?!/)", found.group(1)) if part.strip())
            else:
                start = start if lines else first + offset
                lines.append(line)
        if not "".join(lines).strip():
            continue
        if len(reading.found) + len(reading.refused) >= MOST_QUESTIONS:
            raise ExchangeError(f"The file holds more than {MOST_QUESTIONS} questions. Split it.")
        _take(reading, "\n".join(lines), start, category, wanted_id)
    return reading


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield runs of lines between empty ones, with the number of the first, from 1."""
    block: list[str] = []
    number = 0
    # Not splitlines(): it also parts at characters that other systems leave inside a line.
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff")), 1):
        if line.strip():
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []
    if block:
        yield number - len(block) + 1, block


def _take(reading: Reading, text: str, line: int, category: tuple[str, ...], wanted_id: str) -> None:
    name = ""
    try:
        text = _aside(text)
        if named := NAME.match(text):
            name, text = plain.line(plain.tidy(_back(named.group(1)))), text[named.end() :]
        reading.found.append(_Question(Found(line, name, {}, wanted_id=wanted_id, category=category)).read(text))
    except RefusedError as error:
        reading.refused.append(Refused(line, name or plain.line(_back(text))[:60], str(error)))


def _aside(text: str) -> str:
    if any(aside in text for aside in ASIDE.values()):
        raise RefusedError("it holds characters of private use, which no font shows")
    return SLASHED.sub(lambda found: ASIDE.get(found.group(1), "\n"), text)


def _back(text: str) -> str:
    return text.translate(BACK)


class _Question:
    """One question being read; what is different from the original is noted on the way."""

    def __init__(self, found: Found) -> None:
        self.found = found
        self.html = False

    def read(self, text: str) -> Found:
        """Take the text apart. Raises `RefusedError`."""
        if format_ := FORMAT.match(text):
            self.html, text = format_.group(1).casefold() == "html", text[format_.end() :]
            if format_.group(1).casefold() == "markdown":
                self.changed("Markdown signs are kept as they stand")
        before, inside, after = _braces(text)
        inside, _hashes, general = inside.partition("####")
        self.found.explanation = self.words(general)
        prompt = self.words(before if not after.strip() else f"{before.rstrip()} {BLANK} {after.lstrip()}")
        if not prompt:
            raise RefusedError("the question has no text")
        self.found.document = self.answers(prompt, inside.strip())
        return self.found

    def answers(self, prompt: str, inside: str) -> dict[str, Any]:
        """Return the question, of the kind that the signs of its answers tell."""
        if not inside:
            raise RefusedError("it asks for a long text, which nobody marks in an assessment: make it a scenario")
        if TRUE_FALSE.match(inside):
            return self.truth(prompt, inside)
        if inside.startswith("#"):
            return self.number(prompt, inside[1:])
        parts = ANSWER.findall(inside)
        if not parts or inside[0] not in "~=":
            raise RefusedError("the answers begin neither with = nor with ~")
        if all(ARROW.search(part) for _sign, part in parts):
            return self.pairs(prompt, parts)
        answers = [self.weighed(sign, part) for sign, part in parts]
        if all(sign == "=" for sign, _part in parts):
            return words(prompt, answers, self.found.changes)
        single = any(sign == "=" for sign, _part in parts) or sum(one.percent > 0 for one in answers) == 1
        return choice(prompt, answers, single=single, changes=self.found.changes)

    def truth(self, prompt: str, inside: str) -> dict[str, Any]:
        """Return a true-false question; its first feedback is for those who answered wrongly."""
        said, *feedback = inside.split("#")
        right = said.strip().casefold() in {"t", "true"}
        on_wrong, on_right = [*(self.words(one) for one in feedback), "", ""][:2]
        on_true, on_false = (on_right, on_wrong) if right else (on_wrong, on_right)
        return true_false(prompt, right=right, on_true=on_true, on_false=on_false)

    def pairs(self, prompt: str, parts: list[tuple[str, str]]) -> dict[str, Any]:
        """Return a matching question; a pair without an item only adds a target."""
        pairs, extra = [], []
        for _sign, part in parts:
            body, _hash, feedback = part.partition("#")
            if feedback.strip():
                self.changed("feedback on a pair was left out")
            item, target = (plain.line(self.words(one)) for one in ARROW.split(body, maxsplit=1))
            if item:
                pairs.append((item, target))
            else:
                extra.append(target)
        return matching(prompt, pairs, extra)

    def weighed(self, sign: str, part: str) -> Weighed:
        """Return an answer with its weight and feedback."""
        percent, body = _weight(sign, part)
        text, _hash, feedback = body.partition("#")
        return Weighed(plain.line(self.words(text)), percent, self.words(feedback))

    def number(self, prompt: str, inside: str) -> dict[str, Any]:
        """Return a question for a number: `#3`, `#3:0.5`, `#1..5`, or several of which one has the full weight."""
        full = []
        for sign, part in ANSWER.findall(inside) if "=" in inside else [("=", inside)]:
            percent, body = _weight(sign, part)
            body, _hash, feedback = body.partition("#")
            if feedback.strip():
                self.changed("feedback on single answers was left out")
            if percent >= FULL and body.strip():
                full.append(_range(_back(body)))
            elif body.strip():
                self.changed("answers worth part of the points were left out")
        if len(full) != 1:
            raise RefusedError("exactly one number, or one range, must be worth all the points")
        return number(prompt, *full[0])

    def words(self, text: str) -> str:
        """Return a part of the text without the signs of its format."""
        html = self.html
        if format_ := FORMAT.match(text):
            html, text = format_.group(1).casefold() == "html", text[format_.end() :]
        if not html:
            return plain.tidy(_back(text))
        return plain.told(_back(text), self.found.changes)

    def changed(self, what: str) -> None:
        """Note once what is different from the original."""
        if what not in self.found.changes:
            self.found.changes.append(what)


def _braces(text: str) -> tuple[str, str, str]:
    start = text.find("{")
    if start < 0:
        if "}" in text:
            raise RefusedError("a } closes nothing: write \\} for the sign itself")
        raise RefusedError("it has no answers in { }, so it is a text, not a question: put it into a step")
    end = text.find("}", start)
    if end < 0:
        raise RefusedError("the answers are not closed with } before the empty line")
    if "{" in text[start + 1 :] or "}" in text[end + 1 :]:
        raise RefusedError("it has more than one pair of { }: write \\{ and \\} for the signs themselves")
    return text[:start], text[start + 1 : end], text[end + 1 :]


def _weight(sign: str, part: str) -> tuple[float, str]:
    """Return what an answer is worth, in percent, and the rest of it."""
    weight = WEIGHT.match(part)
    if weight is None:
        return FULL if sign == "=" else 0.0, part
    return float(weight.group(1).replace(",", ".")), part[weight.end() :]


def _range(text: str) -> tuple[Decimal, Decimal]:
    """Return a number and how far from it is still right."""
    low, dots, high = text.partition("..")
    if dots:
        first, last = decimal(low), decimal(high)
        return (first + last) / 2, abs(last - first) / 2
    answer, _colon, distance = text.partition(":")
    return decimal(answer), decimal(distance or "0")
