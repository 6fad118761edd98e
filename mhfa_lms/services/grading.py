"""Marking scenario answers: one marker at a time, marks appended and never edited.

A claim is a lease: it ends by itself, so that an answer somebody walked away from is free again. Locks are taken in one
order everywhere, the enrolment before its answer.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from mhfa_lms.content.scenarios import Scenario
from mhfa_lms.db import insert, transaction
from mhfa_lms.models import (
    AnswerState,
    CourseRevision,
    Enrolment,
    Mark,
    MarkDraft,
    Membership,
    ScenarioAnswer,
)
from mhfa_lms.policy import Actor, Can, Forbidden, require, scope
from mhfa_lms.services import audit, catalogue, certification, outbox, rules
from mhfa_lms.services.marking_queue import eligible, free, held_by, joined
from mhfa_lms.services.marks import Judgement, outcome
from mhfa_lms.services.rules import Rule

DECIDED: Final = (AnswerState.PASSED, AnswerState.TRY_AGAIN)


class UnknownAnswerError(LookupError):
    """The actor's organisation has no such answer, or it is still a draft."""


class TakenError(Exception):
    """Somebody else holds the answer. `until` is when their claim ends."""

    def __init__(self, holder: str, until: datetime) -> None:
        super().__init__("somebody else holds this answer")
        self.holder = holder
        self.until = until


class DecidedError(Exception):
    """The answer has its mark already."""


def claim_next(*, by: Actor, now: datetime, passing_over: Collection[int] = ()) -> int | None:
    """Give the marker the answer they hold, else the oldest that is free; None when nothing is left for them.

    `passing_over` are answers they skipped. What others hold is never given out, however many ask at once.
    """
    with transaction() as session:
        require(by, Can.SEE_MARKING)
        # The marker's own row, so that two clicks of one person end at one answer.
        session.execute(
            select(Membership.id).where(Membership.id == by.membership_id).with_for_update(key_share=True)
        ).one()
        waiting = (
            joined(select(ScenarioAnswer))
            .where(eligible(by), ScenarioAnswer.id.not_in(passing_over))
            .order_by(ScenarioAnswer.submitted_at, ScenarioAnswer.id)
            .limit(1)
            .execution_options(populate_existing=True)
        )
        held = session.scalars(waiting.where(held_by(by, now))).one_or_none()
        if held is not None:
            return held.id
        # SKIP LOCKED: another marker's claim in the making is stepped over instead of waited for.
        found = session.scalars(
            waiting.where(free(now)).with_for_update(of=ScenarioAnswer, skip_locked=True)
        ).one_or_none()
        if found is None:
            return None
        _claim(session, found, by=by, now=now)
        return found.id


def hold(answer_id: int, *, by: Actor, now: datetime) -> datetime:
    """Take an answer, or keep it for longer; returns until when.

    Raises `UnknownAnswerError`, `Forbidden`, `TakenError` or `DecidedError`.
    """
    with transaction() as session:
        answer = _locked(session, answer_id, by=by)
        _refuse(session, answer, by=by, now=now)
        return _claim(session, answer, by=by, now=now)


def let_go(answer_id: int, *, by: Actor, now: datetime) -> None:
    """Give an answer back, so that somebody else can take it. The draft of the mark stays."""
    with transaction() as session:
        answer = _locked(session, answer_id, by=by)
        if answer.claimed_by_id != by.membership_id:
            return
        answer.claimed_by_id = answer.claimed_until = None
        audit.about(session, "answer-let-go", answer, by=by, now=now)


def save_draft(answer_id: int, values: Mapping[str, str], *, by: Actor, now: datetime) -> bool:
    """Keep an unfinished mark, and the answer for longer; returns whether the marker still holds it."""
    with transaction() as session:
        answer = _locked(session, answer_id, by=by)
        if answer.state in DECIDED and answer.marks[-1].marker_id == by.membership_id:
            # A save that was on its way when the mark itself arrived.
            return False
        _keep(session, answer, values, by=by, now=now)
        # Only who holds it keeps it: a save that arrives after the answer was given back must not take it again.
        held = answer.state is AnswerState.WAITING and answer.claimed_by_id == by.membership_id
        if held:
            _claim(session, answer, by=by, now=now)
        return held


def mark(answer_id: int, judgement: Judgement, feedback: str, *, by: Actor, now: datetime) -> Mark:
    """Append a mark and decide the answer by it. The same mark sent twice is one mark.

    Raises `TakenError` or `DecidedError` when somebody else was there first (the caller keeps what was typed with
    `save_draft`), `UnknownAnswerError`, `Forbidden`.
    """
    with transaction() as session:
        answer = _locked(session, answer_id, by=by)
        done = _repeated(answer, judgement, feedback, by)
        if done is not None:
            return done
        _refuse(session, answer, by=by, now=now)
        scenario = _scenario(answer)
        given = _append(session, answer, scenario, judgement, feedback, by=by, now=now)
        session.flush()
        session.execute(
            delete(MarkDraft).where(MarkDraft.answer_id == answer.id, MarkDraft.marker_id == by.membership_id)
        )
        audit.about(session, "answer-marked", answer, by=by, now=now, mark=given.id, passed=given.passed)
        _tell(session, answer, scenario, passed=given.passed, now=now)
        certification.complete_if_ready(session, answer.enrolment_id, now=now)
        return given


def _locked(session: Session, answer_id: int, *, by: Actor) -> ScenarioAnswer:
    """Return the answer with its row and its enrolment's locked, when the actor may mark it."""
    mine = select(ScenarioAnswer).where(
        scope(by, ScenarioAnswer), ScenarioAnswer.id == answer_id, ScenarioAnswer.state != AnswerState.DRAFT
    )
    enrolment_id = session.scalars(mine.with_only_columns(ScenarioAnswer.enrolment_id)).one_or_none()
    if enrolment_id is None or by.membership_id is None:
        raise UnknownAnswerError(answer_id)
    session.get_one(Enrolment, enrolment_id, with_for_update={"key_share": True})
    answer = session.scalars(mine.with_for_update().execution_options(populate_existing=True)).one()
    require(by, Can.MARK, answer)
    return answer


def _refuse(session: Session, answer: ScenarioAnswer, *, by: Actor, now: datetime) -> None:
    """Raise when the answer is decided, or somebody else holds it. An expired claim refuses nobody."""
    if answer.state in DECIDED:
        raise DecidedError
    holder_id, until = answer.claimed_by_id, answer.claimed_until
    if holder_id is not None and until is not None and holder_id != by.membership_id and until > now:
        raise TakenError(session.get_one(Membership, holder_id).name, until)


def _claim(session: Session, answer: ScenarioAnswer, *, by: Actor, now: datetime) -> datetime:
    found = rules.resolve(session, [Rule.CLAIM_MINUTES], organisation_id=answer.organisation_id)
    until = now + timedelta(minutes=found[Rule.CLAIM_MINUTES].value)
    if answer.claimed_by_id != by.membership_id:
        audit.about(session, "answer-claimed", answer, by=by, now=now)
    answer.claimed_by_id, answer.claimed_until = by.membership_id, until
    return until


def _keep(session: Session, answer: ScenarioAnswer, values: Mapping[str, str], *, by: Actor, now: datetime) -> None:
    kept: dict[str, Any] = {"values": dict(values), "saved_at": now}
    session.execute(
        insert(session, MarkDraft)
        .values(answer_id=answer.id, marker_id=by.membership_id, **kept)
        .on_conflict_do_update(index_elements=["answer_id", "marker_id"], set_=kept)
    )


def _repeated(answer: ScenarioAnswer, judgement: Judgement, feedback: str, by: Actor) -> Mark | None:
    """Return the mark a second click repeats."""
    last = answer.marks[-1] if answer.marks else None
    if last is None or last.marker_id != by.membership_id:
        return None
    same = (dict(judgement.levels), dict(judgement.required), feedback) == (last.levels, last.required, last.feedback)
    return last if same else None


def _scenario(answer: ScenarioAnswer) -> Scenario:
    scenario = catalogue.course(answer.enrolment.revision).scenario(answer.scenario)
    if scenario is None:
        raise UnknownAnswerError(answer.id)
    return scenario


def _append(
    session: Session,
    answer: ScenarioAnswer,
    scenario: Scenario,
    judgement: Judgement,
    feedback: str,
    *,
    by: Actor,
    now: datetime,
) -> Mark:
    if by.membership_id is None:
        raise Forbidden(Can.MARK)
    result = outcome(scenario, judgement)
    given = Mark(
        answer_id=answer.id,
        marker_id=by.membership_id,
        revision_id=answer.enrolment.revision_id,
        levels=dict(judgement.levels),
        required=dict(judgement.required),
        points=result.points,
        harm=result.harm,
        required_missing=result.required_missing,
        passed=result.passed,
        feedback=feedback,
        marked_at=now,
    )
    session.add(given)
    answer.state = AnswerState.PASSED if result.passed else AnswerState.TRY_AGAIN
    answer.decided_at = now
    answer.claimed_by_id = answer.claimed_until = None
    return given


def _tell(session: Session, answer: ScenarioAnswer, scenario: Scenario, *, passed: bool, now: datetime) -> None:
    learner = session.get_one(Membership, answer.enrolment.membership_id)
    revision = session.get_one(CourseRevision, answer.enrolment.revision_id)
    outbox.post(
        session,
        "scenario-result",
        key=f"scenario-result:{answer.id}",
        due_at=now,
        now=now,
        account_id=learner.account_id,
        organisation_id=answer.organisation_id,
        locale=learner.account.locale,
        facts={
            "name": learner.name,
            "scenario": scenario.title,
            "course": revision.title,
            "passed": passed,
            "path": f"/learn/{answer.enrolment_id}/scenario/{answer.scenario}",
        },
    )
