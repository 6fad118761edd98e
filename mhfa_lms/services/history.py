"""Certificates from before: issued on paper or by an earlier system, read from a table. What each row would become.

Only people of the coordinator's own organisation are matched, by the address of their account or their work address
there, or by the number the organisation gave them. Whether an address has an account elsewhere makes no difference to
any answer: a certificate of somebody who is no member here waits until they join (`history_waiting`).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from itertools import islice
from typing import Final, TypeVar

from sqlalchemy import func, or_, select, tuple_
from sqlalchemy.orm import Session

from mhfa_lms import clock, db
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import Account, AwaitedCertificate, Certificate, Invitation, Membership
from mhfa_lms.policy import Actor, Can, require, scope
from mhfa_lms.services import names
from mhfa_lms.services.history_kinds import Kind, kinds
from mhfa_lms.services.history_rows import Earlier, Fault, Line, is_address, read

PIECE: Final = 200
# A membership's or, of somebody who is none yet, an address's certificate of a type, completed on a day.
Key = tuple[int | str, int, date]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """A row, whose it is and what it certifies. Without a membership it waits for its holder."""

    row: Earlier
    membership_id: int | None
    here: str
    kind: Kind

    @property
    def key(self) -> Key:
        """What there may be once."""
        return self.membership_id or self.row.email, self.kind.type_id, self.row.completed_on

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
        return self.membership_id is not None and names.sort_key(self.name) != names.sort_key(self.here)


class Becomes(StrEnum):
    """What becomes of a row."""

    NEW = "new"
    AWAITED = "awaited"  # kept until its holder joins
    KNOWN = "known"
    FAULTY = "faulty"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of one row. What is known already tells its number, if it has one, and the table it came from."""

    number: int
    becomes: Becomes
    entry: Entry | None = None
    fault: Fault | None = None
    code: str = ""
    import_id: int | None = None


@dataclass(slots=True)
class Plan:
    """What recording a table would do: new certificates, rows that are known already, and rows that make no sense.

    `invited` are the addresses of those awaited who hold an invitation that still works.
    """

    new: list[Entry] = field(default_factory=list)
    awaited: list[Entry] = field(default_factory=list)
    known: list[int] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    absent: set[str] = field(default_factory=set)
    invited: set[str] = field(default_factory=set)

    @property
    def other_names(self) -> list[Entry]:
        """The new ones whose names differ: somebody should look whether it is the same person."""
        return [one for one in self.new if one.is_other_name]

    def add(self, found: Iterable[Outcome]) -> None:
        """Take in what becomes of some rows."""
        for one in found:
            if one.fault is not None:
                self.faults.append(one.fault)
            elif one.becomes is Becomes.KNOWN:
                self.known.append(one.number)
            elif one.entry is not None:
                (self.new if one.becomes is Becomes.NEW else self.awaited).append(one.entry)
            if one.entry is not None and one.entry.membership_id is None:
                self.absent.add(one.entry.row.email)


class Planner:
    """Looks at the rows of one table, some at a time; what stands in it twice is found the second time."""

    def __init__(self, session: Session, *, by: Actor, now: datetime) -> None:
        require(by, Can.RECORD_HISTORY)
        self._by = by
        self._today = clock.civil_date(now, by.timezone)
        self._kinds = kinds(session, by)
        self._seen: set[Key] = set()

    def look(self, session: Session, lines: Iterable[Line]) -> list[Outcome]:
        """Return what becomes of each row. Four queries."""
        rows = list(read(lines, today=self._today))
        people = _People(session, [one for one in rows if isinstance(one, Earlier)], self._by)
        entries = [self._entry(one, people) if isinstance(one, Earlier) else one for one in rows]
        there = _recorded(session, [one.key for one in entries if isinstance(one, Entry)], self._by)
        return [self._outcome(one, there) for one in entries]

    def _entry(self, row: Earlier, people: "_People") -> Entry | Fault:
        kind = self._kinds.get(row.course.casefold())
        if kind is None:
            fix = _("Name a course of this site, or what it certifies, as it is written here.")
            return Fault(row.number, row.course, fix)
        if fix := people.fault(row):
            return Fault(row.number, row.who, fix)
        return Entry(row, *people.find(row), kind)

    def _outcome(self, one: Entry | Fault, there: dict[Key, tuple[str, int | None]]) -> Outcome:
        if isinstance(one, Fault):
            return Outcome(one.number, Becomes.FAULTY, fault=one)
        code, import_id = there.get(one.key, ("", None))
        if one.key in self._seen:
            return Outcome(one.row.number, Becomes.KNOWN, one, None, code)
        self._seen.add(one.key)
        if one.key in there:
            return Outcome(one.row.number, Becomes.KNOWN, one, None, code, import_id)
        becomes = Becomes.AWAITED if one.membership_id is None else Becomes.NEW
        return Outcome(one.row.number, becomes, one)


def plan(lines: Iterable[Line], *, by: Actor, now: datetime) -> Plan:
    """Return what recording the rows would do; saves nothing. Raises `Forbidden`."""
    found = Plan()
    for some in looked_at(lines, by=by, now=now):
        found.add(some)
    found.faults.sort(key=lambda one: one.number)
    session = db.session()
    found.invited = invited(session, found.absent, by=by, now=now)
    session.rollback()
    return found


def looked_at(lines: Iterable[Line], *, by: Actor, now: datetime) -> Iterator[list[Outcome]]:
    """Yield what recording the rows would do, some at a time. Raises `Forbidden`."""
    planner = Planner(db.session(), by=by, now=now)
    for some in pieces(lines):
        session = db.session()
        found = planner.look(session, some)
        # Nobody waits for a connection while the caller thinks.
        session.rollback()
        yield found


def pieces(rows: Iterable[T]) -> Iterator[list[T]]:
    """Yield the rows some at a time."""
    rest = iter(rows)
    while some := list(islice(rest, PIECE)):
        yield some


class _People:
    """The organisation's people whom some rows name, by address and by number."""

    def __init__(self, session: Session, rows: Sequence[Earlier], by: Actor) -> None:
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
        several: dict[str, set[tuple[int, str]]] = {}
        self._found: dict[str, set[tuple[int, str]]] = several
        own = {}
        for row in session.execute(query):
            for key in (row.work, f"#{row.employee_id}" if row.employee_id else ""):
                if key:
                    several.setdefault(key, set()).add((row.id, row.name))
            # The address of the account is one person's alone.
            own[row.email_key] = {(row.id, row.name)}
        several.update(own)

    def _those(self, row: Earlier) -> set[tuple[int, str]]:
        return self._found.get(row.email) or self._found.get(f"#{row.employee_id}") or set()

    def find(self, row: Earlier) -> tuple[int | None, str]:
        """Return a row's member and their name; no member where there is none."""
        return next(iter(self._those(row)), (None, ""))

    def fault(self, row: Earlier) -> str:
        """Return what is to be done before it is clear whose a row is; nothing where it is clear."""
        those = self._those(row)
        if len(those) > 1:
            return _("Several people here share this address or number. Give the address one of them signs in with.")
        if those or is_address(row.address):
            return ""
        if row.email:
            return _("This is no e-mail address. Write it in the form name@example.org.")
        return _("Nobody in your organisation has this number. Give the person’s e-mail address.")


def _recorded(session: Session, keys: Sequence[Key], by: Actor) -> dict[Key, tuple[str, int | None]]:
    """Return those of the keys that are there already: number and table of each."""
    of_members = [key for key in keys if isinstance(key[0], int)]
    of_others = [key for key in keys if isinstance(key[0], str)]
    found: dict[Key, tuple[str, int | None]] = {}
    if of_members:
        columns = (Certificate.membership_id, Certificate.certification_type_id, Certificate.completed_on)
        query = select(*columns, Certificate.code, Certificate.import_id).where(tuple_(*columns).in_(of_members))
        found |= {(row[0], row[1], row[2]): (row[3], row[4]) for row in session.execute(query.order_by(Certificate.id))}
    if of_others:
        kept = AwaitedCertificate
        those = (kept.email_key, kept.certification_type_id, kept.completed_on)
        waits = select(*those, kept.import_id).where(scope(by, kept), tuple_(*those).in_(of_others))
        found |= {(row[0], row[1], row[2]): ("", row[3]) for row in session.execute(waits)}
    return found


def invited(session: Session, addresses: Iterable[str], *, by: Actor, now: datetime) -> set[str]:
    """Return those of the addresses that hold an invitation to the organisation that still works."""
    found: set[str] = set()
    for some in pieces(sorted(addresses)):
        query = select(Invitation.email_key).where(
            scope(by, Invitation),
            Invitation.email_key.in_(some),
            Invitation.accepted_at.is_(None),
            Invitation.withdrawn_at.is_(None),
            Invitation.expires_at > now,
        )
        found.update(session.scalars(query))
    return found
