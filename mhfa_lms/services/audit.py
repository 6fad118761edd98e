"""Writing the audit trail."""

from datetime import datetime

from sqlalchemy.orm import Session

from mhfa_lms.models import AuditEvent
from mhfa_lms.policy import Actor


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
