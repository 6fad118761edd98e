"""What waits and what failed, counted: for the operator's monitoring."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mhfa_lms.models import Job, Message, WorkState
from mhfa_lms.services import sealing


@dataclass(frozen=True, slots=True)
class Queue:
    """One queue. `oldest_seconds` is how long the oldest piece has been due, 0 when nothing is."""

    waiting: int
    failed: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class Backlog:
    """Both queues, and the audit events without a seal."""

    messages: Queue
    jobs: Queue
    unsealed_events: int


def measure(session: Session, *, now: datetime) -> Backlog:
    """Count what waits and what failed. Three queries."""
    return Backlog(_queue(session, Message, now), _queue(session, Job, now), sealing.tail(session))


def _queue(session: Session, model: type[Message] | type[Job], now: datetime) -> Queue:
    rows = session.execute(
        select(model.state, func.count().label("count"), func.min(model.due_at).label("oldest"))
        .where(model.state.in_([WorkState.WAITING, WorkState.FAILED]))
        .group_by(model.state)
    ).all()
    found = {row.state: row for row in rows}
    waiting, failed = found.get(WorkState.WAITING), found.get(WorkState.FAILED)
    return Queue(
        int(waiting[1]) if waiting else 0,
        int(failed[1]) if failed else 0,
        max(0.0, (now - waiting.oldest).total_seconds()) if waiting else 0.0,
    )
