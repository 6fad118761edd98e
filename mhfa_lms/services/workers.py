"""Signs of life: each worker notes once a minute that it is there, in one row of its own."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from mhfa_lms.db import insert, transaction
from mhfa_lms.models import WorkerBeat

# Three rounds: one may be missed while the machine is busy.
ALIVE: Final = timedelta(minutes=3)
FORGOTTEN: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Workers:
    """The workers that were seen lately, by name, and when any worker last looked for what is due."""

    alive: tuple[str, ...]
    last_tick: datetime | None


def beat(name: str, *, version: str, started_at: datetime, ticked: bool, now: datetime) -> None:
    """Note that a worker is there, and whether its round went through. Rows of workers long gone are forgotten."""
    # A clock that was put back must not stop the round.
    said = {"version": version, "started_at": min(started_at, now), "seen_at": now} | (
        {"ticked_at": now} if ticked else {}
    )
    with transaction() as session:
        session.execute(
            insert(session, WorkerBeat)
            .values(name=name, **said)
            .on_conflict_do_update(index_elements=["name"], set_=said)
        )
        session.execute(delete(WorkerBeat).where(WorkerBeat.seen_at < now - FORGOTTEN))


def seen(session: Session, *, now: datetime) -> Workers:
    """Return who is at work. One query."""
    rows = session.execute(select(WorkerBeat.name, WorkerBeat.seen_at, WorkerBeat.ticked_at)).all()
    ticks = [row.ticked_at for row in rows if row.ticked_at is not None]
    return Workers(
        tuple(sorted(row.name for row in rows if now - row.seen_at <= ALIVE)),
        max(ticks, default=None),
    )
