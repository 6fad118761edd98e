"""Doing the jobs that wait: leased, handed to the handler of their kind, marked as done or put off."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from mhfa_lms import db, logs
from mhfa_lms.jobs import claim
from mhfa_lms.jobs.claim import Stop
from mhfa_lms.jobs.handlers import HANDLERS
from mhfa_lms.models import Job, WorkState
from mhfa_lms.settings import Settings

LIMIT: Final = 100


def work_waiting(
    settings: Settings,
    now_fn: Callable[[], datetime],
    limit: int = LIMIT,
    *,
    stop: Stop | None = None,
) -> int:
    """Do up to `limit` jobs that are due, one after the other; returns how many were tried."""
    tried = 0
    while tried < limit and not (stop and stop.is_set()) and claim.any_free(Job, now=now_fn()):
        leases = claim.take(Job, now=now_fn(), lease=claim.JOB_LEASE)
        if not leases:
            break
        _do(leases[0], settings, now_fn)
        tried += 1
    return tried


def _do(lease: claim.Lease, settings: Settings, now_fn: Callable[[], datetime]) -> None:
    if lease.worn_out:
        claim.close(Job, lease, WorkState.FAILED, now=now_fn(), error="the worker stopped at every try")
        return
    session = db.session()
    job = session.get_one(Job, lease.id)
    kind, payload = job.kind, dict(job.payload)
    session.rollback()
    try:
        HANDLERS[kind](settings, lease.id, payload, now_fn())
    except Exception as error:
        db.sessions.remove()
        # The error's words may repeat what the job works on, so its kind alone is kept.
        logs.logger().error(
            "job-not-done", job_id=lease.id, kind=kind, error=type(error).__name__, at=logs.place(error)
        )
        claim.put_off(Job, lease, now=now_fn(), error=type(error).__name__)
        return
    claim.close(Job, lease, WorkState.DONE, now=now_fn(), done_units=Job.total_units)
