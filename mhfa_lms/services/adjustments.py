"""What was agreed for one learner: more time, no time limit, more attempts, another format.

Whoever may agree it is named in `policy`; nobody agrees anything for themselves. Each is kept with its reason until it
is taken back. Taking it back never shortens an attempt that is under way.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from mhfa_lms.db import transaction
from mhfa_lms.models import (
    Adjustment,
    AdjustmentKind,
    Attempt,
    AttemptState,
    Enrolment,
    EnrolmentState,
    Format,
    Membership,
)
from mhfa_lms.policy import Actor, Can, Forbidden, require
from mhfa_lms.services import audit, learning
from mhfa_lms.services.enrolments import NotActiveError

# In percent of the usual time, in minutes, and in attempts: the database refuses what is far beyond.
MOST: Final = {AdjustmentKind.MORE_TIME: 400, AdjustmentKind.MORE_MINUTES: 600, AdjustmentKind.MORE_ATTEMPTS: 5}
_IN_FORCE: Final = (
    select(Adjustment)
    .where(Adjustment.enrolment_id == bindparam("enrolment_id"), Adjustment.ended_at.is_(None))
    .order_by(Adjustment.id)
)


class ReasonNeededError(ValueError):
    """What is allowed for one learner needs a reason."""


class AmountError(ValueError):
    """The amount is missing, not wanted, or out of range."""


@dataclass(frozen=True, slots=True)
class InForce:
    """One thing that holds for a learner now."""

    kind: AdjustmentKind
    amount: int | None
    wanted: Format | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for one learner's attempts: `minutes` for each (None: no limit) and how many of them."""

    minutes: int | None
    attempts: int


def terms(minutes: int | None, attempts: int, agreed: Iterable[Adjustment | InForce]) -> Terms:
    """Return what holds with what was agreed: percent first, rounded up to whole minutes, then minutes."""
    by_kind = {one.kind: one.amount or 0 for one in agreed}
    attempts += by_kind.get(AdjustmentKind.MORE_ATTEMPTS, 0)
    if minutes is None or AdjustmentKind.NO_TIME_LIMIT in by_kind:
        return Terms(None, attempts)
    longer = -(-minutes * (100 + by_kind.get(AdjustmentKind.MORE_TIME, 0)) // 100)
    return Terms(longer + by_kind.get(AdjustmentKind.MORE_MINUTES, 0), attempts)


def in_force(session: Session, enrolment_id: int) -> list[Adjustment]:
    """Return what is agreed for an enrolment now. One query."""
    return list(session.scalars(_IN_FORCE, {"enrolment_id": enrolment_id}))


def agree(
    enrolment_id: int,
    kind: AdjustmentKind,
    *,
    reason: str,
    by: Actor,
    now: datetime,
    amount: int | None = None,
    wanted: Format | None = None,
) -> None:
    """Agree one thing, in place of what was agreed of the same kind; the same again changes nothing.

    An attempt under way gets the longer time at once. Raises `Forbidden`, `ReasonNeededError`, `AmountError`,
    `NotActiveError`.
    """
    with transaction() as session:
        enrolment, member_id = _held(session, enrolment_id, by)
        if not reason.strip():
            raise ReasonNeededError
        _check(kind, amount, wanted)
        if enrolment.state is not EnrolmentState.ACTIVE:
            raise NotActiveError(enrolment_id)
        before = next((one for one in in_force(session, enrolment_id) if one.kind is kind), None)
        if before is not None:
            if (before.amount, before.wanted) == (amount, wanted):
                return
            _end(session, enrolment, before, member_id, by=by, now=now)
        row = Adjustment(
            enrolment_id=enrolment_id,
            kind=kind,
            amount=amount,
            wanted=wanted,
            reason=reason.strip(),
            agreed_by_id=member_id,
            agreed_at=now,
        )
        session.add(row)
        session.flush()
        audit.about(session, "adjustment-agreed", enrolment, by=by, now=now, adjustment=row.id)
        _lengthen(session, enrolment)


def take_back(enrolment_id: int, adjustment_id: int, *, by: Actor, now: datetime) -> None:
    """End what was agreed; ending it again changes nothing. Raises `Forbidden`."""
    with transaction() as session:
        enrolment, member_id = _held(session, enrolment_id, by)
        for row in in_force(session, enrolment_id):
            if row.id == adjustment_id:
                _end(session, enrolment, row, member_id, by=by, now=now)


def _held(session: Session, enrolment_id: int, by: Actor) -> tuple[Enrolment, int]:
    """Return the enrolment, locked as everything about it is, and the membership that decides."""
    enrolment = session.get(Enrolment, enrolment_id, with_for_update={"key_share": True}, populate_existing=True)
    if enrolment is None or by.membership_id is None:
        raise Forbidden(Can.ADJUST)
    require(by, Can.ADJUST, enrolment)
    return enrolment, by.membership_id


def _check(kind: AdjustmentKind, amount: int | None, wanted: Format | None) -> None:
    most = MOST.get(kind)
    good = amount is None if most is None else amount is not None and 1 <= amount <= most
    if not good or (wanted is not None) != (kind is AdjustmentKind.OTHER_FORMAT):
        raise AmountError(kind)


def _end(session: Session, enrolment: Enrolment, row: Adjustment, member_id: int, *, by: Actor, now: datetime) -> None:
    row.ended_at, row.ended_by_id = now, member_id
    session.flush()
    audit.about(session, "adjustment-ended", enrolment, by=by, now=now, adjustment=row.id)


def _lengthen(session: Session, enrolment: Enrolment) -> None:
    """Give the attempt under way the time that is agreed now, where that is longer."""
    course = learning.course_of(enrolment)
    attempt = session.scalars(
        select(Attempt).where(
            Attempt.enrolment_id == enrolment.id,
            Attempt.assessment == course.assessment.id,
            Attempt.state == AttemptState.OPEN,
        )
    ).one_or_none()
    if attempt is None or attempt.due_at is None:
        return
    minutes = terms(course.assessment.minutes, 0, in_force(session, enrolment.id)).minutes
    until = None if minutes is None else attempt.started_at + timedelta(minutes=minutes)
    attempt.due_at = None if until is None else max(attempt.due_at, until)


@dataclass(frozen=True, slots=True)
class Agreed:
    """One adjustment and who agreed it."""

    row: Adjustment
    by: str


def history(session: Session, enrolment: Enrolment, *, by: Actor) -> list[Agreed]:
    """Return everything that was ever agreed for an enrolment, the newest first. One query. Raises `Forbidden`."""
    require(by, Can.ADJUST, enrolment)
    found = session.execute(
        select(Adjustment, Membership.name)
        .join(Membership, Membership.id == Adjustment.agreed_by_id)
        .where(Adjustment.enrolment_id == enrolment.id)
        .order_by(Adjustment.id.desc())
    )
    return [Agreed(row.Adjustment, row.name) for row in found]
