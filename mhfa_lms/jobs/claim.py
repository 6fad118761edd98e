"""Leases on waiting work: who takes a row has it for a while, and a crash gives it back when the lease ends.

Works alike for mails (`Message`) and jobs (`Job`). Each function is one transaction of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from mhfa_lms import db
from mhfa_lms.models import Job, Message, WorkState

Work = type[Message] | type[Job]
# Longer than the slowest dialogue with a mail server can take before one of its steps runs out of time.
MAIL_LEASE: Final = timedelta(minutes=5)
JOB_LEASE: Final = timedelta(minutes=10)
# How long to wait after the first, second ... try that failed; after the last one the work has failed for good.
# 56 hours in all: longer than a weekend without a mail server.
DELAYS: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 2 * 60, 6 * 60, 24 * 60, 24 * 60))
MOST_TRIES: Final = len(DELAYS) + 1


class Stop(Protocol):
    """Says when to take no more: a `threading.Event`, for one."""

    def is_set(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Lease:
    """A row that is ours for now. `attempt` counts from 1 and tells this lease from a later one of the same row."""

    id: int
    attempt: int
    kind: str = ""

    @property
    def worn_out(self) -> bool:
        """Whether every try before this one ended without a word: the row itself may be what stops the worker."""
        return self.attempt > MOST_TRIES


def free(model: Work, now: datetime) -> ColumnElement[bool]:
    """Return the condition that work is due and nobody's."""
    return and_(
        model.state == WorkState.WAITING,
        model.due_at <= now,
        or_(model.leased_until.is_(None), model.leased_until <= now),
    )


def any_free(model: Work, *where: ColumnElement[bool], now: datetime) -> bool:
    """Whether there is something to take. Reads only, so that an idle worker never takes SQLite's write lock."""
    session = db.session()
    try:
        return session.scalars(select(model.id).where(free(model, now), *where).limit(1)).first() is not None
    finally:
        session.rollback()


def take(model: Work, *where: ColumnElement[bool], now: datetime, lease: timedelta, limit: int = 1) -> list[Lease]:
    """Lease the work that has been due longest. Two workers never get the same row."""
    with db.transaction() as session:
        return taken(session, model, *where, now=now, lease=lease, limit=limit)


def taken(
    session: Session, model: Work, *where: ColumnElement[bool], now: datetime, lease: timedelta, limit: int = 1
) -> list[Lease]:
    """Lease as `take` does, in the caller's transaction."""
    due = (
        select(model.id)
        .where(free(model, now), *where)
        .order_by(model.due_at, model.id)
        .limit(limit)
        # Passes over rows that another worker is just taking. SQLite has one writer at a time and needs no such lock.
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    statement = (
        update(model)
        .where(model.id.in_(select(due.c.id)))
        .values(leased_until=now + lease, attempts=model.attempts + 1)
        .returning(model.id, model.attempts, model.kind)
        .execution_options(synchronize_session=False)
    )
    return [Lease(row.id, row.attempts, row.kind) for row in session.execute(statement)]


def close(model: Work, lease: Lease, state: WorkState, *, now: datetime, error: str = "", **values: Any) -> None:
    """End the work as done, cancelled or failed. What has been ended already stays as it is."""
    with db.transaction() as session:
        closed(session, model, lease, state, now=now, error=error, **values)


def closed(
    session: Session, model: Work, lease: Lease, state: WorkState, *, now: datetime, error: str = "", **values: Any
) -> bool:
    """End the work as `close` does, in the caller's transaction; whether it had not been ended before."""
    statement = (
        update(model)
        .where(model.id == lease.id, model.state == WorkState.WAITING)
        .values(state=state, done_at=now, leased_until=None, error=error, **values)
        .execution_options(synchronize_session=False)
    )
    return _count(session.execute(statement)) == 1


def put_off(model: Work, lease: Lease, *, now: datetime, error: str, at_last: Mapping[str, Any] | None = None) -> bool:
    """Give the work back after a try that failed, to be tried again later; after the last try it has failed.

    `at_last` are values written when it has failed. Returns whether it will be tried again. A lease that has run out
    and was taken over changes nothing.
    """
    with db.transaction() as session:
        postponed(session, model, lease, now=now, error=error, at_last=at_last)
    return lease.attempt <= len(DELAYS)


def postponed(
    session: Session, model: Work, lease: Lease, *, now: datetime, error: str, at_last: Mapping[str, Any] | None = None
) -> bool:
    """Put the work off as `put_off` does, in the caller's transaction; whether the lease was still ours."""
    values: dict[str, Any] = {"leased_until": None, "error": error}
    if lease.attempt <= len(DELAYS):
        values["due_at"] = now + DELAYS[lease.attempt - 1]
    else:
        values |= {"state": WorkState.FAILED, "done_at": now, **(at_last or {})}
    return _give_back(session, model, lease, values)


def untried(session: Session, model: Work, lease: Lease, *, due_at: datetime, error: str) -> bool:
    """Give back what could not be tried at all: no try is used up. Returns whether the lease was still ours."""
    values = {"leased_until": None, "error": error, "due_at": due_at, "attempts": lease.attempt - 1}
    return _give_back(session, model, lease, values)


def _give_back(session: Session, model: Work, lease: Lease, values: dict[str, Any]) -> bool:
    statement = (
        update(model)
        .where(model.id == lease.id, model.state == WorkState.WAITING, model.attempts == lease.attempt)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return _count(session.execute(statement)) == 1


def _count(result: Any) -> int:
    return int(result.rowcount)
