"""Branching conversations: scenes with a person in distress, what the learner may say in them, and where that leads.

A conversation is practice. What a choice shows is said calmly afterwards, and counts for nothing.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from mhfa_lms.content.parts import ContentNote, Line, Part, Slug, Text


class Effect(StrEnum):
    """What saying something may do to the person."""

    HELPFUL = "helpful"
    MIXED = "mixed"  # meant well, and something is missing
    HARMFUL = "harmful"


# From what helps to what hurts: a choice counts as the worst of what it shows.
WORST_LAST = (Effect.HELPFUL, Effect.MIXED, Effect.HARMFUL)


class Outcome(StrEnum):
    """How things stand at an ending."""

    SUPPORTED = "supported"  # help is on its way, and the person knows it
    OPEN = "open"  # something is left undone that can still be done
    ALONE = "alone"  # the person is left with it


class Person(Part):
    """Whom the learner talks with: the name, and a word about them."""

    name: Line
    about: Line


class Skill(Part):
    """Something the conversation lets one practise."""

    id: Slug
    title: Line


class Choice(Part):
    """One thing the learner can say or do, what it shows by competency, and the scene or ending it leads to.

    `feedback` stands in the map at the end; `feedback_now` shows it at once as well.
    """

    id: Slug
    say: Line
    shows: Annotated[dict[Slug, Effect], Field(min_length=1)]
    next: Slug
    feedback: Text | None = None
    feedback_now: bool = False

    @property
    def effect(self) -> Effect:
        """The worst of what it shows."""
        return max(self.shows.values(), key=WORST_LAST.index)

    @model_validator(mode="after")
    def _teaches(self) -> Self:
        if self.feedback is None and (self.effect is not Effect.HELPFUL or self.feedback_now):
            raise ValueError(f"the choice {self.id} needs feedback: what it may do to the person, and what would help")
        return self


class Scene(Part):
    """A moment of the conversation: how the person seems, what they say and do, and what the learner may answer."""

    id: Slug
    title: Line
    seems: Line
    text: Text
    choices: Annotated[tuple[Choice, ...], Field(min_length=2, max_length=5)]

    def choice(self, choice_id: str) -> Choice | None:
        """Return a choice by its id."""
        return next((one for one in self.choices if one.id == choice_id), None)


class Ending(Part):
    """Where the conversation comes to, and something to think about."""

    id: Slug
    title: Line
    outcome: Outcome
    seems: Line
    text: Text
    reflection: Text


class Conversation(Part):
    """A whole conversation. Its competencies are its own, or those of the scenario it prepares for."""

    id: Slug
    title: Line
    content_note: ContentNote | None = None
    summary: Text | None = None
    person: Person
    situation: Text
    scenario: Slug | None = None
    competencies: tuple[Skill, ...] = ()
    start: Slug
    scenes: Annotated[tuple[Scene, ...], Field(min_length=1, max_length=60)]
    endings: Annotated[tuple[Ending, ...], Field(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def _note_has_a_choice(self) -> Self:
        if self.content_note and not self.summary:
            raise ValueError("a conversation with a content_note needs a summary")
        if bool(self.competencies) == bool(self.scenario):
            raise ValueError("a conversation has competencies of its own, or names the scenario whose it takes")
        return self

    @property
    def places(self) -> tuple[Scene | Ending, ...]:
        """Every scene, then every ending."""
        return (*self.scenes, *self.endings)

    @property
    def edges(self) -> dict[str, tuple[str, ...]]:
        """Where each scene leads; endings lead nowhere."""
        nowhere: Mapping[str, tuple[str, ...]] = {one.id: () for one in self.endings}
        return {**nowhere, **{one.id: tuple(choice.next for choice in one.choices) for one in self.scenes}}

    def scene(self, scene_id: str) -> Scene | None:
        """Return a scene by its id."""
        return next((one for one in self.scenes if one.id == scene_id), None)

    def ending(self, ending_id: str) -> Ending | None:
        """Return an ending by its id."""
        return next((one for one in self.endings if one.id == ending_id), None)

    def title_of(self, place_id: str) -> str:
        """Return the title of a scene or an ending. Raises KeyError."""
        found = self.scene(place_id) or self.ending(place_id)
        if found is None:
            raise KeyError(place_id)
        return found.title

    def choices(self) -> Iterator[tuple[Scene, Choice]]:
        """Yield every choice with its scene, in the author's order."""
        for scene in self.scenes:
            for choice in scene.choices:
                yield scene, choice
