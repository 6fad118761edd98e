"""Recording earlier certificates: of members at once; of others when they join with the address in the table.

A certificate hangs on a membership, and nobody is made a member by somebody else's table. So what belongs to people who
are not here yet waits. It becomes theirs when they join the same organisation and have proven the address: by the link
of an invitation that was sent to it, or by an account confirmed with it; of a member, when they change to that address.
Nobody is told by mail of what was recorded.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from mhfa_lms import db
from mhfa_lms.db import insert
from mhfa_lms.models import (
    AwaitedCertificate,
    Certificate,
    CertificateImport,
    CourseKind,
    Membership,
    Organisation,
    RenewalBasis,
)
from mhfa_lms.policy import SYSTEM, Actor, Can, require, scope
from mhfa_lms.services import audit, history_links, names
from mhfa_lms.services.history import Becomes, Entry, Outcome, Planner, pieces
from mhfa_lms.services.history_kinds import issuer
from mhfa_lms.services.history_rows import Line
from mhfa_lms.services.secrets import new_code

Values = dict[str, Any]
DAYS: Final = ("starts_on", "expires_on", "window_opens_on", "window_closes_on")
LONGEST_FILE_NAME: Final = 120


@dataclass(frozen=True, slots=True)
class Row:
    """What became of a row: with the number of its certificate, where there is one."""

    outcome: Outcome
    code: str = ""


def begin(session: Session, file_name: str, *, by: Actor, now: datetime) -> int:
    """Note that a table is being recorded, in the caller's transaction; returns its id. Raises `Forbidden`."""
    require(by, Can.RECORD_HISTORY)
    row = CertificateImport(
        organisation_id=by.organisation_id,
        account_id=by.account_id or None,
        file_name=file_name[-LONGEST_FILE_NAME:],
        begun_at=now,
    )
    session.add(row)
    session.flush()
    audit.about(session, "certificate-import-begun", row, by=by, now=now)
    return row.id


def record(entries: Sequence[Entry], *, by: Actor, now: datetime, file_name: str = "") -> int:
    """Record certificates of a plan and return how many are new; those that are there by now stay as they are.

    Some at a time, each piece in a transaction of its own: stopped in the middle, it is repeated without harm. Raises
    `Forbidden`.
    """
    return sum(made for made, _rows in record_in_pieces(entries, file_name, by=by, now=now))


def record_in_pieces(
    entries: Sequence[Entry], file_name: str, *, by: Actor, now: datetime
) -> Iterator[tuple[int, int]]:
    """Record certificates as `record` does, and yield after each piece how many are new, and how many rows it had."""
    with db.transaction() as session:
        import_id = begin(session, file_name, by=by, now=now)
    for some in pieces(entries):
        with db.transaction() as session:
            made = len(_record(session, some, import_id, by, now))
        yield made, len(some)


def record_lines(planner: Planner, lines: Sequence[Line], import_id: int, *, by: Actor, now: datetime) -> list[Row]:
    """Record the rows of a table, in one transaction, and return what became of each.

    Repeated after a crash, a row that was recorded by the same import is told as new again. Raises `Forbidden`.
    """
    require(by, Can.RECORD_HISTORY)
    with db.transaction() as session:
        # Whoever joins meanwhile waits here, or was a member before the look.
        _owner(session, by.organisation_id or 0)
        outcomes = planner.look(session, lines)
        made = _record(session, _new(outcomes), import_id, by, now)
        return [_row(one, made, import_id) for one in outcomes]


def _new(outcomes: Iterable[Outcome]) -> list[Entry]:
    return [one.entry for one in outcomes if one.entry and one.becomes in {Becomes.NEW, Becomes.AWAITED}]


def _row(one: Outcome, made: dict[str, str], import_id: int) -> Row:
    entry = one.entry
    if entry is None:
        return Row(one)
    if one.becomes is Becomes.KNOWN and one.import_id == import_id:
        becomes = Becomes.AWAITED if entry.membership_id is None else Becomes.NEW
        one = Outcome(one.number, becomes, entry, None, one.code)
    return Row(one, one.code or made.get(_imported_key(*entry.key), ""))


def _owner(session: Session, organisation_id: int) -> Organisation:
    return session.get_one(Organisation, organisation_id, with_for_update={"key_share": True})


def _record(session: Session, entries: Sequence[Entry], import_id: int, by: Actor, now: datetime) -> dict[str, str]:
    owner = _owner(session, by.organisation_id or 0)
    mine = {one.membership_id for one in entries if one.membership_id is not None}
    # Whoever left or was erased since the preview is looked for again, within the organisation.
    still = set(session.scalars(select(Membership.id).where(scope(by, Membership), Membership.id.in_(mine))))
    _await(session, [one for one in entries if one.membership_id is None], owner, import_id, now)
    values = [
        {"membership_id": one.membership_id, "name": one.name, **_values(one, owner), "import_id": import_id}
        for one in entries
        if one.membership_id in still
    ]
    return _put(session, values, owner, by=by, now=now)


def _values(entry: Entry, owner: Organisation) -> Values:
    row, kind = entry.row, entry.kind
    dates = kind.period(row.completed_on, row.expires_on)
    return {
        "evidence": row.evidence,
        "certification_type_id": kind.type_id,
        "type_name": kind.type_name,
        "course_title": kind.course_title,
        "organisation_name": owner.name,
        "issuer_name": issuer(owner),
        "locale": kind.locale or owner.locale,
        "completed_on": row.completed_on,
        **{day: getattr(dates, day) for day in DAYS},
        "renewal_basis": kind.basis,
        "earned_by": kind.earned_by,
        "full_course_next": kind.full_course_next,
    }


def _imported_key(*key: object) -> str:
    return ":".join(map(str, key))


def _put(session: Session, rows: Iterable[Values], owner: Organisation, *, by: Actor, now: datetime) -> dict[str, str]:
    """Write certificates that are not there yet, linked as renewals; returns their numbers by the row's key."""
    wanted = {
        _imported_key(row["membership_id"], row["certification_type_id"], row["completed_on"]): row for row in rows
    }
    whose = {(row["membership_id"], row["certification_type_id"]) for row in wanted.values()}
    members = {one for one, _type in whose}
    columns = (Certificate.membership_id, Certificate.certification_type_id, Certificate.completed_on)
    # Those that were issued here, and corrected ones, have no key of their own.
    there = {_imported_key(*one) for one in session.execute(select(*columns).where(columns[0].in_(members)))}
    values = [
        {
            **row,
            "code": new_code(),
            "imported_key": key,
            "is_imported": True,
            "organisation_id": owner.id,
            "sort_key": names.sort_key(row["name"]),
            "issued_at": now,
            "issued_on": row["completed_on"],
        }
        for key, row in wanted.items()
        if key not in there
    ]
    if not values:
        return {}
    statement = (
        insert(session, Certificate)
        .values(values)
        .on_conflict_do_nothing(index_elements=["imported_key"])
        .returning(Certificate.id, Certificate.imported_key, Certificate.code)
    )
    made = session.execute(statement).all()
    for one in made:
        audit.record(
            session,
            "certificate-imported",
            by=by,
            now=now,
            subject="certificate",
            subject_id=one.id,
            organisation_id=owner.id,
        )
    history_links.link(session, whose, by=by, now=now)
    return {str(one.imported_key): one.code for one in made}


def _await(session: Session, entries: Sequence[Entry], owner: Organisation, import_id: int, now: datetime) -> None:
    rows = [
        {
            "organisation_id": owner.id,
            "import_id": import_id,
            "email": one.row.address,
            "email_key": one.row.email,
            "name": one.row.name,
            "created_at": now,
            **_kept(_values(one, owner)),
        }
        for one in entries
    ]
    if rows:
        session.execute(insert(session, AwaitedCertificate).values(rows).on_conflict_do_nothing())


def _kept(values: Values) -> Values:
    columns = ("certification_type_id", "completed_on", "evidence")
    facts = {name: _text(value) for name, value in values.items() if name not in columns}
    return {**{name: values[name] for name in columns}, "facts": facts}


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _facts(kept: dict[str, Any]) -> Values:
    return {
        **kept,
        **{day: date.fromisoformat(kept[day]) for day in DAYS},
        "renewal_basis": RenewalBasis(kept["renewal_basis"]),
        "earned_by": CourseKind(kept["earned_by"]),
    }


def hand_over(session: Session, membership: Membership, addresses: Iterable[str], *, now: datetime) -> int:
    """Record what waited for somebody who has just joined, in the caller's transaction; returns how many are new.

    `addresses` are those they have proven, to compare (`names.email_key`).
    """
    owner = _owner(session, membership.organisation_id)
    mine = (
        AwaitedCertificate.organisation_id == membership.organisation_id,
        AwaitedCertificate.email_key.in_(sorted(set(addresses))),
    )
    waiting = session.scalars(select(AwaitedCertificate).where(*mine).order_by(AwaitedCertificate.id)).all()
    if not waiting:
        return 0
    values = [
        {
            **_facts(one.facts),
            "membership_id": membership.id,
            "name": one.name or membership.name,
            "evidence": one.evidence,
            "certification_type_id": one.certification_type_id,
            "completed_on": one.completed_on,
            "import_id": one.import_id,
        }
        for one in waiting
    ]
    made = _put(session, values, owner, by=SYSTEM, now=now)
    session.execute(delete(AwaitedCertificate).where(*mine).execution_options(synchronize_session=False))
    return len(made)
