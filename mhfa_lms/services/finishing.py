"""What must have happened before a step may be counted as done: the one place every kind of step hooks into.

A kind of step that asks for something (an activity that an instructor confirms, a conversation that is to be played to
an end) adds one question here. Each decides for itself what leaving a step with a content note means (`way`).
"""

from enum import StrEnum
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from mhfa_lms.content.schema import Step
from mhfa_lms.db import rows
from mhfa_lms.models import ActivityReport, ActivityState, ConversationRun, Enrolment, Way

_ENDED: Final = select(ConversationRun.ended_at).where(
    ConversationRun.enrolment_id == bindparam("enrolment_id"), ConversationRun.conversation == bindparam("conversation")
)
_REPORTED: Final = select(ActivityReport.state).where(
    ActivityReport.enrolment_id == bindparam("enrolment_id"), ActivityReport.step == bindparam("step")
)


class Missing(StrEnum):
    """What a step still waits for."""

    ACTIVITY = "activity"  # an instructor's confirmation
    CONVERSATION = "conversation"  # an end of the conversation


class NotFinishedError(RuntimeError):
    """The step cannot be counted as done yet; `missing` says what it waits for."""

    def __init__(self, missing: Missing) -> None:
        super().__init__(missing.value)
        self.missing = missing


def may_finish(session: Session, enrolment: Enrolment, step: Step, way: Way) -> Missing | None:
    """Return what a step still waits for before it may be counted as done in this way; None when nothing."""
    if step.conversation and way is Way.READ and not _has_ended(session, enrolment.id, step.conversation):
        return Missing.CONVERSATION
    if step.activity and not _is_confirmed(session, enrolment.id, step.id):
        return Missing.ACTIVITY
    return None


def _has_ended(session: Session, enrolment_id: int, conversation: str) -> bool:
    """Whether the learner has reached an ending of a conversation, once."""
    wanted = {"enrolment_id": enrolment_id, "conversation": conversation}
    return rows(session, _ENDED, wanted).scalar_one_or_none() is not None


def _is_confirmed(session: Session, enrolment_id: int, step_id: str) -> bool:
    """Whether an instructor has confirmed a step's activity."""
    wanted = {"enrolment_id": enrolment_id, "step": step_id}
    return rows(session, _REPORTED, wanted).scalar_one_or_none() is ActivityState.CONFIRMED
