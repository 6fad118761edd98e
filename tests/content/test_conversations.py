"""Conversations: what the check of one finds, how one is gone through, and how it is drawn."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mhfa_lms.content import conversation_drawing, conversation_faults, corrections, graphs, loader, playing
from mhfa_lms.content.conversations import Conversation, Effect
from mhfa_lms.content.problems import CourseProblemsError
from mhfa_lms.paths import courses_dir
from tests import talk
from tests.talk import choice, ending, scene

NAMES = [f"s{number}" for number in range(5)]
TALK = talk.conversation()
ROUND = choice("c", "mixed", "round")


def codes(**changes: Any) -> list[str]:
    return [fault.code for fault in conversation_faults.find(talk.conversation(**changes))]


def test_a_good_one_has_no_faults() -> None:
    assert codes() == []


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"start": "nowhere"}, ["lost-reference"]),
        ({"competencies": [{"id": "asks", "title": "Asks"}]}, ["lost-reference"] * 6),
        ({"scenes": [scene("door", choice("a", "helpful", "well"), choice("b", "mixed", "lost"))]}, ["lost-reference"]),
        (
            {"scenes": [scene("door", choice("a", "helpful", "well"), choice("a", "mixed", "alone"))]},
            ["duplicate-id"],
        ),
        ({"endings": [*talk.document()["endings"], ending("well", "open")]}, ["duplicate-id"] * 2),
        ({"endings": [*talk.document()["endings"], ending("never", "open")]}, ["unreachable-scene"]),
        (
            {"scenes": [scene("door", choice("a", "mixed", "well"), choice("b", "mixed", "alone"))]},
            ["no-helpful-way"],
        ),
        (
            {
                "scenes": [
                    scene("door", choice("a", "helpful", "well"), choice("b", "mixed", "alone"), ROUND),
                    scene("round", choice("a", "mixed", "round"), choice("b", "mixed", "round")),
                ]
            },
            ["endless-conversation"],
        ),
    ],
)  # fmt: skip
def test_faults_are_found(changes: dict[str, Any], found: list[str]) -> None:
    assert codes(**changes) == found


@pytest.mark.parametrize(
    "changes",
    [
        {"scenario": "sam"},  # and competencies of its own
        {"competencies": []},
        {
            "scenes": [
                scene("door", {**choice("a", "harmful", "well"), "feedback": None}, choice("b", "helpful", "well"))
            ]
        },
        {"scenes": [scene("door", choice("a", "helpful", "well"))]},
        {"content_note": {"topic": "t", "text": "t"}},
    ],
)
def test_what_the_types_refuse(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        talk.conversation(**changes)


@st.composite
def conversations(draw: st.DrawFn) -> Conversation:
    """Any conversation whose ids are right, good or not."""
    names = NAMES[: draw(st.integers(1, 5))]
    targets = st.sampled_from([*names, "well", "alone"])
    effects = st.sampled_from(["helpful", "mixed", "harmful"])
    scenes = [
        scene(name, *(choice(f"c{number}", draw(effects), draw(targets)) for number in range(draw(st.integers(2, 3)))))
        for name in names
    ]
    return talk.conversation(start=names[0], scenes=scenes)


@given(conversations(), st.data())
def test_in_a_conversation_without_faults_every_way_can_be_brought_to_an_end(
    made: Conversation, data: st.DataObject
) -> None:
    if conversation_faults.find(made):
        return
    way = playing.follow(made, ())
    for _turn in range(8):
        if way.scene is None:
            break
        way = way.on(data.draw(st.sampled_from(way.scene.choices)))
    assert playing.follow(made, way.keys) == way
    assert graphs.shortest(made.edges, way.here_id, [one.id for one in made.endings]) is not None
    best = playing.helpful_way(made)
    assert best.ending is not None
    assert {turn.choice.effect for turn in best.turns} == {Effect.HELPFUL}


@given(conversations(), st.data())
def test_every_drawing_has_every_place_and_no_two_on_one_spot(made: Conversation, data: st.DataObject) -> None:
    way = playing.follow(made, ())
    for _turn in range(4):
        if way.scene is not None:
            way = way.on(data.draw(st.sampled_from(way.scene.choices)))
    whole = conversation_drawing.author_map(made)
    assert [box.place.id for box in sorted(whole.boxes, key=lambda box: box.place.id)] == sorted(made.edges)
    assert len(whole.edges) == sum(len(one.choices) for one in made.scenes)
    for one in whole.boxes:
        assert 0 <= one.x <= whole.width - conversation_drawing.BOX
        assert 0 <= one.y <= whole.height - one.height
        beside = [box for box in whole.boxes if box.x == one.x and box is not one]
        assert all(box.y >= one.y + one.height or box.y + box.height <= one.y for box in beside)
    stones = conversation_drawing.stones(way, frozenset(way.keys))
    assert len({(one.x, one.y) for one in stones.stones}) == len(made.edges)
    numbered = {one.number for one in stones.stones} - {0}
    assert {1} <= numbered
    assert len(numbered) == len({*(turn.scene.id for turn in way.turns), way.here_id})


@given(st.lists(st.one_of(st.text(max_size=9), st.sampled_from(["door/sit", "table/hear", "hurt/sorry"])), max_size=6))
def test_whatever_is_stored_what_comes_out_is_a_way(kept: list[str]) -> None:
    way = playing.follow(TALK, kept)
    assert way.keys == kept[: len(way.turns)]
    assert way.scene or way.ending


def test_a_way_shows_what_its_choices_show() -> None:
    way = playing.follow(TALK, ["door/push", "hurt/sorry", "table/hear"])
    assert way.ending is not None
    hears, asks = playing.shown(way)
    assert ([one.choice.id for one in hears.helpful], [one.choice.id for one in hears.harmful]) == (
        ["sorry", "hear"],
        ["push"],
    )
    assert (asks.helpful, asks.mixed, asks.harmful) == ((), (), ())
    untried = [turn.key for turn in playing.untried(TALK, frozenset(way.keys))]
    assert untried == ["door/sit", "table/advise", "hurt/leave"]
    assert way.back_to(1).keys == ["door/push"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(courses_dir() / "first-conversation", tmp_path / "first-conversation")
    return tmp_path / "first-conversation"


def test_the_shipped_conversation_can_be_mended_from_every_scene(folder: Path) -> None:
    course = loader.load(folder)
    step = next(step for _module, step in course.steps() if step.conversation)
    made = course.conversation(step.conversation or "")
    assert made is not None
    assert (step.content_note, step.summary) == (made.content_note, made.summary)
    supported = [one.id for one in made.endings if one.outcome == "supported"]
    helping = conversation_faults.helpful(made)
    assert all(graphs.shortest(helping, one.id, supported) for one in made.scenes)
    assert any("thinking of suicide?" in turn.choice.say for turn in playing.helpful_way(made).turns)


def test_faults_are_shown_at_their_line(folder: Path) -> None:
    path = folder / "conversations" / "leyla-after-closing.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("next: smile", "next: grin", 1), encoding="utf-8")
    line = next(number for number, one in enumerate(text.split("\n"), 1) if "next: smile" in one)
    with pytest.raises(CourseProblemsError) as caught:
        loader.load(folder)
    assert [(one.line, one.code) for one in caught.value.problems] == [(line, "lost-reference")]


def test_a_conversation_takes_the_competencies_of_a_scenario(folder: Path) -> None:
    path = folder / "conversations" / "leyla-after-closing.yaml"
    text = path.read_text(encoding="utf-8")
    start, end = text.index("competencies:"), text.index("start: closing")
    path.write_text(text[:start] + "scenario: sam-after-the-shift\n" + text[end:], encoding="utf-8")
    made = loader.load(folder).conversation("leyla-after-closing")
    assert made is not None
    assert [one.id for one in made.competencies] == ["asks", "hears", "safety", "bridges"]
    path.write_text(text[:start] + "scenario: another\n" + text[end:], encoding="utf-8")
    assert "lost-reference" in {one.code for one in loader.examine(folder)}


def test_how_easy_it_is_to_read_is_checked(folder: Path) -> None:
    path = folder / "conversations" / "leyla-after-closing.yaml"
    text = path.read_text(encoding="utf-8")
    long = "You " + "and you and I " * 10 + "cook."
    path.write_text(text.replace("The van drives off.", long), encoding="utf-8")
    found = [one for one in loader.examine(folder) if one.path.endswith(path.name)]
    assert [one.code for one in found] == ["long-sentence"]
    assert abs(found[0].line - text[: text.index("The van drives off.")].count("\n")) <= 2


def test_new_words_are_a_correction_and_another_effect_is_not() -> None:
    before, after = talk.course().model_dump(mode="json"), talk.course().model_dump(mode="json")
    first = after["conversations"][0]["scenes"][0]
    first["seems"], first["choices"][0]["say"], first["choices"][1]["feedback_now"] = "Tired.", "Sit down", False
    assert corrections.too_large(before, after) == []
    first["choices"][0]["shows"] = {"hears": "mixed"}
    assert [one.where for one in corrections.too_large(before, after)] == [
        "conversations/talk/scenes/door/choices/sit/shows/hears"
    ]


@pytest.mark.parametrize(("name", "code"), [("another-name", "unlisted-file"), ("leyla-after-closing", "missing-file")])
def test_files_that_are_missing_or_that_no_step_names(folder: Path, name: str, code: str) -> None:
    path = folder / "conversations" / "leyla-after-closing.yaml"
    text = path.read_text(encoding="utf-8")
    path.unlink()
    (folder / "conversations" / f"{name}.yaml").write_text(text, encoding="utf-8") if code == "unlisted-file" else None
    assert code in {one.code for one in loader.examine(folder)}
