"""Posting jobs: long work that the worker does, with a key that makes posting twice harmless."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from mhfa_lms.db import insert
from mhfa_lms.models import Job, WorkState


def post(
    session: Session,
    kind: str,
    *,
    key: str,
    now: datetime,
    payload: dict[str, Any] | None = None,
    organisation_id: int | None = None,
    account_id: int | None = None,
    total_units: int = 1,
) -> int | None:
    """Post a job once. Returns its id, or None when it had been posted before."""
    statement = (
        insert(session, Job)
        .values(
            key=key,
            kind=kind,
            organisation_id=organisation_id,
            account_id=account_id,
            payload=payload or {},
            state=WorkState.WAITING,
            done_units=0,
            total_units=total_units,
            resume={},
            created_at=now,
            due_at=now,
            attempts=0,
            error="",
        )
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(Job.id)
    )
    return session.scalars(statement).one_or_none()
