"""Reading GIFT: every construct of the format is taken or refused with its line and reason, and nothing crashes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhfa_lms.content.exchange import assembling, gift
from mhfa_lms.content.exchange.found import Found, Refused

SIGNS = "~=#{}:%\\->.\n /$[]01aT\ufeff\x0b\u2028é"


def taken(text: str) -> Found:
    """Return the one question of a text."""
    reading = gift.read(text)
    assert reading.refused == []
    (found,) = reading.found
    return found


def refused(text: str) -> Refused:
    """Return the one refusal of a text."""
    reading = gift.read(text)
    assert reading.found == []
    (found,) = reading.refused
    return found


def options(found: Found) -> list[tuple[str, bool, str]]:
    return [(one["text"], one.get("correct", False), one.get("feedback", "")) for one in found.document["options"]]


def test_one_choice_with_name_feedback_and_explanation() -> None:
    found = taken("::First:: What helps?{\n~Advice#Not first.\n=Listening#Yes.\n####Being heard helps.}")
    assert (found.name, found.line, found.explanation) == ("First", 1, "Being heard helps.")
    assert found.document["kind"] == "single"
    assert options(found) == [("Advice", False, "Not first."), ("Listening", True, "Yes.")]
    assert found.changes == []


def test_several_choices_by_weight() -> None:
    found = taken("Which two?{~%50%one ~%50%two ~%-100%three}")
    assert found.document["kind"] == "multiple"
    assert [right for _text, right, _feedback in options(found)] == [True, True, False]
    assert taken("Which?{~%75%one ~%25%two ~%-50%three}").changes == [
        "the right answers had different weights; here all count the same"
    ]


def test_part_of_the_points_counts_as_wrong_where_one_fits() -> None:
    found = taken("Which?{=best ~%50%second ~worst}")
    assert [right for _text, right, _feedback in options(found)] == [True, False, False]
    assert found.changes == ["an answer was worth part of the points; here it counts as wrong"]


@pytest.mark.parametrize(("said", "right"), [("T", True), ("TRUE", True), ("false", False), ("F", False)])
def test_true_or_false(said: str, right: bool) -> None:
    found = taken(f"It is so.{{{said}#on wrong#on right}}")
    yes, no = options(found)
    assert (yes[1], no[1]) == (right, not right)
    assert (yes[2], no[2]) == (("on right", "on wrong") if right else ("on wrong", "on right"))


@pytest.mark.parametrize(
    ("inside", "answer", "tolerance"),
    [("#3", 3, None), ("#3.5:0.25", "3.5", "0.25"), ("#1..5", 3, 2), ("#=7:1 =%50%8:2", 7, 1), ("#-2", -2, None)],
)
def test_numbers(inside: str, answer: object, tolerance: object) -> None:
    document = taken(f"How many?{{{inside}}}").document
    assert (document["kind"], document["answer"], document.get("tolerance")) == ("number", answer, tolerance)


def test_a_few_words() -> None:
    found = taken("Who?{=Sam#ok =Sam Lee =%50%someone =S*}")
    assert found.document["accepted"] == ["Sam", "Sam Lee"]
    assert len(found.changes) == 3
    assert "stand for any words" in refused("Who?{=*}").reason


def test_pairs_and_targets_that_fit_nothing() -> None:
    document = taken("Match.{=cat -> sound one =dog -> sound two = -> sound three =fox->sound one}").document
    assert [(one["text"], one["target"]) for one in document["items"]] == [("cat", "t1"), ("dog", "t2"), ("fox", "t1")]
    assert [one["text"] for one in document["targets"]] == ["sound one", "sound two", "sound three"]


def test_a_missing_word() -> None:
    assert taken("You {~tell =ask} plainly.").document["prompt"] == "You _____ plainly."


def test_signs_that_stand_for_themselves() -> None:
    found = taken(r"Is 1 \= 1\: \{so\}?{=yes \~ \#1 ~a\\b}")
    assert found.document["prompt"] == "Is 1 = 1: {so}?"
    assert [text for text, _right, _feedback in options(found)] == ["yes ~ #1", "a\\b"]


def test_comments_ids_and_categories() -> None:
    reading = gift.read(
        "// a file [tag:x]\n$CATEGORY: $course$/top/Listening\n\n// more [id:q-seven]\n::N::A?{T}\n\n\nB?{F}"
    )
    assert [(one.line, one.wanted_id, one.category[-1]) for one in reading.found] == [
        (5, "q-seven", "Listening"),
        (8, "", "Listening"),
    ]


def test_formats_of_text() -> None:
    found = taken("[html]<p>What <b>helps</b> &amp; how?</p>{=<i>Listening</i> ~Advice}")
    assert found.document["prompt"] == "What helps & how?"
    assert options(found)[0][0] == "Listening"
    assert found.changes == ["formatting was left out"]
    assert taken("[markdown]**What**?{T}").document["prompt"] == "**What**?"
    assert "picture" in refused('[html]<img src="x">Who?{T}').reason


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("Tell us.{}", 1, "scenario"),
        ("\n\nJust a text.", 3, "put it into a step"),
        ("One?{T}{F}", 1, "more than one pair"),
        ("One?{=a ~b", 1, "not closed"),
        ("One?}", 1, "closes nothing"),
        ("{=a ~b}", 1, "no text"),
        ("One?{a b}", 1, "begin neither"),
        ("One?{~a ~b}", 1, "no answer is worth points"),
        ("One?{=a ~b =c}", 1, "exactly one answer"),
        ("One?{#many}", 1, "is no number"),
        ("One?{#1e999}", 1, "is no number"),
        ("One?{#NaN}", 1, "is no number"),
    ],
)
def test_what_cannot_be_taken_says_where_and_why(text: str, line: int, reason: str) -> None:
    found = refused(text)
    assert found.line == line
    assert reason in found.reason


def everything(text: str) -> Any:
    reading = gift.read(text)
    return assembling.assemble(reading, used=(), modules={}, default="first")


@given(st.text(alphabet=SIGNS, max_size=200) | st.text(max_size=200))
def test_garbage_is_refused_and_crashes_nothing(text: str) -> None:
    done = everything(text)
    lines = text.count("\n") + text.count("\r") + 1
    assert all(1 <= one.line <= lines for one in [*done.taken, *done.refused])


@given(st.lists(st.sampled_from(["A?{T}", "B?{=x ~y}", "C?{#3:1}", "text", "D?{=a->b =c->d}", "E?{"]), max_size=8))
def test_every_block_is_accounted_for(blocks: list[str]) -> None:
    done = everything("\n\n".join(blocks))
    assert len(done.taken) + len(done.refused) == len(blocks)
    assert len({one.id for one in done.taken}) == len(done.taken)
