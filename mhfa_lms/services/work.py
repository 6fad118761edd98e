"""Posting jobs: long work that the worker does, with a key that makes posting twice harmless."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from mhfa_lms.db import insert, transaction
from mhfa_lms.models import Job, WorkState
from mhfa_lms.policy import Actor, Can, require
from mhfa_lms.services import audit


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


def retry(job_id: int, *, by: Actor, now: datetime) -> bool:
    """Do a failed job after all; it goes on where it stopped. Returns False when there is no such failed job."""
    require(by, Can.ADMINISTER)
    with transaction() as session:
        job = session.get(Job, job_id, with_for_update=True)
        if job is None or job.state is not WorkState.FAILED:
            return False
        job.state, job.done_at, job.leased_until = WorkState.WAITING, None, None
        job.due_at, job.attempts, job.error = now, 0, ""
        audit.record(session, "job-retried", by=by, now=now, subject="job", subject_id=job_id)
        return True
