"""Doing the jobs that wait: leased, handed to the handler of their kind, marked as done or put off."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from mhfa_lms import db, logs
from mhfa_lms.jobs import claim
from mhfa_lms.jobs.claim import Stop
from mhfa_lms.jobs.handlers import HANDLERS, LONG
from mhfa_lms.jobs.long import InterruptedHere, NoLongerOursError, Progress
from mhfa_lms.models import Job, WorkState
from mhfa_lms.services import work_progress
from mhfa_lms.settings import Settings

LIMIT: Final = 100


def work_waiting(
    settings: Settings,
    now_fn: Callable[[], datetime],
    limit: int = LIMIT,
    *,
    stop: Stop | None = None,
    long: bool | None = None,
) -> int:
    """Do up to `limit` jobs that are due, one after the other; returns how many were tried.

    `long` picks the long work that people follow, or all but that; both when it is left out.
    """
    where = [] if long is None else [Job.kind.in_(LONG) if long else Job.kind.not_in(LONG)]
    tried = 0
    while tried < limit and not (stop and stop.is_set()) and claim.any_free(Job, *where, now=now_fn()):
        leases = claim.take(Job, *where, now=now_fn(), lease=claim.JOB_LEASE)
        if not leases:
            break
        _do(leases[0], settings, now_fn, stop)
        tried += 1
    return tried


def _do(lease: claim.Lease, settings: Settings, now_fn: Callable[[], datetime], stop: Stop | None) -> None:
    if lease.worn_out:
        claim.close(Job, lease, WorkState.FAILED, now=now_fn(), error="the worker stopped at every try", resume={})
        return
    session = db.session()
    job = session.get_one(Job, lease.id)
    kind, payload = job.kind, dict(job.payload)
    session.rollback()
    try:
        if kind in LONG:
            _do_long(lease, kind, settings, now_fn, stop)
        else:
            HANDLERS[kind](settings, lease.id, payload, now_fn())
    except InterruptedHere:
        work_progress.give_back(lease.id, lease.attempt)
        return
    except NoLongerOursError:
        return
    except Exception as error:
        db.sessions.remove()
        # The error's words may repeat what the job works on, so its kind alone is kept.
        logs.logger().error(
            "job-not-done", job_id=lease.id, kind=kind, error=type(error).__name__, at=logs.place(error)
        )
        claim.put_off(Job, lease, now=now_fn(), error=type(error).__name__)
        return
    claim.close(Job, lease, WorkState.DONE, now=now_fn(), done_units=Job.total_units)


def _do_long(
    lease: claim.Lease,
    kind: str,
    settings: Settings,
    now_fn: Callable[[], datetime],
    stop: Stop | None,
) -> None:
    by = work_progress.asker(lease.id)
    if by is None:
        # Since then they left, lost the role, or closed their account.
        claim.close(Job, lease, WorkState.CANCELLED, now=now_fn(), error="the asker may no longer have it", resume={})
        return
    progress = Progress.of(lease, by, settings, now_fn, stop)
    # Also shortens the lease: after a crash before the first piece nobody waits longer than after one behind it.
    progress.still_ours()
    LONG[kind](progress)
