"""Reading and writing Moodle XML: every type of question is taken or refused, hostile files are not read, and what is
written can be read again."""

import contextlib
from html import escape
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mhfa_lms.content import questions
from mhfa_lms.content.exchange import assembling, moodle_export, moodle_xml
from mhfa_lms.content.exchange.found import ExchangeError, Found, Reading, Refused
from mhfa_lms.content.schema import Course
from tests import kinds
from tests.small_course import document


def quiz(*parts: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<quiz>\n{"".join(parts)}</quiz>'.encode()


def question(kind: str, inside: str, *, name: str = "Named", text: str = "What helps?") -> str:
    return (
        f'<question type="{kind}">\n<name><text>{name}</text></name>'
        f'<questiontext format="html"><text><![CDATA[<p>{text}</p>]]></text></questiontext>\n{inside}</question>\n'
    )


def answer(text: str, fraction: float = 0, feedback: str = "", more: str = "") -> str:
    return (
        f'<answer fraction="{fraction}" format="html"><text>{escape(escape(text))}</text>'
        f"<feedback><text>{escape(escape(feedback))}</text></feedback>{more}</answer>"
    )


def taken(kind: str, inside: str, **more: str) -> Found:
    reading = moodle_xml.read(quiz(question(kind, inside, **more)))
    assert reading.refused == []
    (found,) = reading.found
    return found


def refused(kind: str, inside: str = "", **more: str) -> Refused:
    reading = moodle_xml.read(quiz(question(kind, inside, **more)))
    assert reading.found == []
    (found,) = reading.refused
    return found


def test_one_choice_with_everything_around_it() -> None:
    found = taken(
        "multichoice",
        "<generalfeedback><text>Being heard helps.</text></generalfeedback><defaultgrade>3</defaultgrade>"
        "<hint><text>Think of Sam.</text></hint><hint><text>Again.</text></hint><idnumber>q-1</idnumber>"
        "<single>true</single><shuffleanswers>0</shuffleanswers><correctfeedback><text>Yes!</text></correctfeedback>"
        + answer("Listening", 100, "Right.")
        + answer("Advice & jokes", 0, "Not first."),
    )
    assert (found.line, found.wanted_id, found.explanation) == (3, "q-1", "Being heard helps.")
    assert found.document == {
        "kind": "single",
        "prompt": "What helps?",
        "options": [
            {"id": "a", "text": "Listening", "correct": True, "feedback": "Right."},
            {"id": "b", "text": "Advice & jokes", "feedback": "Not first."},
        ],
        "hint": "Think of Sam.\n\nAgain.",
        "feedback": {"right": "Yes!"},
        "shuffle": False,
    }
    assert found.changes == ["several hints became one", "it was worth 3 points; here every question is worth one"]


def test_several_choices() -> None:
    several = "<single>false</single>" + answer("one", 50) + answer("two", 50) + answer("three", -50)
    assert [one.get("correct", False) for one in taken("multichoice", several).document["options"]] == [
        True,
        True,
        False,
    ]
    assert "all points or none" in taken("multichoiceset", several).changes[0]


def test_true_or_false() -> None:
    document = taken("truefalse", answer("true", 0, "No.") + answer("false", 100, "Yes.")).document
    assert document["options"] == [
        {"id": "true", "text": "True", "feedback": "No."},
        {"id": "false", "text": "False", "correct": True, "feedback": "Yes."},
    ]


def test_a_few_words() -> None:
    found = taken("shortanswer", "<usecase>1</usecase>" + answer("Sam", 100) + answer("S*", 100) + answer("he", 50))
    assert found.document["accepted"] == ["Sam"]
    assert len(found.changes) == 3


def test_a_number_with_tolerance_and_unit() -> None:
    units = "<units><unit><multiplier>1</multiplier><unit_name>minutes</unit_name></unit></units>"
    found = taken("numerical", answer("12.50", 100, more="<tolerance>0.5</tolerance>") + answer("*", 0) + units)
    assert found.document | {"prompt": ""} == {
        "kind": "number",
        "prompt": "",
        "answer": "12.5",
        "tolerance": "0.5",
        "unit": "minutes",
    }


def test_matching_with_a_target_that_fits_nothing() -> None:
    parts = "".join(
        f'<subquestion format="html"><text>{item}</text><answer><text>{target}</text></answer></subquestion>'
        for item, target in (("cat", "one"), ("dog", "two"), ("", "three"))
    )
    document = taken("matching", parts).document
    assert [one["text"] for one in document["items"]] == ["cat", "dog"]
    assert [one["text"] for one in document["targets"]] == ["one", "two", "three"]


def test_missing_words_of_two_groups() -> None:
    choices = "".join(
        f"<selectoption><text>{text}</text><group>{group}</group></selectoption>"
        for text, group in (("listen", 1), ("talk", 1), ("ask", 2), ("tell", 2))
    )
    document = taken("gapselect", choices, text="First [[1]], then [[3]] {so}.").document
    assert document["text"] == "First {g1}, then {g2} (so)."
    assert [[one["text"] for one in gap["options"] if one.get("correct")] for gap in document["gaps"]] == [
        ["listen"],
        ["ask"],
    ]
    assert "not there" in refused("gapselect", choices, text="First [[9]].").reason


def test_answers_written_into_the_text() -> None:
    found = taken("cloze", "", text="You {1:MULTICHOICE:=ask#Yes~tell~%0%shout\\#} and {2:MC:%100%wait~run}.")
    assert found.document["text"] == "You {g1} and {g2}."
    assert [one["text"] for one in found.document["gaps"][0]["options"]] == ["ask", "tell", "shout#"]
    assert "SHORTANSWER" in refused("cloze", "", text="You {1:SHORTANSWER:=ask}.").reason
    assert "no part" in refused("cloze", "", text="You.").reason


def test_an_order() -> None:
    document = taken("ordering", answer("Notice", 1) + answer("Ask", 2) + answer("Return", 3)).document
    assert [one["text"] for one in document["items"]] == ["Notice", "Ask", "Return"]


@pytest.mark.parametrize("kind", [*moodle_xml.NO_QUESTION, *moodle_xml.NOT_HERE, "pmatch", ""])
def test_types_that_are_not_taken_say_why(kind: str) -> None:
    found = refused(kind)
    assert (found.line, found.name) == (3, "Named")
    assert found.reason


@pytest.mark.parametrize(
    ("kind", "inside", "reason"),
    [
        ("multichoice", answer("a", 100) + answer("b", 100), "exactly one answer"),
        ("multichoice", answer("a", 0), "exactly one answer"),
        ("truefalse", answer("maybe", 100), "not true and false"),
        ("numerical", answer("many", 100), "is no number"),
        ("numerical", answer("1", 100) + answer("2", 100), "exactly one number"),
        ("shortanswer", answer("*", 100), "any words"),
        ("multichoice", answer("a", 100).replace("100", "much"), "is no number"),
    ],
)
def test_questions_that_cannot_be_told_here_say_why(kind: str, inside: str, reason: str) -> None:
    assert reason in refused(kind, inside).reason


def test_pictures_are_refused_and_scripts_left_out() -> None:
    assert "picture" in refused("truefalse", answer("true", 100), text='<img src="@@PLUGINFILE@@/x.png">Who?').reason
    found = taken("truefalse", answer("true", 100) + answer("false"), text="Who?<script>alert(1)</script>")
    assert found.document["prompt"] == "Who?"


def test_categories_name_modules() -> None:
    source = quiz(
        '<question type="category"><category><text>$course$/top/Module one</text></category></question>',
        question("truefalse", answer("true", 100) + answer("false")),
        '<question type="category"><category><text>$course$/top/Elsewhere</text></category></question>',
        question("truefalse", answer("true", 100) + answer("false")),
    )
    done = assembling.assemble(moodle_xml.read(source), used={"named"}, modules={"one": "Module one"}, default=None)
    assert [(one["id"], one["module"]) for one in done.documents] == [("named-2", "one")]
    assert "--module" in done.refused[0].reason


HOSTILE = {
    "entities": b'<!DOCTYPE q [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><quiz>&b;</quiz>',
    "a file": b'<!DOCTYPE q [<!ENTITY x SYSTEM "file:///etc/passwd">]><quiz>&x;</quiz>',
    "an address": b'<!DOCTYPE quiz SYSTEM "http://127.0.0.1/x.dtd"><quiz/>',
    "depth": b"<quiz>" + b"<a>" * 500 + b"</a>" * 500 + b"</quiz>",
    "another file": b"<html/>",
    "nothing": b"",
    "broken": b"<quiz><question></quiz>",
    "an encoding": b'<?xml version="1.0" encoding="no-such"?><quiz/>',
    "an entity of its own": b"<quiz>&nothing;</quiz>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_not_read(name: str) -> None:
    with pytest.raises(ExchangeError):
        moodle_xml.read(HOSTILE[name])


def assembled(reading: Reading) -> Any:
    return assembling.assemble(reading, used=(), modules={}, default="first")


TAGS = ["answer", "text", "questiontext", "subquestion", "units", "unit", "selectoption", "hint", "single", "tolerance"]
WORDS = st.text(alphabet="ab[]{}12:=~%#\\&<>* é", max_size=20).map(escape)
TREES = st.recursive(
    WORDS,
    lambda inner: st.builds(
        lambda tag, fraction, parts: f'<{tag} fraction="{fraction}">{"".join(parts)}</{tag}>',
        st.sampled_from(TAGS),
        st.sampled_from(["100", "50", "-1", "x", ""]),
        st.lists(inner, max_size=3),
    ),
    max_leaves=12,
)
TYPES = [*moodle_export.TYPES.values(), "cloze", "ddwtos", "multichoiceset", "essay", "category", "", "unknown"]


@given(st.sampled_from(TYPES), TREES, TREES)
def test_garbage_in_every_type_crashes_nothing(kind: str, one: str, two: str) -> None:
    reading = moodle_xml.read(quiz(question(kind, f"{one}{two}", text="Who? [[1]] {1:MC:=a~b}")))
    done = assembled(reading)
    assert len(done.taken) + len(done.refused) == (kind != "category")


@given(st.binary(max_size=100))
def test_garbage_for_a_file_crashes_nothing(source: bytes) -> None:
    for whole in (source, b"<quiz>" + source, b"<quiz><question type='truefalse'>" + source + b"</question></quiz>"):
        with contextlib.suppress(ExchangeError):
            assembled(moodle_xml.read(whole))


def without_ids(found: dict[str, Any]) -> dict[str, Any]:
    """Return a question without what another system does not keep: ids of parts, and what only this one has."""
    asked = questions.read(found)
    kept: dict[str, Any] = {"id": asked.id, "kind": asked.kind, "explanation": asked.explanation, "hint": asked.hint}
    match asked:
        case questions.Choice():
            texts = ["True", "False"] if asked.kind == "true-false" else [one.text for one in asked.options]
            kept["options"] = [
                (text, one.correct, one.feedback) for text, one in zip(texts, asked.options, strict=True)
            ]
        case questions.Matching():
            targets = {one.id: one.text for one in asked.targets}
            kept["pairs"] = [(one.text, targets[one.target]) for one in asked.items]
            kept["targets"] = set(targets.values())
        case questions.Ordering():
            kept["order"] = [one.text for one in asked.items]
        case questions.Gap():
            kept["gaps"] = [[(one.text, one.correct) for one in gap.options] for gap in asked.gaps]
        case questions.Number():
            kept["number"] = (asked.answer, asked.tolerance, asked.unit)
        case questions.FreeText():
            kept["accepted"] = asked.accepted
    return kept


def exported(found: dict[str, Any]) -> bytes:
    pool = {**document()["assessment"], "draw": 1}
    pool["questions"] = [*pool["questions"], found]
    return moodle_export.write(Course.model_validate(document(assessment=pool)))


@pytest.mark.parametrize("kind", kinds.DOCUMENTS)
def test_what_is_written_can_be_read_again(kind: str) -> None:
    wanted = {
        **kinds.DOCUMENTS[kind],
        "kind": kind,
        "id": f"q-{kind}",
        "module": "one",
        "explanation": "Because <so> & so.\n\nAnd more.",
        "hint": "Think.",
    }
    done = assembled(moodle_xml.read(exported(wanted)))
    assert done.refused == []
    again = next(one for one in done.documents if one["id"] == f"q-{kind}")
    assert without_ids(again) == without_ids(wanted)


LINES = st.text(alphabet="abcé<>&\"'{}[]~=#%\\ ", min_size=1, max_size=20).filter(lambda text: bool(text.strip()))


@settings(max_examples=40)
@given(st.lists(LINES, min_size=2, max_size=6, unique_by=lambda text: " ".join(text.split())), st.data())
def test_any_words_come_back(texts: list[str], data: st.DataObject) -> None:
    right = data.draw(st.integers(0, len(texts) - 1))
    wanted = {
        "id": "q-any",
        "kind": "single",
        "prompt": texts[0],
        "module": "one",
        "explanation": texts[1],
        "options": [
            {"id": f"o{place}", "text": " ".join(text.split()), "correct": place == right}
            for place, text in enumerate(texts)
        ],
    }
    again = next(one for one in assembled(moodle_xml.read(exported(wanted))).documents if one["id"] == "q-any")
    assert [(one["text"], one.get("correct", False)) for one in again["options"]] == [
        (" ".join(text.split()), place == right) for place, text in enumerate(texts)
    ]


@pytest.mark.parametrize("text", ["What &#" + "9" * 6000 + "; helps?", "What <![<![ helps?"])
def test_a_question_with_broken_html_is_refused_and_the_others_are_taken(text: str) -> None:
    answers = answer("Yes", 100) + answer("No")
    reading = moodle_xml.read(quiz(question("multichoice", answers, text=text), question("multichoice", answers)))
    assert [one.reason for one in reading.refused] == ["its HTML cannot be read"]
    assert len(reading.found) == 1
