"""A course as passages: all its words are there, under anchors that hold."""

from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mhfa_lms.content import loader, passages
from mhfa_lms.content.review_parts import find, parts
from mhfa_lms.content.schema import Course
from tests.small_course import course, document

SHIPPED = Path(__file__).parents[2] / "courses"


def texts(value: Any) -> set[str]:
    """Every text of a document that is more than a word."""
    if isinstance(value, str):
        return {value} if " " in value else set()
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return set().union(*map(texts, inside))


def test_every_text_of_the_courses_that_come_along_is_shown_once() -> None:
    for folder in loader.find(SHIPPED):
        content = loader.load(folder)
        found = parts(content)
        inside = [one for part in found for one in part.passages]
        shown = {one.text for one in inside} | {part.title for part in found}
        facts = " ".join(value for part in found for _name, value in part.facts)
        assert {one for one in texts(content.model_dump(mode="json")) - shown if one not in facts} == set()
        anchors = [part.anchor for part in found] + [one.anchor for one in inside]
        assert len(anchors) == len(set(anchors))


def test_anchors_are_the_keys_that_translations_use() -> None:
    for content in (course(), *map(loader.load, loader.find(SHIPPED))):
        found = {one.anchor: one.text for part in parts(content) for one in part.passages}
        titles = {f"{part.anchor}.title": part.title for part in parts(content)}
        short = {key for key, text in passages.of(content).items() if " " not in text}
        assert {key: text for key, text in passages.of(content).items() if key not in short}.items() <= {
            **found,
            **titles,
        }.items()


def test_right_answers_are_marked() -> None:
    question = next(part for part in parts(course()) if part.anchor == "q-1")
    assert [one.text for one in question.passages if one.right] == ["Right 1"]


@given(st.permutations(range(2)), st.permutations(range(6)))
def test_anchors_hold_when_parts_move(modules: list[int], questions: list[int]) -> None:
    moved = document()
    first, second = moved["modules"]
    first["steps"], second["steps"] = [*first["steps"], second["steps"].pop(0)], second["steps"]
    moved["modules"] = [moved["modules"][one] for one in modules]
    pool = moved["assessment"]["questions"]
    moved["assessment"]["questions"] = [pool[one] for one in questions]
    before = {one.anchor: one.text for part in parts(course()) for one in part.passages}
    after = {one.anchor: one.text for part in parts(Course.model_validate(moved)) for one in part.passages}
    assert before == after
    assert find(parts(course()), "nothing.here") is None
