"""What counts as saying, of oneself and of now, that one is in danger; and all that does not."""

from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhfa_lms.content import loader
from mhfa_lms.paths import courses_dir
from mhfa_lms.services import first_person, scenarios
from mhfa_lms.services.first_person import knows, statements

SAID = [
    "I want to die.",
    "I want to end my life",
    "Honestly, I am thinking of killing myself. Sorry.",
    "I’ve been thinking about ending my life lately",
    "I feel suicidal.",
    "i don't want to live any more",
    "I wish I was dead",
    "I have suicidal thoughts",
    "Sam is fine. I really want to kill myself, to be honest.",
    "I told my sister that I want to die.",
    "I keep cutting myself",
    "When I am alone I want to die",
    "I no longer want to live",
    "It says he should call, but I want to hurt myself.",
    "I have a plan to end my life",
    "I am going to kill myself tonight",
    "He asked me, and yes, I want to die",
    "I did not sleep, I want to die",
]
NOT_SAID = [
    'I would ask: "Are you thinking of killing yourself?"',
    "Sam says: I want to die.",
    "Sam: It is too much. I want to die.\nYou: I am glad you told me.",
    "Sam - I want to die",
    "I want to die, says Sam",
    "If Sam says I want to die, I stay.",
    'Sam might answer "I want to die".',
    "‘I don’t want to live’ is what Sam could say. I would stay.",
    "'I don't want to live' is what Sam could say.",
    "I am not suicidal",
    "I do not feel suicidal, but Sam does",
    "I would ask him whether he is thinking about suicide",
    "I am thinking about suicide as a topic here",
    "I used to feel suicidal",
    "Years ago I wanted to die",
    "I tried to kill myself ten years ago",
    "He told me I want to end my life and I listened",
    "I want to die?",
    "I'd never say I want to die",
    "If I want to die, nobody should leave me alone",
    "People who say I want to die need help",
    "I want to end my answer here",
    "I want to help him not to kill himself",
    "I'd ask: do you feel like I want to die",
    "I want to understand. I ask about suicide directly, and I am not afraid of the word.",
]


@pytest.mark.parametrize("text", SAID)
def test_a_plain_statement_of_now_is_found(text: str) -> None:
    assert len(statements(text, "en")) == 1
    assert statements(text, "en-GB")


@pytest.mark.parametrize("text", NOT_SAID)
def test_talking_about_it_is_not(text: str) -> None:
    assert not statements(text, "en")


def test_a_language_without_patterns_promises_nothing() -> None:
    assert knows("en_XA")
    assert not knows("de")
    assert not statements("I want to die", "de")


@given(st.sampled_from(SAID), st.sampled_from(['"{}"', "“{}”", "«{}»", "„{}“"]))
def test_no_quotation_counts(said: str, marks: str) -> None:
    assert not statements("Sam then whispers " + marks.format(said) + " and I listen.", "en")


@given(st.lists(st.sampled_from([one for one in NOT_SAID if "\n" not in one and "If" not in one]), max_size=4))
def test_what_counts_is_found_among_what_does_not(around: list[str]) -> None:
    text = "\n".join([*around, "I want to end my life.", *around])
    assert statements(text, "en") == {"i want to end my life."}


@given(st.text(max_size=300))
def test_any_text_can_be_looked_at(text: str) -> None:
    assert isinstance(statements(text, "en"), frozenset)


def test_the_exemplars_that_come_with_the_courses_open_nothing() -> None:
    for folder in loader.find(courses_dir()):
        course = loader.load(folder)
        for scenario in course.scenarios:
            for exemplar in scenario.exemplars:
                assert not statements(exemplar.text, course.language), exemplar.text
            assert not statements(scenario.situation + scenario.summary + scenario.prompt, course.language)


def test_only_answers_that_are_handed_in_are_looked_at() -> None:
    """Drafts, reflections and practice answers are their writer's: no other service knows of this."""
    folder = Path(first_person.__file__).parent
    knowing = {path.name for path in folder.glob("*.py") if "first_person" in path.read_text(encoding="utf-8")}
    assert knowing == {"scenarios.py"}


@pytest.mark.parametrize(
    "piece",
    ["\n", ": \n", "“", "„", "«", "‘", "' ", "i also ", "would ", "i want to die, would ", "not i am suicidal, not "],
)
def test_no_text_of_the_longest_kind_keeps_a_worker_busy(piece: str) -> None:
    text = (piece * scenarios.LONGEST)[: scenarios.LONGEST - 20] + ", I feel suicidal, ago"
    began = process_time()
    statements(text, "en")
    assert process_time() - began < 1.5
