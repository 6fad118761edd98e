"""Certificates from before: issued on paper or by an earlier system, recorded from a table, each once.

Only people of the coordinator's own organisation are matched, by the address of their account or their work address
there, or by the number the organisation gave them. Whether an address has an account elsewhere makes no difference to
any answer. Nobody is told by mail; from then on a certificate counts, is reminded of and renewed like any other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import func, or_, select, tuple_
from sqlalchemy.orm import Session

from mhfa_lms import clock, db
from mhfa_lms.db import insert
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import Account, Certificate, Membership, Organisation
from mhfa_lms.policy import Actor, Can, require, scope
from mhfa_lms.services import audit, names
from mhfa_lms.services.history_kinds import Kind, issuer, kinds
from mhfa_lms.services.history_rows import Earlier, Fault, Line, read
from mhfa_lms.services.secrets import new_code

PIECE: Final = 200
Key = tuple[int, int, date]


@dataclass(frozen=True, slots=True)
class Entry:
    """A row, whose it is and what it certifies."""

    row: Earlier
    membership_id: int
    here: str
    kind: Kind

    @property
    def key(self) -> Key:
        """What there may be once: a person's certificate of a type, completed on a day."""
        return self.membership_id, self.kind.type_id, self.row.completed_on

    @property
    def name(self) -> str:
        """The name on the certificate: as it was then, or as it is here."""
        return self.row.name or self.here

    @property
    def expires_on(self) -> date:
        """The last day it counts, as the file says or by the rules."""
        return self.kind.period(self.row.completed_on, self.row.expires_on).expires_on

    @property
    def is_other_name(self) -> bool:
        """Whether the file calls the person something else than the organisation does."""
        return names.sort_key(self.name) != names.sort_key(self.here)


@dataclass(slots=True)
class Plan:
    """What recording a table would do: new certificates, rows that are known already, and rows that make no sense."""

    new: list[Entry] = field(default_factory=list)
    known: list[int] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    @property
    def other_names(self) -> list[Entry]:
        """The new ones whose names differ: somebody should look whether it is the same person."""
        return [one for one in self.new if one.is_other_name]


def plan(lines: Iterable[Line], *, by: Actor, now: datetime) -> Plan:
    """Return what recording the rows would do; saves nothing. Raises `Forbidden`."""
    require(by, Can.RECORD_HISTORY)
    session = db.session()
    found, seen = Plan(), set[Key]()
    offered = kinds(session, by)
    rows = []
    for one in read(lines, today=clock.civil_date(now, by.timezone)):
        if isinstance(one, Earlier):
            rows.append(one)
        else:
            found.faults.append(one)
    for start in range(0, len(rows), PIECE):
        _add(session, rows[start : start + PIECE], offered, found, seen, by)
    session.rollback()
    found.faults.sort(key=lambda one: one.number)
    return found


def _add(
    session: Session, rows: Sequence[Earlier], offered: dict[str, Kind], found: Plan, seen: set[Key], by: Actor
) -> None:
    people = _people(session, rows, by)
    entries = []
    for row in rows:
        kind, who = offered.get(row.course.casefold()), people.get(row.email) or people.get(f"#{row.employee_id}")
        if kind is None:
            fix = _("Name a course of this site, or what it certifies, as it is written here.")
            found.faults.append(Fault(row.number, row.course, fix))
        elif who is None:
            fix = _(
                "Nobody in your organisation has this address or number. Invite them, and upload the file again once "
                "they are here."
            )
            found.faults.append(Fault(row.number, row.who, fix))
        else:
            entries.append(Entry(row, who[0], who[1], kind))
    there = _recorded(session, [one.key for one in entries])
    for entry in entries:
        if entry.key in there or entry.key in seen:
            found.known.append(entry.row.number)
        else:
            found.new.append(entry)
        seen.add(entry.key)


def _people(session: Session, rows: Sequence[Earlier], by: Actor) -> dict[str, tuple[int, str]]:
    """Return the organisation's people by address and by #number: membership and name. Nobody whom two match."""
    addresses = {row.email for row in rows if row.email}
    numbers = {row.employee_id for row in rows if row.employee_id}
    work = func.lower(Membership.work_email)
    query = (
        select(Membership.id, Membership.name, Account.email_key, work.label("work"), Membership.employee_id)
        .join(Account, Account.id == Membership.account_id)
        .where(
            scope(by, Membership),
            Account.erased_at.is_(None),
            or_(Account.email_key.in_(addresses), work.in_(addresses), Membership.employee_id.in_(numbers)),
        )
    )
    found = session.execute(query).all()
    people: dict[str, set[tuple[int, str]]] = {}
    for row in found:
        for key in (row.work, f"#{row.employee_id}" if row.employee_id else ""):
            if key:
                people.setdefault(key, set()).add((row.id, row.name))
    unique = {key: next(iter(several)) for key, several in people.items() if len(several) == 1}
    # The address of the account is one person's alone.
    return unique | {row.email_key: (row.id, row.name) for row in found}


def _recorded(session: Session, keys: Sequence[Key]) -> set[Key]:
    columns = (Certificate.membership_id, Certificate.certification_type_id, Certificate.completed_on)
    if not keys:
        return set()
    rows = session.execute(select(*columns).where(tuple_(*columns).in_(keys)))
    return {(row[0], row[1], row[2]) for row in rows}


def record(entries: Sequence[Entry], *, by: Actor, now: datetime) -> int:
    """Record certificates of a plan and return how many are new; those that are there by now stay as they are.

    Some at a time, each piece in a transaction of its own: stopped in the middle, it is repeated without harm. Raises
    `Forbidden`.
    """
    require(by, Can.RECORD_HISTORY)
    made = 0
    for start in range(0, len(entries), PIECE):
        with db.transaction() as session:
            made += _record(session, entries[start : start + PIECE], by, now)
    return made


def _record(session: Session, entries: Sequence[Entry], by: Actor, now: datetime) -> int:
    owner = session.get_one(Organisation, by.organisation_id)
    mine = {one.membership_id for one in entries}
    # Whoever left or was erased since the preview is looked for again, within the organisation.
    still = set(session.scalars(select(Membership.id).where(scope(by, Membership), Membership.id.in_(mine))))
    there = _recorded(session, [one.key for one in entries])
    values = [_values(one, owner, now) for one in entries if one.membership_id in still and one.key not in there]
    if not values:
        return 0
    statement = (
        insert(session, Certificate)
        .values(values)
        .on_conflict_do_nothing(index_elements=["imported_key"])
        .returning(Certificate.id)
    )
    made = session.scalars(statement).all()
    for certificate_id in made:
        audit.record(
            session,
            "certificate-imported",
            by=by,
            now=now,
            subject="certificate",
            subject_id=certificate_id,
            organisation_id=owner.id,
        )
    return len(made)


def _values(entry: Entry, owner: Organisation, now: datetime) -> dict[str, Any]:
    row, kind = entry.row, entry.kind
    dates = kind.period(row.completed_on, row.expires_on)
    return {
        "code": new_code(),
        "imported_key": ":".join(map(str, entry.key)),
        "is_imported": True,
        "evidence": row.evidence,
        "membership_id": entry.membership_id,
        "organisation_id": owner.id,
        "certification_type_id": kind.type_id,
        "name": entry.name,
        "sort_key": names.sort_key(entry.name),
        "type_name": kind.type_name,
        "course_title": kind.course_title,
        "organisation_name": owner.name,
        "issuer_name": issuer(owner),
        "locale": kind.locale or owner.locale,
        "completed_on": row.completed_on,
        "starts_on": dates.starts_on,
        "expires_on": dates.expires_on,
        "window_opens_on": dates.window_opens_on,
        "window_closes_on": dates.window_closes_on,
        "renewal_basis": kind.basis,
        "earned_by": kind.earned_by,
        "full_course_next": kind.full_course_next,
        "issued_at": now,
        "issued_on": row.completed_on,
    }
