"""Sealing the audit trail: a chain of hashes over its rows, so that a change made behind the program's back shows.

Writers only insert events. The worker seals what has been committed, in the order in which it finds it (numbers given
out by PostgreSQL do not commit in order). Each seal's hash covers the one before it: whoever changes, removes or slips
in an event must forge every later seal, and whoever noted an earlier `head` still notices. Without a noted head a chain
whose end was cut off, events and seals alike, looks whole: nothing inside the database can tell.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from mhfa_lms.db import take_turns, transaction
from mhfa_lms.models import AuditEvent, AuditSeal

START: Final = "0" * 64
BATCH: Final = 1_000
STRETCH: Final = 10_000
# Any number will do, as long as it is always the same one: two workers take turns on it.
SEAL_LOCK: Final = 4_260_918
EVENT: Final = (
    AuditEvent.id.label("event"),
    AuditEvent.at,
    AuditEvent.account_id,
    AuditEvent.organisation_id,
    AuditEvent.verb,
    AuditEvent.subject,
    AuditEvent.subject_id,
    AuditEvent.data,
)
_LAST: Final = select(AuditSeal.digest).order_by(AuditSeal.id.desc()).limit(1)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What checking the chain found. `broken_at` is the first seal that does not fit, with the reason.

    `lost_heads` are the heads noted earlier that the chain no longer leads through.
    """

    sealed: int
    unsealed: int
    head: str
    broken_at: int | None = None
    broken_event: int | None = None
    problem: str = ""
    lost_heads: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether every link fits and every head noted earlier is there."""
        return self.broken_at is None and not self.lost_heads


def digest(previous: str, event: Any) -> str:
    """Return the seal of an event after the previous one: SHA-256 over both in one canonical form, hexadecimal."""
    form = [
        previous,
        event.event,
        event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        event.account_id,
        event.organisation_id,
        event.verb,
        event.subject,
        event.subject_id,
        event.data,
    ]
    canonical = json.dumps(form, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def seal(*, now: datetime, limit: int = BATCH, left_behind: bool = True) -> int:
    """Seal up to `limit` events that are committed and not sealed yet; returns how many. One sealer at a time.

    Events left far behind are rare, and asking for them counts the whole trail: without `left_behind` nobody does.
    """
    with transaction() as session:
        take_turns(session, SEAL_LOCK)
        events = _without_a_seal(session, limit, newest_only=True)
        if left_behind and not events and tail(session):
            events = _without_a_seal(session, limit, newest_only=False)
        last = session.scalars(_LAST).one_or_none() or START
        for event in events:
            last = digest(last, event)
            session.add(AuditSeal(event_id=event.event, digest=last, sealed_at=now))
            # One at a time, so that the seals' own numbers follow the chain.
            session.flush()
        return len(events)


def _without_a_seal(session: Session, limit: int, *, newest_only: bool) -> Sequence[Any]:
    """Return events to seal, in order. Looking at all of them takes as long as the trail is, so that is the last way.

    The newest: after the last one sealed, and a stretch before it, for those that took longest to commit.
    """
    # A number, and said of both tables: from a query inside the query PostgreSQL cannot tell that it means few rows.
    last = session.scalar(select(AuditSeal.event_id).order_by(AuditSeal.id.desc()).limit(1)) if newest_only else None
    after = (last or 0) - STRETCH
    statement = (
        select(*EVENT)
        .outerjoin(AuditSeal, and_(AuditSeal.event_id == AuditEvent.id, AuditSeal.event_id > after))
        .where(AuditSeal.id.is_(None), AuditEvent.id > after)
        .order_by(AuditEvent.id)
        .limit(limit)
    )
    return session.execute(statement).all()


def verify(
    session: Session, *, noted: Collection[str] = (), told: Callable[[int], None] = lambda _sealed: None
) -> Verdict:
    """Check every link from the first on, in fixed memory; stops at the first that does not fit.

    `noted` are heads that somebody kept: each must be a link of the chain. `told` hears the number checked so far, once
    for each thousand.
    """
    previous, sealed = START, 0
    missing = dict.fromkeys(head for head in noted if head != START)
    waiting = unsealed(session)
    for row in _chain(session):
        problem = _problem(previous, row)
        if problem:
            return Verdict(sealed, waiting, previous, row.seal, row.sealed_event, problem, tuple(missing))
        previous, sealed = row.digest, sealed + 1
        missing.pop(previous, None)
        if sealed % BATCH == 0:
            told(sealed)
    return Verdict(sealed, waiting, previous, lost_heads=tuple(missing))


def sealed_so_far(session: Session) -> tuple[int, str]:
    """Return how many events are sealed, and the head: what to note away from the database."""
    count = session.scalar(select(func.count(AuditSeal.id))) or 0
    return count, session.scalars(_LAST).one_or_none() or START


def tail(session: Session) -> int:
    """Return how many events have no seal yet, by counting both: quick, and right as long as nobody meddled.

    Each seal belongs to one event, and no event can be removed; `unsealed` trusts neither.
    """
    counts = select(
        select(func.count(AuditEvent.id)).scalar_subquery(), select(func.count(AuditSeal.id)).scalar_subquery()
    )
    events, seals = session.execute(counts).one()
    return max(0, int(events - seals))


def unsealed(session: Session) -> int:
    """Return how many events have no seal yet: the tail that the chain does not protect."""
    return (
        session.scalar(
            select(func.count(AuditEvent.id))
            .outerjoin(AuditSeal, AuditSeal.event_id == AuditEvent.id)
            .where(AuditSeal.id.is_(None))
        )
        or 0
    )


def _chain(session: Session) -> Iterator[Any]:
    after = 0
    while True:
        rows = session.execute(
            select(AuditSeal.id.label("seal"), AuditSeal.event_id.label("sealed_event"), AuditSeal.digest, *EVENT)
            .outerjoin(AuditEvent, AuditEvent.id == AuditSeal.event_id)
            .where(AuditSeal.id > after)
            .order_by(AuditSeal.id)
            .limit(BATCH)
        ).all()
        yield from rows
        if len(rows) < BATCH:
            return
        after = rows[-1].seal


def _problem(previous: str, row: Any) -> str:
    if row.event is None:
        return "the event is gone"
    if digest(previous, row) != row.digest:
        return "the event or a seal before it was changed or removed"
    return ""
