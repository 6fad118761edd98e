"""Writing the audit trail."""

from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.orm import Session

from mhfa_lms.models import AuditEvent
from mhfa_lms.policy import Actor


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

    `data` holds ids, numbers and state words, never names or free text.
    """
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
