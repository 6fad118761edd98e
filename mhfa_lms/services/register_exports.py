"""Large exports of the register: the very query on screen, written down, and read again piece by piece by the worker.

The rows are those that the register had when the button was pressed, on that day's standing: a certificate issued since
is left out, so that the number on the button holds. What changes meanwhile in a row, shows as it is when it is read.
"""

from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from mhfa_lms import db
from mhfa_lms.models import Certificate
from mhfa_lms.policy import Actor, Can, require
from mhfa_lms.services import register, work
from mhfa_lms.services.periods import Standing
from mhfa_lms.services.register import Filters, Query

# Up to so many rows the file comes at once: about a second, also as XLSX. Above, the worker makes it.
AT_ONCE: Final = 5_000
DAYS: Final = ("issued_from", "issued_to")
Place = tuple[str, int]


def begin(wanted: Query, *, kind: str, bom: bool, name: str, now: datetime) -> int:
    """Have the worker make the file; returns the work's id. The audit trail notes who asked for how many rows.

    Raises `Forbidden` and `TooMuchError`.
    """
    by = wanted.by
    require(by, Can.EXPORT_REGISTER)
    with db.transaction() as session:
        count, last = session.execute(
            wanted.where(select(func.count(Certificate.id), func.coalesce(func.max(Certificate.id), 0)))
        ).one()
        payload = {**written(wanted), "last": last, "format": kind, "bom": bom, "name": name}
        found = work.begin(
            session,
            work.REGISTER_EXPORT,
            by=by,
            now=now,
            payload=payload,
            organisation_id=by.organisation_id,
            total_units=count,
        )
        register.note_export(session, by, kind=kind, rows=count, now=now)
        return found


def written(wanted: Query) -> dict[str, Any]:
    """Return the query as it is written down with the work; `wanted` reads it."""
    found = {**asdict(wanted.filters), "standings": sorted(wanted.filters.standings)}
    for name in DAYS:
        found[name] = found[name].isoformat() if found[name] else None
    return {"filters": found, "today": wanted.today.isoformat(), "zone": wanted.zone}


def read_filters(payload: dict[str, Any]) -> Filters:
    """Return the filters that were written down with the work."""
    found = dict(payload["filters"])
    # Work that waited while the program was updated knows no days.
    days = {name: date.fromisoformat(found[name]) if found.get(name) else None for name in DAYS}
    return Filters(**{**found, **days, "standings": frozenset(Standing(one) for one in found["standings"])})


def wanted(payload: dict[str, Any], by: Actor) -> Query:
    """Return the query that was written down, for whoever asked for it."""
    return Query(by, read_filters(payload), date.fromisoformat(payload["today"]), payload["zone"])


def piece(
    session: Session, query: Query, *, last: int, after: Place | None, size: int
) -> tuple[list[register.Row], Place | None]:
    """Return the next rows in the order of names, and the place to go on from; no rows at the end."""
    statement = register.export_statement(query).add_columns(Certificate.sort_key, Certificate.id)
    statement = statement.where(Certificate.id <= last).limit(size)
    if after is not None:
        statement = statement.where(tuple_(Certificate.sort_key, Certificate.id) > tuple_(*after))
    found = session.execute(statement).all()
    rows = register.as_text([row[:-2] for row in found], query.zone)
    return rows, (found[-1].sort_key, found[-1].id) if found else None
