"""Everything held about a person, for that person: each table's rows as plain values.

One way in for the command line, and one for people themselves, whose copy the worker packs (`jobs.personal_file`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from sqlalchemy import ColumnElement, func, inspect, select, tuple_
from sqlalchemy.orm import Session

from mhfa_lms import clock
from mhfa_lms.db import Base, snapshot, transaction
from mhfa_lms.models import Account, AuditEvent, Certificate, ContactDraft, Reflection, SafeguardingEntry, StoredFile
from mhfa_lms.policy import Actor, Can, require
from mhfa_lms.services import (
    accounts,
    audit,
    contact_drafts,
    names,
    reflections,
    safeguarding_words,
    second_steps,
    work,
)
from mhfa_lms.services.personal import FOR_THEMSELVES, OWN_COPY, ROWS, Person, is_known

# Who is marking an answer at the moment is not the learner's to know.
CLAIM: Final = frozenset({"claimed_by_id", "claimed_until"})
# What opens doors is of no use to the person and would be to a thief of the file: so by the end of its name.
LEFT_OUT: Final = frozenset({"sort_key", "email_key", "sealed_with", "sealed_text"})
SECRET_ENDINGS: Final = ("_hash", "secret", "_key", "codes")
# Links in mails that were sent: some sign in whoever has them.
# `browser` in a confirmation link's data is the hash of a browser's secret; a row's own column of that name is not.
SECRET_FACTS: Final = frozenset({"path", "stop_path", "browser"})
PIECE: Final = 1000
Rows = dict[str, list[dict[str, Any]]]


class UnknownPersonError(LookupError):
    """There is no account with this address, and nothing else that belongs to it."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A certificate's PDF in the storage."""

    code: str
    key: str
    sha256: str


def export(email: str, *, by: Actor, now: datetime) -> Rows:
    """Return all rows about the account of an address, by table. One moment's state; the audit trail notes it.

    Of an address without an account: what is held by it, such as earlier certificates that wait.
    But for what is between the person and safeguarding leads, and what people write for themselves: only the copy they
    make themselves has it.
    Raises `UnknownPersonError` and `Forbidden`.
    """
    require(by, Can.ADMINISTER)
    with transaction() as session:
        who = _who(session, email)
        audit.record(session, "person-exported", by=by, now=now, subject="account", subject_id=max(who.account_id, 0))
    with snapshot() as session:
        kept_back = {model.__tablename__ for model in FOR_THEMSELVES}
        found = {name: rows for name, rows in _rows(session, who).items() if name not in kept_back}
        if not found:
            raise UnknownPersonError(email)
        return found


def _who(session: Session, email: str) -> Person:
    account = accounts.find(session, email)
    if account is not None:
        return Person.of(session, account)
    who = Person.of_address(session, names.email_key(email))
    if not is_known(session, who):
        raise UnknownPersonError(email)
    return who


def demand_password(*, by: Actor, now: datetime) -> None:
    """Raise `second_steps.PasswordNeededError` unless the actor typed the password in this browser a moment ago.

    Before their copy is made, and before it is handed out: it holds what no page shows to whoever finds the browser.
    """
    if not second_steps.password_is_fresh(by=by, now=now):
        raise second_steps.PasswordNeededError


def begin_copy(*, by: Actor, now: datetime) -> int:
    """Have the worker pack the actor's own data; returns the work's id.

    Raises `second_steps.PasswordNeededError`, `Forbidden` and `TooMuchError`.
    """
    require(by, Can.USE_ACCOUNT)
    demand_password(by=by, now=now)
    with transaction() as session:
        account = session.get_one(Account, by.account_id)
        # Certificates hang on the account: how mails spell its address need not be looked for.
        certificates = ROWS[Certificate](Person(account.id, account.email_key, spellings=()))
        count = session.scalar(select(func.count(Certificate.id)).where(certificates, Certificate.file_id.is_not(None)))
        name = f"my-data-{clock.civil_date(now, by.timezone).isoformat()}.zip"
        units = 2 + (count or 0)
        begun = work.begin(session, work.PERSONAL_COPY, by=by, now=now, payload={"name": name}, total_units=units)
        audit.record(session, "person-exported", by=by, now=now, subject="account", subject_id=account.id)
        return begun


def own(*, by: Actor, keys: Sequence[str] = ()) -> tuple[Rows, list[Drawn]]:
    """Return all rows about the actor's own account as `export` does, and the PDFs of their certificates.

    `keys` are the installation's: with them, what the person wrote and was sealed is in words.
    """
    with snapshot() as session:
        account = session.get_one(Account, by.account_id)
        who = Person.of(session, account)
        mine = ROWS[Certificate](who)
        query = select(Certificate.code, StoredFile.key, StoredFile.sha256).join(
            StoredFile, StoredFile.id == Certificate.file_id
        )
        drawn = [Drawn(*row) for row in session.execute(query.where(mine).order_by(Certificate.id))]
        found = _rows(session, who)
        reflections.for_own_copy(session, found.get(Reflection.__tablename__, []))
        safeguarding_words.for_own_copy(session, found.get(SafeguardingEntry.__tablename__, []), keys)
        contact_drafts.for_own_copy(session, found.get(ContactDraft.__tablename__, []), keys)
        return found, drawn


def _rows(session: Session, who: Person) -> Rows:
    found = {
        model.__tablename__: [_plain(row) for row in session.scalars(select(model).where(condition(who)))]
        for model, condition in OWN_COPY.items()
        if model is not AuditEvent
    }
    found[AuditEvent.__tablename__] = _events(session, OWN_COPY[AuditEvent](who))
    return {name: rows for name, rows in sorted(found.items()) if rows}


def _events(session: Session, about: ColumnElement[bool]) -> list[dict[str, Any]]:
    """Return events of the audit trail, of which somebody may have very many, piece by piece."""
    query = select(AuditEvent).where(about).order_by(AuditEvent.at, AuditEvent.id).limit(PIECE)
    found: list[dict[str, Any]] = []
    piece = session.scalars(query).all()
    while piece:
        found += [_plain(row) for row in piece]
        last = (piece[-1].at, piece[-1].id)
        piece = session.scalars(query.where(tuple_(AuditEvent.at, AuditEvent.id) > last)).all()
    return found


def is_secret(column: str) -> bool:
    """Whether the values of a column, or of a name inside one, stay out of the file."""
    return column in LEFT_OUT or column.endswith(SECRET_ENDINGS)


def _plain(row: Base) -> dict[str, Any]:
    columns = [one.key for one in inspect(type(row)).column_attrs if not is_secret(one.key) and one.key not in CLAIM]
    return {name: _value(getattr(row, name)) for name in columns}


def _value(value: Any) -> Any:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Decimal):
        # Points, in hundredths at most: a number that reads the same.
        return int(value) if value == int(value) else float(value)
    if isinstance(value, dict):
        return {name: _value(one) for name, one in value.items() if not (name in SECRET_FACTS or is_secret(name))}
    if isinstance(value, list):
        return [_value(one) for one in value]
    return value.value if isinstance(value, Enum) else value
