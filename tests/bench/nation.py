"""A national register for the scheduler's tick: very many certificates, of which a known number is due today.

Made by the database itself, with INSERT ... SELECT: a million certificates, with all that hangs on them, take about a
minute. Two thirds of the certificates whose reminder has come were reminded; the older one of each pair counts no more.
"""

from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Integer, Select, case, cast, func, insert, literal, select, text
from sqlalchemy import Date as CivilDate
from sqlalchemy import String as Text

from mhfa_lms import db
from mhfa_lms.models import (
    Account,
    AuditEvent,
    AuditSeal,
    Certificate,
    CertificationType,
    Membership,
    MembershipRole,
    Message,
    Organisation,
    Reminder,
    Role,
    WorkState,
)
from tests.bench import bulk

ORGANISATIONS: Final = 200
ZONES: Final = ("UTC", "Europe/London", "Asia/Kolkata", "America/Bogota")
DUE: Final = 1_000
DUE_IN: Final = 90
# How far from today the newest certificates end: evenly over four years.
FIRST, DAYS = -365, 1_460


def seed(certificates: int, now: datetime, *, due: int = DUE) -> None:
    """Fill a migrated database: half of the certificates are the newest of their holders, `due` of them due today."""
    holders, today = certificates // 2, now.date()
    organisations = bulk.insert_all(
        Organisation,
        [
            {"slug": f"org{one}", "name": f"Org {one}", "timezone": ZONES[one % len(ZONES)], "created_at": now}
            for one in range(ORGANISATIONS)
        ],
    )
    (type_id,) = bulk.insert_all(CertificationType, [{"slug": "first-aider", "name": "First aider"}])
    _people(holders, organisations[0], now)
    _certificates(holders, organisations[0], type_id, today, now, due)
    _reminded(today, now, due)
    _trail(certificates, now)
    bulk.settle()
    if _is_sqlite():
        with db.transaction() as session:
            session.execute(text("ANALYZE"))
        # Whoever measures begins with connections as the program makes them.
        db.reopen()


def _numbers(count: int) -> Any:
    first = select(literal(1, BigInteger).label("i")).cte("n", recursive=True)
    return first.union_all(select(first.c.i + 1).where(first.c.i < count))


def _day(today: date, days: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a day so many days from today, in the database's own arithmetic."""
    if _is_sqlite():
        return func.date(today.isoformat(), cast(days, Text).concat(" days"))
    return literal(today, CivilDate) + cast(days, Integer)


def _fill(model: Any, columns: dict[str, Any], source: Select[Any] | None = None, rows: Any = None) -> None:
    """Insert what a select yields; columns that are not named get the model's own defaults."""
    chosen = select(*columns.values()).select_from(rows) if source is None else source
    with db.transaction() as session:
        if _is_sqlite():
            # Indexes in no order are filled in memory: with the usual 2 MB a million rows take ten times as long.
            session.execute(text("PRAGMA cache_size = -1000000"))
        session.connection().execute(insert(model.__table__).from_select(list(columns), chosen))


def _people(holders: int, first: int, now: datetime) -> None:
    n = _numbers(holders)
    email = literal("person").concat(cast(n.c.i, Text)).concat("@example.org")
    at = literal(now, Account.__table__.c.created_at.type)
    _fill(
        Account,
        {"id": n.c.i, "email": email, "email_key": email, "created_at": at, "confirmed_at": at},
        rows=n,
    )
    n = _numbers(holders)
    name = literal("Amina Yusuf ").concat(cast(n.c.i, Text))
    _fill(
        Membership,
        {
            "id": n.c.i,
            "account_id": n.c.i,
            "organisation_id": first + n.c.i % ORGANISATIONS,
            "name": name,
            "sort_key": func.lower(name),
            "joined_at": at,
        },
        rows=n,
    )
    n = _numbers(ORGANISATIONS)
    _fill(MembershipRole, {"membership_id": n.c.i, "role": literal(Role.COORDINATOR.value)}, rows=n)


def _certificates(holders: int, first: int, type_id: int, today: date, now: datetime, due: int) -> None:
    """The newest ones have the ids 1 to `holders`, the older ones those above; every other one's link is stored."""
    at = literal(now, Certificate.__table__.c.issued_at.type)
    for earlier in (False, True):
        n = _numbers(holders)
        spread = literal(FIRST) + n.c.i * 997 % DAYS
        ends = case((n.c.i <= due, literal(DUE_IN)), else_=spread) - (1_095 if earlier else 0)
        started = _day(today, ends - 1_095)
        shift = holders if earlier else 0
        digits = cast(n.c.i + shift + 10**15, Text)
        columns = {
            "id": n.c.i + shift,
            "code": digits,
            "membership_id": n.c.i,
            "organisation_id": first + n.c.i % ORGANISATIONS,
            "certification_type_id": literal(type_id),
            **{one: literal("Amina Yusuf") for one in ("name", "sort_key")},
            **{one: literal("A name") for one in ("type_name", "course_title", "organisation_name", "issuer_name")},
            "locale": literal("en"),
            **dict.fromkeys(("completed_on", "starts_on", "issued_on"), started),
            "expires_on": _day(today, ends),
            "window_opens_on": _day(today, ends - 180),
            "window_closes_on": _day(today, ends + 90),
            "issued_at": at,
            "renewed_by_id": case((n.c.i % 2 == 0, n.c.i), else_=None) if earlier else literal(None),
        }
        _fill(Certificate, columns, rows=n)


def _reminded(today: date, now: datetime, due: int) -> None:
    """Whoever's day came before today has been reminded: the mail is sent and the reminder is on record."""
    held = Certificate.__table__
    reached = select(held).where(
        held.c.id > due,
        held.c.renewed_by_id.is_(None),
        held.c.expires_on <= today + timedelta(days=180),
        held.c.window_closes_on >= today - timedelta(days=2),
    )
    key = literal("reminder:").concat(held.c.code)
    at = literal(now, Message.__table__.c.created_at.type)
    columns = {
        "id": held.c.id,
        "key": key,
        "kind": literal("reminder"),
        "organisation_id": held.c.organisation_id,
        "account_id": held.c.membership_id,
        "locale": literal("en"),
        "state": literal(WorkState.DONE.value),
        **dict.fromkeys(("created_at", "due_at", "done_at"), at),
        "internet_id": key,
    }
    _fill(Message, columns, reached.with_only_columns(*columns.values()))
    latest = case(
        (held.c.expires_on < today, -1),
        (held.c.expires_on <= today + timedelta(days=1), 0),
        (held.c.expires_on <= today + timedelta(days=31), 30),
        (held.c.expires_on <= today + timedelta(days=91), 90),
        else_=180,
    )
    posted = {"certificate_id": held.c.id, "offset_days": latest, "message_id": held.c.id, "posted_at": at}
    _fill(Reminder, posted, reached.with_only_columns(*posted.values()))


def _trail(events: int, now: datetime) -> None:
    """As many sealed events as certificates; the seals' hashes are not true, which sealing does not look at."""
    at = literal(now, AuditEvent.__table__.c.at.type)
    n = _numbers(events)
    _fill(
        AuditEvent,
        {
            "id": n.c.i,
            "at": at,
            "account_id": literal(0),
            "verb": literal("certificate-issued"),
            "subject": literal("certificate"),
            "subject_id": n.c.i,
        },
        rows=n,
    )
    n = _numbers(events)
    digest = func.substr(literal("0" * 64).concat(cast(n.c.i, Text)), -64 if _is_sqlite() else 1, 64)
    _fill(AuditSeal, {"id": n.c.i, "event_id": n.c.i, "digest": digest, "sealed_at": at}, rows=n)


def _is_sqlite() -> bool:
    return db.engine().dialect.name == "sqlite"
