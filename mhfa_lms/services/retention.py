"""What is kept for how long, and removing what is not to be kept any more.

Each duty finds what is due by its dates alone and removes it in small transactions of its own, so that a run may be
killed, repeated, or go on in several workers at once. A second run finds nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms.db import session as reading
from mhfa_lms.db import transaction
from mhfa_lms.models import Job
from mhfa_lms.policy import Actor, Can, require
from mhfa_lms.services import audit, retention_people, retention_records, retention_traces, work
from mhfa_lms.services.retention_due import Due

JOB: Final = "retention"
BATCH: Final = 100
# The most one run removes of each kind; what is left is taken up by the next one at once.
MOST: Final = 2_000
SUBJECT: Final = "installation"


@dataclass(frozen=True, slots=True)
class Duty:
    """One kind of thing that is not kept for ever.

    `find` returns the first so many that are due; with `lock` nobody else gets them meanwhile. `remove` removes them in
    the same transaction. The words of `about` are for people who run the installation.
    """

    name: str
    about: str
    find: Callable[[Session, datetime, int, bool], list[Due]]
    remove: Callable[[Session, list[Due], Actor, datetime], None]


# In this order: a certificate's end lets go of a membership, and a membership's of an account.
DUTIES: Final[tuple[Duty, ...]] = (
    Duty(
        "certificates",
        "Certificates long expired lose the name; the answers and texts behind them go",
        retention_records.find_certificates,
        retention_records.reduce_certificates,
    ),
    Duty(
        "memberships",
        "People who left long ago, and hold no certificate that is kept, lose their name there",
        retention_records.find_memberships,
        retention_records.reduce_memberships,
    ),
    Duty(
        "cases",
        "Safeguarding cases that ended long ago go, with all that was written in them",
        retention_records.find_cases,
        retention_records.remove_cases,
    ),
    Duty(
        "accounts",
        "Accounts that belong nowhere any more are erased",
        retention_people.find_unused,
        retention_people.erase,
    ),
    Duty(
        "unconfirmed",
        "Accounts whose address was not confirmed within 30 days are erased",
        retention_people.find_unconfirmed,
        retention_people.erase,
    ),
    *(Duty(one.name, one.about, one.find, one.remove) for one in retention_traces.TRACES),
)


def run(duty: Duty, *, by: Actor, now: datetime, limit: int = MOST) -> int:
    """Remove up to `limit` of what is due; returns how many. Each batch is one transaction with one event at least."""
    require(by, Can.ADMINISTER)
    removed = 0
    while removed < limit:
        with transaction() as session:
            due = duty.find(session, now, min(BATCH, limit - removed), True)
            if due:
                duty.remove(session, due, by, now)
                _note(session, duty.name, len(due), by=by, now=now)
        if not due:
            break
        removed += len(due)
    return removed


def _note(session: Session, kind: str, rows: int, *, by: Actor, now: datetime) -> None:
    audit.record(session, "retention.applied", by=by, now=now, subject=SUBJECT, subject_id=0, kind=kind, rows=rows)


def plan(duty: Duty, *, now: datetime, limit: int) -> Sequence[Due]:
    """Return the first so many that a run at `now` would remove. Changes nothing."""
    session = reading()
    try:
        return duty.find(session, now, limit, False)
    finally:
        session.rollback()


def post_daily(*, now: datetime) -> bool:
    """Post today's run, once however many workers ask; returns whether this call did."""
    key = _key(now.date(), 0)
    session = reading()
    there = session.scalars(select(Job.id).where(Job.key == key)).one_or_none()
    session.rollback()
    if there is not None:
        return False
    with transaction() as session:
        return work.post(session, JOB, key=key, now=now, payload={"day": now.date().isoformat(), "run": 0}) is not None


def post_next(day: str, number: int, *, now: datetime) -> None:
    """Post a further run of a day on which one did not remove everything."""
    with transaction() as session:
        key = _key(date.fromisoformat(day), number)
        work.post(session, JOB, key=key, now=now, payload={"day": day, "run": number})


def _key(day: date, number: int) -> str:
    return f"{JOB}:{day.isoformat()}:{number}"
