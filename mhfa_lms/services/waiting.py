"""What learners did without a connection: it waited on a device, and counts once, however often it is sent.

Of an answer to a question that was answered on another device meanwhile both versions are kept, until the learner says
which one counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, exists, func, select
from sqlalchemy.orm import Session

from mhfa_lms.content import playing
from mhfa_lms.content.conversations import Conversation
from mhfa_lms.content.questions import BadChoiceError, Question, checked
from mhfa_lms.db import rows, transaction
from mhfa_lms.models import Arrival, Doing, Enrolment, EnrolmentState, PracticeAnswer, SentLater, Way
from mhfa_lms.policy import Actor
from mhfa_lms.services import activities, conversations, enrolments, learning
from mhfa_lms.services.enrolments import NotActiveError
from mhfa_lms.services.finishing import NotFinishedError
from mhfa_lms.services.learning import UnknownStepError
from mhfa_lms.services.pathway import LockedError

# How many are remembered of one enrolment, so that nobody can fill the database: far more than a course has steps. Of
# those that came before only what waits for a choice is kept.
MOST: Final = 1000
_HAS_CLASHES: Final = select(
    exists().where(SentLater.enrolment_id == bindparam("enrolment_id"), SentLater.arrival == Arrival.CLASH)
)
WAYS: Final = {Doing.CONTINUE: Way.READ, Doing.SUMMARY: Way.SUMMARY, Doing.SKIP: Way.SKIPPED}


@dataclass(frozen=True, slots=True)
class Waited:
    """One thing that waited: by the device's id for it, on which step; for an answer or a conversation what was chosen.

    `version` is the version of the kept answer, or of the way, that the device knew of; 0 when it knew of none. `seen`
    are all choices that were made in a conversation, `note` goes with an activity that is done.
    """

    client_id: str
    step: str
    doing: Doing
    chosen: tuple[str, ...] = ()
    version: int = 0
    seen: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one; `version` is that of the step's kept answer, or way, now, 0 for none."""

    client_id: str
    step: str
    arrival: Arrival
    version: int


@dataclass(frozen=True, slots=True)
class Clash:
    """A question answered on two devices, or a conversation that went two ways: what counts, and what came later."""

    id: int
    step: str
    question: Question | None
    talk: Conversation | None
    now: list[str]
    later: list[str]

    def way(self, keys: Sequence[str]) -> tuple[playing.Turn, ...]:
        """Return the choices of one of two ways."""
        return playing.follow(self.talk, keys).turns if self.talk else ()


def receive(enrolment_id: int, items: Sequence[Waited], *, by: Actor, now: datetime) -> list[Receipt]:
    """Take what waited, in the order in which it was done; what was taken before is answered as it was then.

    All or nothing. Raises `Forbidden` for an enrolment that is not the actor's own.
    """
    with transaction() as session:
        enrolment = enrolments.hold(session, enrolment_id, by=by)
        received = [_receive(session, enrolment, one, by, now) for one in items]
        _bound(session, enrolment_id)
        return received


def _bound(session: Session, enrolment_id: int) -> None:
    """Forget the oldest of too many. Where even the unsettled clashes are too many, the oldest of these."""
    mine = SentLater.enrolment_id == enrolment_id
    over = session.scalars(select(func.count(SentLater.id)).where(mine)).one() - MOST
    if over > 0:
        first = select(SentLater.id).where(mine).order_by(SentLater.arrival == Arrival.CLASH, SentLater.id).limit(over)
        session.execute(delete(SentLater).where(SentLater.id.in_(session.scalars(first).all())))


def _receive(session: Session, enrolment: Enrolment, one: Waited, by: Actor, now: datetime) -> Receipt:
    mine = (SentLater.enrolment_id == enrolment.id, SentLater.client_id == one.client_id)
    row = session.scalars(select(SentLater).where(*mine)).one_or_none()
    if row is None:
        row = SentLater(
            enrolment_id=enrolment.id,
            client_id=one.client_id,
            step=one.step,
            doing=one.doing,
            chosen=list(one.chosen),
            arrival=_take(session, enrolment, one, by, now),
            received_at=now,
        )
        session.add(row)
        session.flush()
    return Receipt(one.client_id, row.step, row.arrival, _version(session, enrolment, row))


def _take(session: Session, enrolment: Enrolment, one: Waited, by: Actor, now: datetime) -> Arrival:
    try:
        if one.doing is Doing.ANSWER:
            return _take_answer(session, enrolment, one, now)
        if one.doing is Doing.TALK:
            return _take_way(session, enrolment, one, now)
        if one.doing is Doing.REPORT:
            if enrolment.state is not EnrolmentState.ACTIVE:
                raise NotActiveError(enrolment.id)
            activities.report_held(session, enrolment, one.step, one.note, by=by, now=now, beside=True)
            return Arrival.TAKEN
        step = learning.place(learning.course_of(enrolment), one.step).step
        if one.doing is not Doing.CONTINUE and step.content_note is None:
            return Arrival.REFUSED
        learning.count_as_done(session, enrolment, one.step, WAYS[one.doing], by=by, now=now)
    except (UnknownStepError, BadChoiceError, LockedError, NotFinishedError, NotActiveError, activities.TooLongError):
        return Arrival.REFUSED
    return Arrival.TAKEN


def _take_way(session: Session, enrolment: Enrolment, one: Waited, now: datetime) -> Arrival:
    return conversations.bring(session, enrolment, one.step, one.chosen, one.seen, version=one.version, now=now)


def _take_answer(session: Session, enrolment: Enrolment, one: Waited, now: datetime) -> Arrival:
    question = _question(enrolment, one.step)
    kept = learning.practised(session, enrolment.id, question)
    if kept is not None and kept.version != one.version:
        same = checked(question, one.chosen) == list(kept.chosen)
        return Arrival.KNOWN if same else Arrival.CLASH
    learning.keep_answer(session, enrolment, one.step, one.chosen, now=now)
    return Arrival.TAKEN


def _question(enrolment: Enrolment, step_id: str) -> Question:
    question = learning.place(learning.course_of(enrolment), step_id).step.question
    if question is None:
        raise UnknownStepError(step_id)
    return question


def _version(session: Session, enrolment: Enrolment, row: SentLater) -> int:
    try:
        if row.doing is Doing.TALK:
            return conversations.version(session, enrolment, row.step)
        kept = learning.practised(session, enrolment.id, _question(enrolment, row.step))
    except UnknownStepError:
        return 0
    return kept.version if kept else 0


def versions(session: Session, enrolment: Enrolment, questions: dict[str, str]) -> dict[str, int]:
    """Return the version of the kept answer by step; `questions` names each step's question. One query."""
    found = session.execute(
        select(PracticeAnswer.question, PracticeAnswer.version).where(
            PracticeAnswer.enrolment_id == enrolment.id, PracticeAnswer.question.in_(questions.values())
        )
    )
    known = {row.question: row.version for row in found}
    return {step: known.get(question, 0) for step, question in questions.items()}


def has_clashes(session: Session, enrolment_id: int) -> bool:
    """Whether something was done on two devices and the learner has not chosen. One query."""
    return bool(rows(session, _HAS_CLASHES, {"enrolment_id": enrolment_id}).scalar_one())


def clashes(session: Session, enrolment: Enrolment) -> list[Clash]:
    """Return the questions and conversations of an enrolment that were done on two devices, the oldest first."""
    unsettled = session.scalars(
        select(SentLater)
        .where(SentLater.enrolment_id == enrolment.id, SentLater.arrival == Arrival.CLASH)
        .order_by(SentLater.id)
    )
    return [found for row in unsettled if (found := _clash(session, enrolment, row)) is not None]


def _clash(session: Session, enrolment: Enrolment, row: SentLater) -> Clash | None:
    later = [str(one) for one in row.chosen]
    try:
        if row.doing is Doing.TALK:
            talk = conversations.of_step(enrolment, row.step)
            now = conversations.run(session, enrolment.id, talk).way.keys
            return Clash(row.id, row.step, None, talk, now, later)
        question = _question(enrolment, row.step)
    except UnknownStepError:
        return None
    return Clash(row.id, row.step, question, None, learning.practice(session, enrolment.id, question), later)


def choose(enrolment_id: int, clash_id: int, *, later: bool, by: Actor, now: datetime) -> bool:
    """Let one of two answers count: the one that came later, or the one that counts now.

    Returns whether there was anything to choose: a second press finds nothing. Raises `Forbidden`.
    """
    with transaction() as session:
        enrolment = enrolments.hold(session, enrolment_id, by=by)
        row = session.scalars(
            select(SentLater).where(
                SentLater.id == clash_id,
                SentLater.enrolment_id == enrolment_id,
                SentLater.arrival == Arrival.CLASH,
            )
        ).one_or_none()
        if row is None:
            return False
        if later:
            keep = conversations.settle if row.doing is Doing.TALK else learning.keep_answer
            keep(session, enrolment, row.step, [str(one) for one in row.chosen], now=now)
        row.arrival = Arrival.CHOSEN if later else Arrival.LEFT
        return True
