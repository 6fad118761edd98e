"""The form of what was judged: a fact, its state, and for whom the words are written."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from mhfa_lms import i18n


class State(StrEnum):
    """How much a fact asks for attention. The order is that of urgency, the calmest first."""

    GOOD = "good"
    LOOK = "look"
    ACT = "act"


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the page. `advice` is empty when there is nothing to do; `figures` are for programs."""

    key: str
    state: State
    title: str
    value: str
    meaning: str
    advice: str = ""
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom the words are written: instants are shown in their zone, by `moment`."""

    now: datetime
    moment: Callable[[datetime], str]

    def since(self, instant: datetime) -> str:
        """Return how long ago an instant was, and when."""
        return f"{i18n.format_ago(self.now - instant)} ({self.moment(instant)})"


def either(act: bool, look: bool) -> State:
    """Return the state for what asks for action, or at least for a look."""
    return State.ACT if act else State.LOOK if look else State.GOOD
