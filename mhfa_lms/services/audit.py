"""Writing the audit trail."""

import re
from datetime import datetime
from typing import Any, Final, Protocol

from sqlalchemy.orm import Session

from mhfa_lms.models import AuditEvent
from mhfa_lms.policy import Actor

# A word of the program's own, such as a state, a rule's key or a language: no spaces, no signs that an address needs.
STATE_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+-]{0,63}")


class Subject(Protocol):
    """A row of one organisation's."""

    __tablename__: str
    id: Any
    organisation_id: Any


def about(
    session: Session, verb: str, row: Subject, *, by: Actor, now: datetime, **data: int | str | bool | None
) -> None:
    """Add one event about a row that has its id already, in the caller's transaction. `data` as for `record`."""
    record(
        session,
        verb,
        by=by,
        now=now,
        subject=row.__tablename__,
        subject_id=row.id,
        organisation_id=row.organisation_id,
        **data,
    )


def record(
    session: Session,
    verb: str,
    *,
    by: Actor,
    now: datetime,
    subject: str,
    subject_id: int,
    organisation_id: int | None = None,
    **data: int | str | bool | None,
) -> None:
    """Add one event in the caller's transaction.

    `data` holds ids, numbers and state words, never names or free text: raises `ValueError` for what reads like those.
    """
    for fact, value in data.items():
        if isinstance(value, str) and not STATE_WORD.fullmatch(value):
            raise ValueError(f"{verb}: {fact} is not an id, a number or a state word")
    session.add(
        AuditEvent(
            at=now,
            account_id=by.account_id,
            organisation_id=organisation_id if organisation_id is not None else by.organisation_id,
            verb=verb,
            subject=subject,
            subject_id=subject_id,
            data=data,
        )
    )
