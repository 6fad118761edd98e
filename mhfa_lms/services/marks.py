"""The rubric's rules, pure: what a judgement of a scenario answer adds up to.

Level 1 is the harm flag. Harm, or a required action that is missing, fails whatever the total; else the points decide.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mhfa_lms.content.scenarios import LEVELS, RequiredAction, Scenario

HARM = LEVELS[0]


class Reason(StrEnum):
    """Why an answer passed or did not; the first that holds, in this order."""

    HARM = "harm"
    ACTION_MISSING = "action-missing"
    TOO_FEW_POINTS = "too-few-points"
    PASSED = "passed"


class IncompleteError(ValueError):
    """A judgement leaves out, or has no usable value for, some of the rubric's lines."""

    def __init__(self, missing: tuple[str, ...]) -> None:
        super().__init__(f"no usable value for {', '.join(missing)}")
        self.missing = missing


@dataclass(frozen=True, slots=True)
class Judgement:
    """A level from 1 to 4 for each competency, yes or no for each required action, by the author's ids."""

    levels: Mapping[str, int]
    required: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a judgement adds up to. Points are the sum of the levels."""

    points: int
    harm: bool
    required_missing: bool
    reason: Reason

    @property
    def passed(self) -> bool:
        """Whether the answer passes."""
        return self.reason is Reason.PASSED


def shown(action: RequiredAction, levels: Mapping[str, int]) -> bool | None:
    """Return whether the levels already say that an action was done; None when the marker has to say it."""
    if not action.shown_by or not all(competency in levels for competency in action.shown_by):
        return None
    return all(levels[competency] >= least for competency, least in action.shown_by.items())


def judge(scenario: Scenario, levels: Mapping[str, int], required: Mapping[str, bool]) -> Judgement:
    """Return a whole judgement; a required action left open follows from the levels where the rubric says how.

    Raises `IncompleteError` with the ids of the lines that have no usable value. What the rubric does not name is
    dropped.
    """
    given = {one.id: levels[one.id] for one in scenario.competencies if levels.get(one.id) in LEVELS}
    said = {one.id: required.get(one.id, shown(one, given)) for one in scenario.required_actions}
    missing = [one.id for one in scenario.competencies if one.id not in given]
    # One that follows from an open level needs no answer of its own: the level does.
    missing += [one.id for one in scenario.required_actions if said[one.id] is None and not one.shown_by]
    if missing:
        raise IncompleteError(tuple(missing))
    return Judgement(given, {action_id: bool(done) for action_id, done in said.items()})


def outcome(scenario: Scenario, judgement: Judgement) -> Outcome:
    """Return what a judgement adds up to by the scenario's rubric."""
    points = sum(judgement.levels.values())
    harm = HARM in judgement.levels.values()
    required_missing = not all(judgement.required.values())
    if harm:
        reason = Reason.HARM
    elif required_missing:
        reason = Reason.ACTION_MISSING
    else:
        reason = Reason.PASSED if points >= scenario.pass_points else Reason.TOO_FEW_POINTS
    return Outcome(points, harm, required_missing, reason)
