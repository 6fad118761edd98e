"""What differs between two revisions, in the words of authors."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhfa_lms.content.differences import Kind, between
from tests.small_course import document


def steps(words: dict[str, Any], module: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = words["modules"][module]["steps"]
    return found


def reword_option(words: dict[str, Any]) -> None:
    steps(words, 0)[0]["question"]["options"][0]["text"] = "Hearing"


def turn_option(words: dict[str, Any]) -> None:
    steps(words, 0)[0]["question"]["options"][1]["correct"] = True


def move_step(words: dict[str, Any]) -> None:
    moved = steps(words, 0).pop(1)
    moved["title"] = "New title"
    steps(words, 1).append(moved)


def reorder(words: dict[str, Any]) -> None:
    steps(words, 0).reverse()


def drop_question(words: dict[str, Any]) -> None:
    words["assessment"]["questions"].pop()


def add_step(words: dict[str, Any]) -> None:
    steps(words, 0).append({"id": "one-c", "title": "Third", "minutes": 3, "body": "B."})


def change_hours(words: dict[str, Any]) -> None:
    words["hours"] = 2


def translate(words: dict[str, Any]) -> None:
    words["translations"] = {"de": {"one-a.title": {"of": "0", "text": "Schritt"}}}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (reword_option, ["Step “Step one-a” (one-a), question, option a, text: reworded"]),
        (turn_option, ["Step “Step one-a” (one-a), question, option b: the right answer changed, this is one now"]),
        (
            move_step,
            [
                "Step “Step one-b” (one-b): moved to module “Module two” (two)",
                "Step “New title” (one-b), title: reworded",
            ],
        ),
        (reorder, ["Step “Step one-b” (one-b): moved among its neighbours"]),
        (drop_question, ["Assessment, question q-6: removed"]),
        (add_step, ["Step “Third” (one-c): added"]),
        (change_hours, ["Hours: changed from 1 to 2"]),
        (translate, ["Translation into de of one-a.title: added"]),
    ],
)
def test_a_change_is_told_in_words(change: Callable[[dict[str, Any]], None], words: list[str]) -> None:
    before, after = document(translations={"de": {}}), document(translations={"de": {}})
    change(after)
    assert [one.words for one in between(before, after)] == words


def test_reworded_text_is_shown_line_by_line() -> None:
    told = str(between(document(), document(summary="Another one."))[0])
    assert told.splitlines() == ["Summary: reworded", "  @@ -1 +1 @@", "  -A small course.", "  +Another one."]


def test_another_right_answer_is_not_called_reworded() -> None:
    def asked(**settings: object) -> dict[str, object]:
        return {"assessment": {"questions": [{"id": "q-n", "prompt": "How many?", **settings}]}}

    number = between(asked(answer="2"), asked(answer="3"))
    assert [str(one) for one in number] == ["Assessment, question q-n, answer: the right answer changed from 2 to 3"]
    assert number[0].kind is Kind.CHANGED
    text = between(asked(accepted=["listen"]), asked(accepted=["listen", "hear"]))
    assert [one.words for one in text] == ["Assessment, question q-n, accepted: the right answer changed"]


@given(st.permutations(range(4)), st.sets(st.integers(0, 3), max_size=3))
def test_every_change_of_a_list_is_told_once(order: list[int], gone: set[int]) -> None:
    before = [{"id": str(number), "title": "t"} for number in range(4)]
    after = [copy.deepcopy(before[number]) for number in order if number not in gone]
    found = between({"steps": before}, {"steps": after})
    assert {one.where for one in found if one.kind is Kind.REMOVED} == {f"steps/{number}" for number in gone}
    moved = {int(one.where[6:]) for one in found if one.kind is Kind.MOVED}
    stays = [number for number in order if number not in gone and number not in moved]
    assert stays == sorted(stays)
    assert len(found) == len(gone) + len(moved)
