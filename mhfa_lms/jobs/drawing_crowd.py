"""Drawing the certificates of many who finish at once: claimed some at a time, and drawn on all cores.

Each keeps its own lease, tries and ending, as when the short jobs draw it one after the other; those go on meanwhile.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy import select

from mhfa_lms import db, logs
from mhfa_lms.adapters.pdf import PdfUnavailableError
from mhfa_lms.jobs import claim, drawing, drawing_pool
from mhfa_lms.jobs.claim import Lease, Stop
from mhfa_lms.jobs.drawing_pool import Pool
from mhfa_lms.models import Job, WorkState
from mhfa_lms.settings import Settings

# So many for each process are claimed at a time: few, as a worker that is stopped leaves them to wait for a lease.
SHARE: Final = 4
OURS: Final = Job.kind == drawing.KIND


def draw_crowd(settings: Settings, now_fn: Callable[[], datetime], *, stop: Stop | None = None) -> int:
    """Draw the certificates that wait, when they are so many that processes are worth their start.

    Goes on until none is left. Returns how many were tried.
    """
    tried = 0
    with Pool(settings) as pool:
        while not (stop and stop.is_set()) and (number := _waiting(now_fn())) and pool.pays(number):
            leases = claim.take(Job, OURS, now=now_fn(), lease=claim.JOB_LEASE, limit=SHARE * pool.size)
            _draw([one for one in leases if not _worn_out(one, now_fn())], pool, now_fn)
            tried += len(leases)
    return tried


def _waiting(now: datetime) -> int:
    """Return how many wait; those beyond what decides are not counted. Reads only: an idle worker takes no lock."""
    session = db.session()
    found = session.scalars(select(Job.id).where(claim.free(Job, now), OURS).limit(drawing_pool.WORTH)).all()
    session.rollback()
    return len(found)


def _worn_out(lease: Lease, now: datetime) -> bool:
    if lease.worn_out:
        claim.close(Job, lease, WorkState.FAILED, now=now, error="the worker stopped at every try", resume={})
    return lease.worn_out


def _draw(leases: list[Lease], pool: Pool, now_fn: Callable[[], datetime]) -> None:
    """Draw what the leases are for, and end each as done, or put it off."""
    session = db.session()
    by_id = {one.id: one for one in leases}
    # Whose person was erased since they were leased have ended, and say nothing any more.
    rows = session.execute(select(Job.id, Job.payload).where(Job.id.in_(by_id), Job.state == WorkState.WAITING))
    # The key of such a job names its certificate, so no two are about the same one.
    wanted = {int(row.payload["certificate_id"]): by_id[row.id] for row in rows}
    session.rollback()
    try:
        errors = {one.certificate_id: (one.error, one.at) for one in pool.draw(list(wanted), now_fn)}
    except PdfUnavailableError as error:
        errors = dict.fromkeys(wanted, (type(error).__name__, logs.place(error)))
    for certificate_id, lease in wanted.items():
        _end(lease, *errors[certificate_id], now=now_fn())


def _end(lease: Lease, error: str, at: str, *, now: datetime) -> None:
    if error:
        logs.logger().error("job-not-done", job_id=lease.id, kind=drawing.KIND, error=error, at=at)
        claim.put_off(Job, lease, now=now, error=error)
    else:
        claim.close(Job, lease, WorkState.DONE, now=now, done_units=Job.total_units)
