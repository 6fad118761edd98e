"""What counts as a correction: words and estimates, and nothing that progress, answers or results hang on."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhfa_lms.content.corrections import Why, too_large
from mhfa_lms.content.marking import Kind, marked
from mhfa_lms.content.schema import Course
from tests.small_course import course

DOCUMENT = course().model_dump(mode="json")
# The parts of the small course that are words: by hand, and not by the rule's own list.
PROSE = {
    *(
        "title",
        "summary",
        "about",
        "body",
        "text",
        "feedback",
        "prompt",
        "explanation",
        "topic",
        "situation",
        "comment",
    ),
    *("1", "2", "3", "4"),
}


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the place of every value that holds no other."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if items is None:
        yield path
        return
    for name, inside in items:
        yield from leaves(inside, (*path, name))


def at(document: Any, path: tuple[Any, ...]) -> Any:
    for name in path:
        document = document[name]
    return document


def changed(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """Return the course with one value another."""
    document = copy.deepcopy(DOCUMENT)
    at(document, path[:-1])[path[-1]] = value
    return document


LEAVES = list(leaves(DOCUMENT))
IS_WORDS = [path for path in LEAVES if path[-1] in PROSE and isinstance(at(DOCUMENT, path), str)]
IS_RULE = [
    path
    for path in LEAVES
    if (isinstance(at(DOCUMENT, path), bool | int | float) and (path[-1] not in {"minutes", "hours", "quick_exit"}))
    or (path[-1] in {"id", "slug", "kind", "module", "language", "name"} and at(DOCUMENT, path))
]


@given(
    st.lists(
        st.tuples(st.sampled_from(IS_WORDS), st.text(st.characters(exclude_characters="{"), min_size=1)),
        min_size=1,
        max_size=8,
    )
)
def test_any_words_may_change_and_what_results_hang_on_stays(edits: list[tuple[tuple[Any, ...], str]]) -> None:
    document = copy.deepcopy(DOCUMENT)
    for path, text in edits:
        at(document, path[:-1])[path[-1]] = text
    assert too_large(DOCUMENT, document) == []
    before, after = (skeleton(one) for one in (DOCUMENT, document))
    assert before == after


def skeleton(document: dict[str, Any]) -> list[object]:
    """Return what progress, answers and marks refer to, and what decides results."""
    questions = [one["question"] for module in document["modules"] for one in module["steps"] if one["question"]]
    return [
        [(module["id"], [step["id"] for step in module["steps"]]) for module in document["modules"]],
        document["assessment"]["id"],
        document["assessment"]["draw"],
        [
            (one["id"], one["kind"], [(option["id"], option["correct"]) for option in one["options"]])
            for one in [*questions, *document["assessment"]["questions"]]
        ],
        [
            (one["id"], one["pass_points"], [(line["id"], sorted(line["levels"])) for line in one["competencies"]])
            for one in document["scenarios"]
        ],
        document["defaults"],
    ]


@given(st.sampled_from(IS_RULE))
def test_no_id_key_point_or_rule_may_change(path: tuple[Any, ...]) -> None:
    old = at(DOCUMENT, path)
    new = not old if isinstance(old, bool) else f"{old}-2" if isinstance(old, str) else old + 1
    assert too_large(DOCUMENT, changed(path, new))


@given(st.data())
def test_nothing_may_be_added_taken_out_or_moved(data: st.DataObject) -> None:
    lists = [("modules",), ("modules", 0, "steps"), ("assessment", "questions"), ("scenarios", 0, "competencies")]
    path = data.draw(st.sampled_from([*lists, ("assessment", "questions", 0, "options")]))
    old = at(DOCUMENT, path)
    fresh = {**old[0], "id": "quite-new"}
    new = data.draw(st.sampled_from([old[1:], [*old, fresh], [fresh, *old[1:]], list(reversed(old))]))
    assert too_large(DOCUMENT, changed(path, new))
    assert too_large(changed(path, new), DOCUMENT)


def test_each_change_says_where_and_why() -> None:
    swapped = copy.deepcopy(DOCUMENT)
    options = swapped["assessment"]["questions"][0]["options"]
    options[0]["text"], options[1]["text"] = options[1]["text"], options[0]["text"]
    found = too_large(DOCUMENT, swapped)
    assert [(one.where, one.why) for one in found] == [
        ("assessment/questions/q-1/options/a", Why.SWAPPED),
        ("assessment/questions/q-1/options/b", Why.SWAPPED),
    ]
    passed = too_large(DOCUMENT, changed(("defaults", "pass_percent"), 60))
    assert [(one.where, one.why) for one in passed] == [("defaults/pass_percent", Why.ADDED)]
    assert [one.why for one in too_large(DOCUMENT, changed(("modules", 0, "steps", 0, "question"), None))] == [
        Why.REMOVED
    ]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("hours",), 2.5),
        (("modules", 0, "steps", 0, "minutes"), 9),
        (("review",), {"status": "reviewed", "by": "Dr A. Example", "date": "2026-11-01"}),
        (("sources",), [{"title": "A book", "publisher": "A house", "year": 2020, "url": None}]),
        (("content_note",), "It speaks about loss."),
        (("translations",), {"de": {"one-a.title": {"of": "0", "text": "Schritt"}}}),
        (("glossary", 0, "definition"), "A burden that others put on a person."),
        (("modules", 0, "steps", 1, "content_note"), {"topic": "loss", "text": "It speaks about loss."}),
    ],
)
def test_estimates_the_review_sources_and_warnings_may_change(path: tuple[Any, ...], value: object) -> None:
    assert too_large(DOCUMENT, changed(path, value)) == []


def test_a_time_limit_and_the_order_of_gaps_are_no_words() -> None:
    limits = [changed(("assessment", "minutes"), minutes) for minutes in (30, 20)]
    assert [one.where for one in too_large(*limits)] == ["assessment/minutes"]
    gaps = [{"questions": [{"id": "q", "kind": "gap", "text": text}]} for text in ("{one} or {two}", "{two} or {one}")]
    assert [one.where for one in too_large(*gaps)] == ["questions/q/text"]
    pictures = [
        {"media": [{"kind": "picture", "alt": alt, "file": {"sha256": key}}]} for alt, key in ("ab", "cb", "cd")
    ]
    assert too_large(pictures[0], pictures[1]) == []
    assert [one.where for one in too_large(pictures[1], pictures[2])] == ["media/1/file/sha256"]


def test_what_the_rule_does_not_know_is_too_large() -> None:
    assert too_large(DOCUMENT, {**DOCUMENT, "a-part-of-tomorrow": "words"})
    assert Course.model_validate(DOCUMENT) == course()


@given(st.text(alphabet="ab \n", max_size=40), st.text(alphabet="ab \n", max_size=40))
def test_marked_words_hold_both_texts_whole(before: str, after: str) -> None:
    pieces = marked(before, after)
    assert "".join(one.text for one in pieces if one.kind is not Kind.NEW) == before
    assert "".join(one.text for one in pieces if one.kind is not Kind.GONE) == after
