"""Many certificates as one file: which ones, in which order, and a note of who took them.

It is the register's query, without what was withdrawn, replaced or erased: nobody is to be handed that. The list is
fixed when it is asked for, as with the register's exports (`register_exports`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from mhfa_lms import db
from mhfa_lms.models import Account, Certificate, Membership, StoredFile
from mhfa_lms.policy import Can, require
from mhfa_lms.services import audit, paging, register_exports, work
from mhfa_lms.services.paging import Columns, Total
from mhfa_lms.services.register import Query
from mhfa_lms.services.secrets import read_code

# Some 600 MB as a ZIP; whoever has more takes them in parts, by course, site or day of issue.
MOST: Final = 10_000
Place = tuple[str, int]


class Bundle(StrEnum):
    """What the certificates are put into."""

    ZIP = "zip"  # each as it was issued
    PDF = "pdf"  # all pages one after the other, to print


class NotSoManyError(ValueError):
    """There are none, or more than one file may hold."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One certificate to put in. `key` and `sha256` are of its PDF; empty while it is not drawn."""

    id: int
    code: str
    name: str
    key: str
    sha256: str


def _usable(wanted: Query, columns: Columns) -> Columns:
    return (
        wanted.where(columns)
        .join(Account, Account.id == Membership.account_id)
        .where(
            Certificate.revoked_at.is_(None),
            Certificate.replaced_by_id.is_(None),
            Certificate.erased_at.is_(None),
            Account.erased_at.is_(None),
        )
    )


def total(session: Session, wanted: Query) -> Total:
    """Return how many certificates of the query can be put into a file, exactly up to `MOST`."""
    return paging.count(session, _usable(wanted, select(Certificate.id)), cap=MOST)


def choose(session: Session, wanted: Query, kind: Bundle, *, now: datetime) -> tuple[int, int]:
    """Fix which certificates go in, and have the audit trail note who takes how many, in the caller's transaction.

    Returns how many they are, and the last id that belongs to them. Raises `Forbidden` and `NotSoManyError`.
    """
    by = wanted.by
    require(by, Can.EXPORT_REGISTER)
    ids = select(func.count(Certificate.id), func.coalesce(func.max(Certificate.id), 0))
    count, last = session.execute(_usable(wanted, ids)).one()
    if not 1 <= count <= MOST:
        raise NotSoManyError(count)
    audit.record(
        session,
        "certificates-packed",
        by=by,
        now=now,
        subject="organisation",
        subject_id=by.organisation_id or 0,
        rows=count,
        format=kind.value,
    )
    return count, last


def begin(wanted: Query, kind: Bundle, *, name: str, now: datetime) -> int:
    """Have the worker make the file; returns the work's id.

    Raises `Forbidden`, `NotSoManyError` and `work.TooMuchError`.
    """
    with db.transaction() as session:
        count, last = choose(session, wanted, kind, now=now)
        return work.begin(
            session,
            work.CERTIFICATE_FILES,
            by=wanted.by,
            now=now,
            payload={**register_exports.written(wanted), "last": last, "format": kind.value, "name": name},
            organisation_id=wanted.by.organisation_id,
            total_units=count,
        )


def piece(
    session: Session, wanted: Query, *, last: int, after: Place | None, size: int
) -> tuple[list[Entry], Place | None]:
    """Return the next certificates in the order of names, and the place to go on from; none at the end."""
    columns = select(
        Certificate.id,
        Certificate.code,
        Certificate.name,
        func.coalesce(StoredFile.key, "").label("key"),
        func.coalesce(StoredFile.sha256, "").label("sha256"),
        Certificate.sort_key,
    )
    statement = (
        _usable(wanted, columns)
        .outerjoin(StoredFile, StoredFile.id == Certificate.file_id)
        .where(Certificate.id <= last)
        .order_by(Certificate.sort_key, Certificate.id)
        .limit(size)
    )
    if after is not None:
        statement = statement.where(tuple_(Certificate.sort_key, Certificate.id) > tuple_(*after))
    found = session.execute(statement).all()
    entries = [Entry(*row[:-1]) for row in found]
    return entries, (found[-1].sort_key, found[-1].id) if found else None


def names_of(session: Session, codes: Sequence[str]) -> dict[str, str]:
    """Return the names on certificates by their numbers, both as people write them."""
    plain = {read_code(one) or "": one for one in codes}
    rows = session.execute(select(Certificate.code, Certificate.name).where(Certificate.code.in_(plain)))
    return {plain[row.code]: row.name for row in rows}
