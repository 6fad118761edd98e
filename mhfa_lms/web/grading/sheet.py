"""The marking form: a line for each competency and required action of a scenario, and feedback.

Its lines come from the course, so it is read by hand. The draft and the sent form have the same names and values.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from mhfa_lms.content.scenarios import Scenario
from mhfa_lms.i18n import gettext as _
from mhfa_lms.services.marks import IncompleteError, Judgement, judge

FEEDBACK: Final = "feedback"
LONGEST: Final = 4_000
# More is typed text that is kept so that it can be shortened; beyond it nobody has typed it.
KEPT: Final = 20_000
YES_NO: Final = {"yes": True, "no": False}


def level_name(competency_id: str) -> str:
    """Return the name of a competency's field."""
    return f"level-{competency_id}"


def action_name(action_id: str) -> str:
    """Return the name of a required action's field."""
    return f"action-{action_id}"


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a marker has filled in so far, by field name; only what the scenario asks for and a form can hold."""

    scenario: Scenario
    values: Mapping[str, str]

    @classmethod
    def read(cls, scenario: Scenario, fields: Mapping[str, Any]) -> "Sheet":
        """Return what usable values a sent form or a kept draft holds; anything else is left out."""
        choices = {level_name(one.id): {"1", "2", "3", "4"} for one in scenario.competencies}
        choices |= {action_name(one.id): set(YES_NO) for one in scenario.required_actions}
        values = {name: str(fields[name]) for name, usable in choices.items() if str(fields.get(name)) in usable}
        feedback = fields.get(FEEDBACK)
        if isinstance(feedback, str) and feedback.strip():
            # Browsers send line ends as two characters; a draft has one.
            values[FEEDBACK] = feedback.replace("\r\n", "\n").strip()[:KEPT]
        return cls(scenario, values)

    @property
    def feedback(self) -> str:
        """The words to the learner, empty when there are none."""
        return self.values.get(FEEDBACK, "")

    @property
    def levels(self) -> dict[str, int]:
        """The levels chosen so far, by competency."""
        named = {one.id: self.values.get(level_name(one.id)) for one in self.scenario.competencies}
        return {competency_id: int(value) for competency_id, value in named.items() if value}

    @property
    def required(self) -> dict[str, bool]:
        """What was said about required actions so far, by action."""
        named = {one.id: self.values.get(action_name(one.id)) for one in self.scenario.required_actions}
        return {action_id: YES_NO[value] for action_id, value in named.items() if value}

    def judgement(self) -> Judgement:
        """Return the judgement. Raises `IncompleteError` when a line is open."""
        return judge(self.scenario, self.levels, self.required)

    def problems(self) -> dict[str, str]:
        """Return what is wrong, by field name, in the order of the page."""
        found: dict[str, str] = {}
        missing = self._missing()
        for competency in self.scenario.competencies:
            if competency.id in missing:
                found[level_name(competency.id)] = _("Choose a level for “%(title)s”", title=competency.title)
        for action in self.scenario.required_actions:
            if action.id in missing:
                found[action_name(action.id)] = _("Say yes or no for “%(title)s”", title=action.title)
        if len(self.feedback) > LONGEST:
            found[FEEDBACK] = _("Shorten the feedback to %(count)d characters", count=LONGEST)
        return found

    def _missing(self) -> tuple[str, ...]:
        try:
            self.judgement()
        except IncompleteError as error:
            return error.missing
        return ()
