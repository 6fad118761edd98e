"""Scenarios: a situation, what an answer to it is marked on, and answers with agreed marks."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from mhfa_lms.content.parts import ContentNote, Line, Part, Slug, Text

LEVELS = (1, 2, 3, 4)


class Competency(Part):
    """What a scenario answer is marked on, with a description of each level from 1 to 4."""

    id: Slug
    title: Line
    description: Text
    levels: dict[int, Text]

    @model_validator(mode="after")
    def _has_four_levels(self) -> Self:
        if tuple(sorted(self.levels)) != LEVELS:
            raise ValueError("levels must be 1, 2, 3 and 4")
        return self


class RequiredAction(Part):
    """Something a good answer must contain; without it the answer does not pass, whatever its points."""

    id: Slug
    title: Line
    description: Text
    # {competency id: the lowest level that shows it}: where the levels already say it, a marker need not say it again.
    shown_by: dict[Slug, Annotated[int, Field(ge=2, le=4)]] = {}


class Exemplar(Part):
    """An answer with agreed marks, shown to markers first."""

    id: Slug
    text: Text
    levels: dict[str, Annotated[int, Field(ge=1, le=4)]]
    required: dict[str, bool]
    comment: Text


class Words(Part):
    """How long an answer should be."""

    min: Annotated[int, Field(ge=0)] = 50
    max: Annotated[int, Field(ge=1, le=5000)] = 800


class Scenario(Part):
    """A situation in which the learner writes what they would say and do."""

    id: Slug
    title: Line
    content_note: ContentNote
    summary: Text
    quick_exit: bool = True
    situation: Text
    prompt: Text
    words: Words = Words()
    pass_points: Annotated[int, Field(ge=1)]
    competencies: Annotated[tuple[Competency, ...], Field(min_length=1, max_length=8)]
    required_actions: tuple[RequiredAction, ...] = ()
    exemplars: Annotated[tuple[Exemplar, ...], Field(min_length=3)]

    @property
    def max_points(self) -> int:
        """The most points an answer can get."""
        return 4 * len(self.competencies)

    @model_validator(mode="after")
    def _exemplars_fit(self) -> Self:
        wanted = {competency.id for competency in self.competencies}
        required = {action.id for action in self.required_actions}
        for exemplar in self.exemplars:
            if set(exemplar.levels) != wanted:
                raise ValueError(f"exemplar {exemplar.id} must have a level for each competency")
            if set(exemplar.required) != required:
                raise ValueError(f"exemplar {exemplar.id} must say true or false for each required action")
        if self.pass_points > self.max_points:
            raise ValueError("pass_points is more than an answer can get")
        return self

    @model_validator(mode="after")
    def _exemplars_agree_with_shown_by(self) -> Self:
        wanted = {competency.id for competency in self.competencies}
        for action in self.required_actions:
            if unknown := set(action.shown_by) - wanted:
                raise ValueError(f"shown_by of {action.id} names the unknown competency {min(unknown)}")
            for exemplar in self.exemplars if action.shown_by else ():
                shown = all(exemplar.levels[one] >= least for one, least in action.shown_by.items())
                if shown != exemplar.required[action.id]:
                    raise ValueError(f"exemplar {exemplar.id} and shown_by of {action.id} contradict each other")
        return self
