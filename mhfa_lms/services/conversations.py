"""Playing a conversation: choosing, going back, trying another way. Practice only: it counts for nothing.

A form names the place it was made at, by the number of choices before it and its scene. So the same form sent twice
changes nothing, one from another window replaces what came after its place, and one whose place is no longer on the way
is refused: whatever the order, what is kept is a way through the conversation.
"""

from collections.abc import Iterable, Sequence
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
from mhfa_lms.models import Arrival, ConversationRun, Enrolment
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


def bring(
    session: Session,
    enrolment: Enrolment,
    step_id: str,
    keys: Sequence[str],
    seen: Iterable[str],
    *,
    version: int,
    now: datetime,
) -> Arrival:
    """Take a way that was gone without a connection, in the caller's transaction; it is gone again here, choice by
    choice.

    `seen` are all choices that were made meanwhile, `version` that of the way the device knew of. What was seen is kept
    in any case. Where another way was gone elsewhere meanwhile, that one stays until the learner chooses. Raises
    `UnknownStepError`, `LockedError`, and `BadChoiceError` for what the conversation does not have.
    """
    before = _way(session, enrolment, step_id)
    talk = before.conversation
    way, choices = playing.follow(talk, keys), {playing.key(scene.id, one.id) for scene, one in talk.choices()}
    seen = {*seen, *keys}
    if way.keys != list(keys) or len(keys) > playing.LONGEST or not seen <= choices:
        raise BadChoiceError(step_id)
    elsewhere = run(session, enrolment.id, talk).version != version
    known = before.keys[: len(keys)] == list(keys)
    onwards = keys[: len(before.keys)] == before.keys or not elsewhere
    _keep(session, enrolment.id, way if onwards else before, now, seen)
    return Arrival.TAKEN if onwards else Arrival.KNOWN if known else Arrival.CLASH


def settle(session: Session, enrolment: Enrolment, step_id: str, keys: Sequence[str], *, now: datetime) -> None:
    """Go on from a way that waited, in the caller's transaction."""
    _keep(session, enrolment.id, playing.follow(of_step(enrolment, step_id), keys), now)


def version(session: Session, enrolment: Enrolment, step_id: str) -> int:
    """Return the version of a step's way, 0 for none. Raises `UnknownStepError`."""
    return run(session, enrolment.id, of_step(enrolment, step_id)).version


def ways(session: Session, enrolment: Enrolment, conversations: dict[str, str]) -> dict[str, tuple[int, list[str]]]:
    """Return version and way by step; `conversations` names each step's conversation. One query, or none."""
    if not conversations:
        return {}
    found = session.execute(
        select(ConversationRun.conversation, ConversationRun.version, ConversationRun.path).where(
            ConversationRun.enrolment_id == enrolment.id, ConversationRun.conversation.in_(conversations.values())
        )
    )
    known = {row.conversation: (row.version, [str(one) for one in row.path]) for row in found}
    return {step: known.get(name, (0, [])) for step, name in conversations.items()}


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


def _keep(session: Session, enrolment_id: int, way: Way, now: datetime, seen: Iterable[str] = ()) -> None:
    """Store the way, and what more was seen; the enrolment's lock makes two windows go one after the other."""
    row = session.scalars(
        select(ConversationRun).where(
            ConversationRun.enrolment_id == enrolment_id, ConversationRun.conversation == way.conversation.id
        )
    ).one_or_none()
    if row is None:
        row = ConversationRun(enrolment_id=enrolment_id, conversation=way.conversation.id, seen=[], version=0)
        session.add(row)
    row.path = list(way.keys)
    row.seen = list(dict.fromkeys([*row.seen, *way.keys, *sorted(seen)]))
    row.version, row.changed_at = row.version + 1, now
    met = playing.met_places(way.conversation, frozenset(map(str, row.seen)))
    if row.ended_at is None and any(one.id in met for one in way.conversation.endings):
        row.ended_at = now
