"""What must have happened before a step may be counted as done: the one place every kind of step hooks into.

A kind of step that asks for something (an activity that an instructor confirms, a conversation that is to be played to
an end) adds one question here. Each decides for itself what leaving a step with a content note means (`way`).
"""

from enum import StrEnum

from sqlalchemy.orm import Session

from mhfa_lms.content.schema import Step
from mhfa_lms.models import Enrolment, Way


class Missing(StrEnum):
    """What a step still waits for."""

    ACTIVITY = "activity"  # an instructor's confirmation
    CONVERSATION = "conversation"  # an end of the conversation


class NotFinishedError(RuntimeError):
    """The step cannot be counted as done yet; `missing` says what it waits for."""

    def __init__(self, missing: Missing) -> None:
        super().__init__(missing.value)
        self.missing = missing


def may_finish(session: Session, enrolment: Enrolment, step: Step, way: Way) -> Missing | None:  # noqa: ARG001  # what the kinds of steps to come will ask with
    """Return what a step still waits for before it may be counted as done in this way; None when nothing."""
    return None
