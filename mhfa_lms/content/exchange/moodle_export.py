"""Writing Moodle XML: a course's questions for Moodle and the systems that read its format.

Kinds that Moodle has under another name keep their meaning: gaps are "Select missing words", an order is "Ordering".
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Final

from mhfa_lms.content.exchange import cloze
from mhfa_lms.content.kinds.base import Base
from mhfa_lms.content.kinds.number import plain
from mhfa_lms.content.questions import Choice, FreeText, Gap, Matching, Number, Ordering
from mhfa_lms.content.schema import Course

TYPES: Final = {
    "single": "multichoice",
    "multiple": "multichoice",
    "true-false": "truefalse",
    "matching": "matching",
    "ordering": "ordering",
    "gap": "gapselect",
    "number": "numerical",
    "text": "shortanswer",
}


def write(course: Course) -> bytes:
    """Return the course's questions as Moodle XML: the assessment's by module, and those of the steps."""
    quiz = ET.Element("quiz")
    for module in course.modules:
        asked = [one for one in course.assessment.questions if one.module == module.id]
        _category(quiz, (course.title, course.assessment.title, module.title), asked)
    for module in course.modules:
        practice = [step.question for step in module.steps if step.question is not None]
        _category(quiz, (course.title, "Practice", module.title), practice)
    ET.indent(quiz)
    return bytes(ET.tostring(quiz, encoding="utf-8", xml_declaration=True))


def _category(quiz: ET.Element, names: Iterable[str], asked: Sequence[Base]) -> None:
    if not asked:
        return
    element = ET.SubElement(quiz, "question", type="category")
    # A slash parts the names of categories, and two stand for one.
    path = "/".join(["$course$", "top", *(name.replace("/", "//") for name in names)])
    _text(ET.SubElement(element, "category"), path)
    for question in asked:
        _question(quiz, question)


def _question(quiz: ET.Element, question: Base) -> None:
    kind = getattr(question, "kind", "single")
    written_by_hand = isinstance(question, FreeText) and not question.accepted
    element = ET.SubElement(quiz, "question", type="essay" if written_by_hand else TYPES[kind])
    _text(ET.SubElement(element, "name"), question.id)
    _words(element, "questiontext", _prompt(question))
    _words(element, "generalfeedback", question.explanation or "")
    ET.SubElement(element, "defaultgrade").text = "1"
    ET.SubElement(element, "idnumber").text = question.id
    match question:
        case Choice():
            _choice(element, question)
        case Matching():
            _matching(element, question)
        case Ordering():
            _ordering(element, question)
        case Gap():
            _gaps(element, question)
        case Number():
            _number(element, question)
        case FreeText():
            _accepted(element, question)
    if question.feedback and kind not in {"true-false", "number", "text"}:
        says = question.feedback
        for tag, text in (("correct", says.right), ("partiallycorrect", says.partly), ("incorrect", says.wrong)):
            _words(element, f"{tag}feedback", text or "")
    if question.hint:
        _words(element, "hint", question.hint)


def _prompt(question: Base) -> str:
    if not isinstance(question, Gap):
        return question.prompt
    text, number = question.text, 1
    for gap in question.gaps:
        right = number + next(place for place, one in enumerate(gap.options) if one.correct)
        text = text.replace(f"{{{gap.id}}}", f"[[{right}]]")
        number += len(gap.options)
    return text if question.prompt == cloze.PROMPT else f"{question.prompt}\n\n{text}"


def _choice(element: ET.Element, question: Choice) -> None:
    right = len(question.right)
    if question.kind != "true-false":
        ET.SubElement(element, "single").text = "true" if question.kind == "single" else "false"
        ET.SubElement(element, "shuffleanswers").text = "true" if question.shuffle else "false"
        ET.SubElement(element, "answernumbering").text = "none"
    for option in question.options:
        # A wrong tick costs what a right one earns, as here.
        share = Fraction(100, right) if option.correct else Fraction(-100, right) if question.kind == "multiple" else 0
        # Moodle takes the first of the two of true-false for what its word says.
        text = option.text if question.kind != "true-false" else ("true" if option is question.options[0] else "false")
        _answer(element, text, share, option.feedback or "", html=question.kind != "true-false")


def _matching(element: ET.Element, question: Matching) -> None:
    ET.SubElement(element, "shuffleanswers").text = "true" if question.shuffle else "false"
    texts = {target.id: target.text for target in question.targets}
    fitting = {item.target for item in question.items}
    pairs = [(item.text, texts[item.target]) for item in question.items]
    for item, target in [*pairs, *(("", text) for name, text in texts.items() if name not in fitting)]:
        one = ET.SubElement(element, "subquestion", format="html")
        ET.SubElement(one, "text").text = _html(item)
        _text(ET.SubElement(one, "answer"), target)


def _ordering(element: ET.Element, question: Ordering) -> None:
    for tag, value in (("layouttype", "VERTICAL"), ("selecttype", "ALL"), ("gradingtype", "ALL_ORDERED")):
        ET.SubElement(element, tag).text = value
    for place, item in enumerate(question.items, 1):
        one = ET.SubElement(element, "answer", fraction=str(place), format="html")
        ET.SubElement(one, "text").text = _html(item.text)


def _gaps(element: ET.Element, question: Gap) -> None:
    ET.SubElement(element, "shuffleanswers").text = "1" if question.shuffle else "0"
    for group, gap in enumerate(question.gaps, 1):
        for option in gap.options:
            one = ET.SubElement(element, "selectoption")
            ET.SubElement(one, "text").text = option.text
            ET.SubElement(one, "group").text = str(group)


def _number(element: ET.Element, question: Number) -> None:
    one = _answer(element, plain(question.answer), 100, "")
    ET.SubElement(one, "tolerance").text = plain(question.tolerance)
    if question.unit:
        unit = ET.SubElement(ET.SubElement(element, "units"), "unit")
        ET.SubElement(unit, "multiplier").text = "1"
        ET.SubElement(unit, "unit_name").text = question.unit


def _accepted(element: ET.Element, question: FreeText) -> None:
    ET.SubElement(element, "usecase").text = "0"
    for one in question.accepted:
        _answer(element, one, 100, "")


def _answer(
    element: ET.Element, text: str, percent: Fraction | int, feedback: str, *, html: bool = False
) -> ET.Element:
    fraction = f"{float(percent):.5f}".rstrip("0").rstrip(".")
    one = ET.SubElement(element, "answer", fraction=fraction, format="html" if html else "plain_text")
    ET.SubElement(one, "text").text = _html(text) if html else text
    _words(one, "feedback", feedback)
    return one


def _words(element: ET.Element, tag: str, text: str) -> None:
    _text(ET.SubElement(element, tag, format="html"), _html(text))


def _text(element: ET.Element, text: str) -> None:
    ET.SubElement(element, "text").text = text


def _html(text: str) -> str:
    """Return plain text as HTML: paragraphs and line ends; the file's own escaping comes on top."""
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"<p>{one.replace(chr(10), '<br>')}</p>" for one in safe.split("\n\n")) if safe else ""
