"""Everything held about a person, for that person: each table's rows as plain values."""

from datetime import date, datetime
from enum import Enum
from typing import Any, Final

from sqlalchemy import inspect, select

from mhfa_lms.db import Base, transaction
from mhfa_lms.policy import Actor, Can, require
from mhfa_lms.services import accounts, audit
from mhfa_lms.services.personal import ROWS, Person

# What opens doors is of no use to the person and would be to a thief of the file.
LEFT_OUT: Final = frozenset(
    {
        *("password_hash", "secret_hash", "sort_key", "email_key"),
        *("sealed_secret", "sealed_with", "code_hash", "challenge_hash", "public_key"),
    }
)


class UnknownPersonError(LookupError):
    """There is no account with this address."""


def export(email: str, *, by: Actor, now: datetime) -> dict[str, list[dict[str, Any]]]:
    """Return all rows about the account of an address, by table. One moment's state; the audit trail notes it.

    Raises `UnknownPersonError` and `Forbidden`.
    """
    require(by, Can.ADMINISTER)
    # A transaction, so that every table is read at one moment.
    with transaction() as session:
        account = accounts.find(session, email)
        if account is None:
            raise UnknownPersonError(email)
        who = Person(account.id, account.email_key)
        found = {
            model.__tablename__: [_plain(row) for row in session.scalars(select(model).where(condition(who)))]
            for model, condition in ROWS.items()
        }
        audit.record(session, "person-exported", by=by, now=now, subject="account", subject_id=account.id)
        return {name: rows for name, rows in sorted(found.items()) if rows}


def _plain(row: Base) -> dict[str, Any]:
    columns = inspect(type(row)).column_attrs
    return {one.key: _value(getattr(row, one.key)) for one in columns if one.key not in LEFT_OUT}


def _value(value: Any) -> Any:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value
