"""Reading Moodle XML. Pure: bytes in, questions and refusals out.

Source: the format as Moodle documents it (docs.moodle.org, "Moodle XML format") and as Moodle 4 and 5 write it.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from mhfa_lms.content.exchange import cloze, plain
from mhfa_lms.content.exchange.found import (
    FULL,
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
    option,
    true_false,
    words,
)
from mhfa_lms.content.exchange.tree import Element, parse

NO_QUESTION: Final = {
    "essay": "it asks for a long text, which nobody marks in an assessment: make it a scenario",
    "description": "it is a text, not a question: put it into a step",
    "random": "it draws from a category; here the whole assessment is drawn from its pool",
    "randomsamatch": "it is put together by chance; write it as matching",
}
NOT_HERE: Final = {
    "calculated": "its numbers are computed anew for each learner, which is not possible here",
    "calculatedsimple": "its numbers are computed anew for each learner, which is not possible here",
    "calculatedmulti": "its numbers are computed anew for each learner, which is not possible here",
    "ddimageortext": "words are dragged onto a picture, which not everybody can do: write it as matching",
    "ddmarker": "markers are dragged onto a picture, which not everybody can do: write it as a choice",
}
PLACE: Final = re.compile(r"\[\[(\d{1,3})\]\]")
TRUE_WORDS: Final = frozenset({"true"})


def read(source: bytes) -> Reading:
    """Return the questions of a Moodle XML file, and what could not be taken. Raises `ExchangeError`."""
    root = parse(source)
    if root.tag != "quiz":
        raise ExchangeError(f"Line {root.line}: Moodle XML begins with <quiz>, not with <{root.tag[:40]}>.")
    reading = Reading()
    category: tuple[str, ...] = ()
    for element in root.children:
        if element.tag != "question":
            reading.refused.append(Refused(element.line, element.tag[:60], "it is no question"))
            continue
        if element.attributes.get("type") == "category":
            category = _path(element.said("category"))
            continue
        if len(reading.found) + len(reading.refused) >= MOST_QUESTIONS:
            raise ExchangeError(f"The file holds more than {MOST_QUESTIONS} questions. Split it.")
        _take(reading, element, category)
    return reading


def _path(written: str) -> tuple[str, ...]:
    """Return a category's names, without the words that only say where in Moodle it stood."""
    names = (part.strip().replace("//", "/") for part in re.split(r"(?<!/)/(?!/)", written))
    return tuple(name for name in names if name and name != "top" and not name.startswith("$"))


def _take(reading: Reading, element: Element, category: tuple[str, ...]) -> None:
    name = plain.line(plain.tidy(element.said("name")))[:200]
    found = Found(element.line, name, {}, wanted_id=element.said("idnumber"), category=category)
    try:
        reading.found.append(_Question(element, found).read())
    except RefusedError as error:
        reading.refused.append(Refused(element.line, name or element.attributes.get("type", "")[:60], str(error)))


class _Question:
    """One question being read; what is different from the original is noted on the way."""

    def __init__(self, element: Element, found: Found) -> None:
        self.element = element
        self.found = found

    def read(self) -> Found:
        """Read it as the kind it names. Raises `RefusedError`."""
        kind = self.element.attributes.get("type", "")
        if reason := NO_QUESTION.get(kind) or NOT_HERE.get(kind):
            raise RefusedError(reason)
        readers: dict[str, Callable[[str], dict[str, Any]]] = {
            "multichoice": self.choice,
            "multichoiceset": self.set,
            "truefalse": self.truth,
            "shortanswer": self.short,
            "numerical": self.number,
            "matching": self.matching,
            "gapselect": self.gaps,
            "ddwtos": self.gaps,
            "ordering": self.ordering,
            "cloze": self.cloze,
            "multianswer": self.cloze,
        }
        if kind not in readers:
            raise RefusedError(f"questions of type “{kind[:40]}” are not known here")
        prompt = self.words(self.element.one("questiontext"))
        if not prompt:
            raise RefusedError("the question has no text")
        document = readers[kind](prompt)
        self.found.explanation = self.words(self.element.one("generalfeedback"))
        self.found.document = {**document, **self.around(document)}
        return self.found

    def around(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return what questions of every kind may have: a hint, feedback on the whole, and a fixed order."""
        filled: dict[str, Any] = {}
        hints = [hint for hint in (self.words(one) for one in self.element.all("hint")) if hint]
        if hints:
            filled["hint"] = "\n\n".join(hints)
            if len(hints) > 1:
                self.changed("several hints became one")
        says = {
            "right": self.words(self.element.one("correctfeedback")),
            "partly": self.words(self.element.one("partiallycorrectfeedback")),
            "wrong": self.words(self.element.one("incorrectfeedback")),
        }
        if any(says.values()):
            filled["feedback"] = {place: text for place, text in says.items() if text}
        fixed = self.element.said("shuffleanswers").casefold() in {"false", "0"}
        if fixed and document["kind"] in {"single", "multiple", "matching", "gap"}:
            filled["shuffle"] = False
        self.grade()
        return filled

    def grade(self) -> None:
        """Note points and penalties that do not exist here."""
        worth = self.element.said("defaultgrade", "1")
        if decimal(worth) != 1:
            self.changed(f"it was worth {plain.line(worth)[:20]} points; here every question is worth one")

    def answers(self) -> list[Weighed]:
        """Return the answers with what they are worth."""
        found = []
        for one in self.element.all("answer"):
            percent = float(decimal(one.attributes.get("fraction", "0")))
            text = plain.line(self.words(one))
            if text:
                found.append(Weighed(text, percent, self.words(one.one("feedback"))))
        return found

    def choice(self, prompt: str) -> dict[str, Any]:
        """One or several options."""
        single = self.element.said("single", "true").casefold() in {"true", "1"}
        return choice(prompt, self.answers(), single=single, changes=self.found.changes)

    def set(self, prompt: str) -> dict[str, Any]:
        """Several options, all or nothing there."""
        self.changed("it gave all points or none; here part of the right options earns part of the point")
        return choice(prompt, self.answers(), single=False, changes=self.found.changes)

    def truth(self, prompt: str) -> dict[str, Any]:
        """True or false."""
        by_word = {one.text.casefold() in TRUE_WORDS: one for one in self.answers()}
        if set(by_word) != {True, False}:
            raise RefusedError("its answers are not true and false")
        yes, no = by_word[True], by_word[False]
        if (yes.percent >= FULL) == (no.percent >= FULL):
            raise RefusedError("exactly one of true and false must be right")
        return true_false(prompt, right=yes.percent >= FULL, on_true=yes.feedback, on_false=no.feedback)

    def short(self, prompt: str) -> dict[str, Any]:
        """A few words."""
        if self.element.said("usecase") == "1":
            self.changed("capitals counted; here they do not")
        return words(prompt, self.answers(), self.found.changes)

    def number(self, prompt: str) -> dict[str, Any]:
        """A number with its tolerance and unit."""
        full: list[tuple[Decimal, Decimal]] = []
        for one in self.element.all("answer"):
            text, percent = self.words(one), decimal(one.attributes.get("fraction", "0"))
            if percent < FULL or text == "*":
                self.changed("answers worth part of the points, or standing for any number, were left out")
                continue
            full.append((decimal(text), decimal(one.said("tolerance", "0"))))
        if len(full) != 1:
            raise RefusedError("exactly one number must be worth all the points")
        return number(prompt, *full[0], unit=self.unit())

    def unit(self) -> str:
        """Return the unit in which the answer is given."""
        units = self.element.one("units")
        named = [] if units is None else list(units.all("unit"))
        base = next((one for one in named if decimal(one.said("multiplier", "1")) == 1), None)
        if len(named) > 1:
            self.changed("only one unit was kept")
        return plain.line(base.said("unit_name")) if base else ""

    def matching(self, prompt: str) -> dict[str, Any]:
        """Pairs; one without an item only adds a target."""
        pairs, extra = [], []
        for one in self.element.all("subquestion"):
            item, target = plain.line(self.words(one)), plain.line(self.words(one.one("answer")))
            if item:
                pairs.append((item, target))
            elif target:
                extra.append(target)
        return matching(prompt, pairs, extra)

    def ordering(self, prompt: str) -> dict[str, Any]:
        """Items, written in their order."""
        texts = [plain.line(self.words(one)) for one in self.element.all("answer")]
        if self.element.said("selecttype", "0") not in {"0", "ALL"}:
            self.changed("it showed some of its items; here it shows all")
        return {
            "kind": "ordering",
            "prompt": prompt,
            "items": [{"id": f"i{place}", "text": text} for place, text in enumerate(texts, 1)],
        }

    def gaps(self, prompt: str) -> dict[str, Any]:
        """A text with places, each with the choices of one group."""
        choices = [*self.element.all("selectoption"), *self.element.all("dragbox")]
        texts = [plain.line(self.words(one)) for one in choices]
        groups = [one.said("group", "1") for one in choices]
        gaps: list[dict[str, Any]] = []

        def gap(found: re.Match[str]) -> str:
            right = int(found.group(1)) - 1
            if not 0 <= right < len(choices):
                raise RefusedError(f"{found.group(0)} names a choice that is not there")
            same = [place for place, group in enumerate(groups) if group == groups[right]]
            name = f"g{len(gaps) + 1}"
            gaps.append(
                {
                    "id": name,
                    "options": [option(n, texts[place], "", correct=place == right) for n, place in enumerate(same)],
                }
            )
            return f"{{{name}}}"

        text = PLACE.sub(gap, cloze.bare(prompt))
        return {"kind": "gap", "prompt": cloze.PROMPT, "text": text, "gaps": gaps}

    def cloze(self, _prompt: str) -> dict[str, Any]:
        """A text with answers written into it."""
        written = self.element.one("questiontext")
        return cloze.read("" if written is None else written.said("text"), self.found.changes)

    def words(self, element: Element | None) -> str:
        """Return an element's text as plain text. Raises `RefusedError` for pictures and other media."""
        if element is None:
            return ""
        inner = element.one("text")
        raw = inner.text if inner is not None else element.text
        if element.attributes.get("format", "html") in {"plain_text", "moodle_plain"}:
            return plain.tidy(raw)
        return plain.told(raw, self.found.changes)

    def changed(self, what: str) -> None:
        """Note once what is different from the original."""
        if what not in self.found.changes:
            self.found.changes.append(what)
