"""Playing a conversation: choosing, going back, trying another way. Practice only: it counts for nothing.

A form names the place it was made at, by the number of choices before it and its scene. So the same form sent twice
changes nothing, one from another window replaces what came after its place, and one whose place is no longer on the way
is refused: whatever the order, what is kept is a way through the conversation.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from mhfa_lms.content import playing
from mhfa_lms.content.conversations import Conversation, Scene
from mhfa_lms.content.playing import Way
from mhfa_lms.content.questions import BadChoiceError
from mhfa_lms.db import rows, transaction
from mhfa_lms.models import ConversationRun, Enrolment
from mhfa_lms.policy import Actor
from mhfa_lms.services import enrolments
from mhfa_lms.services.learning import UnknownStepError, course_of, place, progress
from mhfa_lms.services.pathway import LockedError

_RUN: Final = select(
    ConversationRun.path, ConversationRun.seen, ConversationRun.version, ConversationRun.ended_at
).where(
    ConversationRun.enrolment_id == bindparam("enrolment_id"), ConversationRun.conversation == bindparam("conversation")
)


class ElsewhereError(RuntimeError):
    """The place a form was made at is no longer on the way: another window went elsewhere."""


class TooLongError(RuntimeError):
    """So many choices were made that going on is refused; going back is not."""


@dataclass(frozen=True, slots=True)
class Run:
    """Where a learner is in a conversation, and what they have tried in it."""

    way: Way
    seen: frozenset[str]
    version: int
    ended_at: datetime | None


def run(session: Session, enrolment_id: int, conversation: Conversation) -> Run:
    """Return where a learner is; at the start when they have not begun. One query."""
    wanted = {"enrolment_id": enrolment_id, "conversation": conversation.id}
    found = rows(session, _RUN, wanted).one_or_none()
    if found is None:
        return Run(playing.follow(conversation, ()), frozenset(), 0, None)
    return Run(playing.follow(conversation, found.path), frozenset(map(str, found.seen)), found.version, found.ended_at)


def choose(
    enrolment_id: int, step_id: str, *, depth: int, scene_id: str, choice_id: str, by: Actor, now: datetime
) -> None:
    """Say or do something at a place of the way; what came after that place is replaced.

    Raises `UnknownStepError`, `LockedError`, `BadChoiceError`, `ElsewhereError`, `TooLongError`.
    """
    with transaction() as session:
        enrolment = enrolments.hold(session, enrolment_id, by=by)
        way = _way(session, enrolment, step_id)
        scene = _at(way, depth, scene_id)
        choice = scene.choice(choice_id) if scene else None
        if choice is None:
            raise BadChoiceError(choice_id)
        if depth < len(way.turns) and way.turns[depth].choice.id == choice_id:
            return
        before = way.back_to(depth)
        if before.is_full:
            raise TooLongError(enrolment_id)
        _keep(session, enrolment_id, before.on(choice), now)


def go_back(enrolment_id: int, step_id: str, *, depth: int, scene_id: str, by: Actor, now: datetime) -> None:
    """Go back to a place of the way, to choose there again; what was seen stays seen.

    Raises `UnknownStepError`, `LockedError`, `ElsewhereError`.
    """
    with transaction() as session:
        enrolment = enrolments.hold(session, enrolment_id, by=by)
        way = _way(session, enrolment, step_id)
        _at(way, depth, scene_id)
        if depth < len(way.turns):
            _keep(session, enrolment_id, way.back_to(depth), now)


def of_step(enrolment: Enrolment, step_id: str) -> Conversation:
    """Return a step's conversation. Raises `UnknownStepError` for a step without one."""
    course = course_of(enrolment)
    found = course.conversation(place(course, step_id).step.conversation or "")
    if found is None:
        raise UnknownStepError(step_id)
    return found


def _way(session: Session, enrolment: Enrolment, step_id: str) -> Way:
    course = course_of(enrolment)
    here = place(course, step_id)
    if lock := progress(session, enrolment.id, course).path.step_lock(here.module, here.step):
        raise LockedError(lock)
    return run(session, enrolment.id, of_step(enrolment, step_id)).way


def _at(way: Way, depth: int, scene_id: str) -> Scene | None:
    scene = way.scene_at(depth)
    if scene is None or scene.id != scene_id:
        raise ElsewhereError(scene_id)
    return scene


def _keep(session: Session, enrolment_id: int, way: Way, now: datetime) -> None:
    """Store the way; the enrolment's lock makes two windows go one after the other."""
    row = session.scalars(
        select(ConversationRun).where(
            ConversationRun.enrolment_id == enrolment_id, ConversationRun.conversation == way.conversation.id
        )
    ).one_or_none()
    if row is None:
        row = ConversationRun(enrolment_id=enrolment_id, conversation=way.conversation.id, seen=[], version=0)
        session.add(row)
    row.path = list(way.keys)
    row.seen = list(dict.fromkeys([*row.seen, *way.keys]))
    row.version, row.changed_at = row.version + 1, now
    if way.ending and row.ended_at is None:
        row.ended_at = now
