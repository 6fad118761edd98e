"""Reading the audit trail, for administrators: filtered, the newest first, a page at a time or whole as a table."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, and_, func, select, true
from sqlalchemy.orm import Session

from mhfa_lms import db
from mhfa_lms.models import Account, AuditEvent, AuditSeal, Certificate, Organisation
from mhfa_lms.policy import Actor, Can, require
from mhfa_lms.services import audit, paging, sealing
from mhfa_lms.services.names import email_key
from mhfa_lms.services.secrets import read_code

# What the installation itself did is written so, in the filter and in the file.
INSTALLATION: Final = "installation"
BATCH: Final = 500
COLUMNS: Final = ("number", "at", "verb", "account", "organisation", "kind", "subject", "facts")
EVENT: Final = (
    AuditEvent.id,
    AuditEvent.at,
    AuditEvent.verb,
    AuditEvent.account_id,
    AuditEvent.organisation_id,
    AuditEvent.subject,
    AuditEvent.subject_id,
    AuditEvent.data,
)


@dataclass(frozen=True, slots=True)
class Filters:
    """What to show; each one left empty lets every event through. Days are civil days in the reader's zone, inclusive.

    `who` is an e-mail address, an account's number, or `installation`; `subject` is a number, or a certificate's code.
    """

    verb: str = ""
    who: str = ""
    kind: str = ""
    subject: str = ""
    organisation: str = ""
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """Filters whose words have been looked up."""

    condition: ColumnElement[bool]
    by: Actor
    zone: str


@dataclass(frozen=True, slots=True)
class Chain:
    """How far the trail is sealed."""

    last_event: int | None
    sealed_at: datetime | None
    unsealed: int


def query(session: Session, filters: Filters, *, by: Actor) -> Query:
    """Look the filters' words up; what is not there finds nothing. At most three queries. Raises `Forbidden`."""
    require(by, Can.ADMINISTER)
    conditions = [*_plain(filters, by.timezone), *_looked_up(session, filters)]
    return Query(and_(true(), *conditions), by, by.timezone)


def _plain(filters: Filters, zone: str) -> Iterator[ColumnElement[bool]]:
    if filters.verb:
        yield AuditEvent.verb == filters.verb
    if filters.kind:
        yield AuditEvent.subject == filters.kind
    if filters.since:
        yield AuditEvent.at >= _midnight(filters.since, zone)
    if filters.until and filters.until < date.max:
        yield AuditEvent.at < _midnight(filters.until + timedelta(days=1), zone)


def _midnight(day: date, zone: str) -> datetime:
    try:
        return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)
    except OverflowError:
        # The very first and last days there are, in a zone far from Greenwich.
        return datetime.combine(day, time.min, UTC)


def _looked_up(session: Session, filters: Filters) -> Iterator[ColumnElement[bool]]:
    if filters.who:
        yield AuditEvent.account_id == _account(session, filters.who)
    if filters.organisation:
        found = session.scalar(select(Organisation.id).where(Organisation.slug == filters.organisation))
        yield AuditEvent.organisation_id == (found or -1)
    if filters.subject:
        yield from _subject(session, filters.subject)


def _account(session: Session, who: str) -> int:
    if who.lower() == INSTALLATION:
        return 0
    if (number := _number(who)) is not None:
        return number
    return session.scalar(select(Account.id).where(Account.email_key == email_key(who))) or -1


def _subject(session: Session, text: str) -> Iterator[ColumnElement[bool]]:
    if (number := _number(text)) is not None:
        yield AuditEvent.subject_id == number
        return
    code = read_code(text)
    found = session.scalar(select(Certificate.id).where(Certificate.code == code)) if code else None
    yield AuditEvent.subject == Certificate.__tablename__
    yield AuditEvent.subject_id == (found or -1)


def _number(text: str) -> int | None:
    # A number too large for the column finds nothing, on either database.
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def page(session: Session, wanted: Query, place: paging.Place) -> paging.Page[Any]:
    """Return 25 events, the newest first."""
    order = paging.Order(AuditEvent.at, AuditEvent.id, true(), newest_first=True)
    return paging.page(session, select(*EVENT).where(wanted.condition), order, place)


def total(session: Session, wanted: Query) -> paging.Total:
    """Return how many events the filters let through, exactly up to 10,000."""
    return paging.count(session, select(AuditEvent.id).where(wanted.condition))


def chain(session: Session) -> Chain:
    """Return how far the trail is sealed. Two queries."""
    last = session.execute(
        select(AuditSeal.event_id, AuditSeal.sealed_at).order_by(AuditSeal.id.desc()).limit(1)
    ).first()
    return Chain(last.event_id if last else None, last.sealed_at if last else None, sealing.tail(session))


class Export:
    """All events of a query as text, in ids and words of the program, read in batches. `close` it in any case."""

    def __init__(self, connection: Connection, wanted: Query) -> None:
        self._connection = connection
        self._wanted = wanted

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Yield each event in the order of `COLUMNS`, the newest first; times are in UTC."""
        statement = select(*EVENT).where(self._wanted.condition).order_by(AuditEvent.at.desc(), AuditEvent.id.desc())
        found = self._connection.execute(statement, execution_options={"stream_results": True, "yield_per": BATCH})
        try:
            for some in found.partitions():
                yield from map(_as_text, some)
        finally:
            self.close()

    def close(self) -> None:
        """Let the connection go."""
        self._connection.close()


def _as_text(row: Any) -> tuple[str, ...]:
    return (
        str(row.id),
        row.at.isoformat(timespec="seconds"),
        row.verb,
        str(row.account_id) if row.account_id else INSTALLATION,
        str(row.organisation_id or ""),
        row.subject,
        str(row.subject_id),
        json.dumps(row.data, sort_keys=True) if row.data else "",
    )


def export(wanted: Query, *, now: datetime) -> Export:
    """Begin an export; the trail itself notes who took how many rows."""
    require(wanted.by, Can.ADMINISTER)
    count = db.session().scalar(select(func.count(AuditEvent.id)).where(wanted.condition)) or 0
    with db.transaction() as session:
        audit.record(
            session,
            "audit-exported",
            by=wanted.by,
            now=now,
            subject="installation",
            subject_id=0,
            rows=count,
        )
    return Export(db.engine().connect(), wanted)
