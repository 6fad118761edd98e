"""Long work that the worker does: posted, followed by whoever asked for it, cancelled, ended with a file.

`KINDS` names the kinds that people follow on a page of their own; their handlers are in `jobs.handlers`. Other jobs,
such as drawing a certificate, are the program's own business. `work_progress` is the worker's half.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session, joinedload

from mhfa_lms.db import insert, transaction
from mhfa_lms.db import session as reading
from mhfa_lms.models import Account, Job, StoredFile, WorkState
from mhfa_lms.policy import Actor, Can, allowed, require
from mhfa_lms.services import audit
from mhfa_lms.services.secrets import new_code

REGISTER_EXPORT: Final = "register-export"
PERSONAL_COPY: Final = "personal-copy"
CERTIFICATE_FILES: Final = "certificate-files"
CERTIFICATE_SPECIMEN: Final = "certificate-specimen"
HISTORY_PREVIEW: Final = "history-preview"
HISTORY_RECORD: Final = "history-record"
# The program's own: bytes go once the rows that named them are gone.
REMOVE_FILES: Final = "remove-files"
# What the asker must be allowed to do in the organisation, then and later; None: it is about the asker alone.
KINDS: Final[dict[str, Can | None]] = {
    REGISTER_EXPORT: Can.EXPORT_REGISTER,
    PERSONAL_COPY: None,
    CERTIFICATE_FILES: Can.EXPORT_REGISTER,
    CERTIFICATE_SPECIMEN: Can.COORDINATE,
    HISTORY_PREVIEW: Can.RECORD_HISTORY,
    HISTORY_RECORD: Can.RECORD_HISTORY,
}
FILE_LASTS: Final = timedelta(days=7)
ROW_LASTS: Final = timedelta(days=30)
MOST_AT_ONCE: Final = 5
LISTED: Final = 5


class TooMuchError(RuntimeError):
    """The person has as much work under way as one person may have."""


class Stage(StrEnum):
    """Where a piece of work stands, for whoever waits for it."""

    WAITING = "waiting"
    RUNNING = "running"
    PUT_OFF = "put-off"  # a try failed, and another one follows
    DONE = "done"
    EXPIRED = "expired"  # done, and the file is gone
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more by itself."""
        return self not in {Stage.WAITING, Stage.RUNNING, Stage.PUT_OFF}


@dataclass(frozen=True, slots=True)
class Work:
    """A piece of somebody's own long work as it is now. `until` is when its file goes, or its next try comes."""

    id: int
    kind: str
    payload: dict[str, Any]
    stage: Stage
    done: int
    total: int
    created_at: datetime
    until: datetime | None
    account_id: int
    file: StoredFile | None

    @property
    def percent(self) -> int:
        """How much is done, as a whole number up to 100."""
        return 100 * self.done // self.total if self.total else 0

    @property
    def counted(self) -> bool:
        """Whether all parts are done and only the file is still being put together."""
        return self.done == self.total


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
    file_id: int | None = None,
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
            file_id=file_id,
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


def begin(
    session: Session,
    kind: str,
    *,
    by: Actor,
    now: datetime,
    payload: dict[str, Any],
    organisation_id: int | None = None,
    total_units: int = 1,
    file_id: int | None = None,
) -> int:
    """Post work that its asker can follow, in the caller's transaction; returns its id.

    `file_id` is a file to work on: it goes with the end of the work. The same work that is still under way is not
    begun a second time. Raises `TooMuchError`.
    """
    # Two presses of one button wait for each other here.
    session.get_one(Account, by.account_id, with_for_update={"key_share": True})
    waiting = session.scalars(select(Job).where(_asked_by(by), Job.state == WorkState.WAITING)).all()
    for job in waiting:
        if (job.kind, job.organisation_id, job.payload) == (kind, organisation_id, payload):
            return job.id
    if len(waiting) >= MOST_AT_ONCE:
        raise TooMuchError(len(waiting))
    posted = post(
        session,
        kind,
        # Random, and part of the file's name: no later row finds an earlier one's file.
        key=f"{kind}:{new_code()}",
        now=now,
        payload=payload,
        organisation_id=organisation_id,
        account_id=by.account_id,
        total_units=max(1, total_units),
        file_id=file_id,
    )
    if posted is None:
        raise RuntimeError("a random key was taken")
    return posted


def _asked_by(by: Actor) -> ColumnElement[bool]:
    return and_(Job.account_id == by.account_id, Job.kind.in_(KINDS))


def _open_to(by: Actor) -> ColumnElement[bool]:
    """Return the condition that the work is the actor's own and of a kind they may (still) ask for here."""
    here = [kind for kind, can in KINDS.items() if can is not None and allowed(by, can)]
    mine = [kind for kind, can in KINDS.items() if can is None]
    return and_(
        _asked_by(by),
        or_(Job.kind.in_(mine), and_(Job.kind.in_(here), Job.organisation_id == by.organisation_id)),
    )


def own(job_id: int, *, by: Actor, now: datetime) -> Work | None:
    """Return a piece of the actor's own work; None when it is not theirs, or no longer theirs to see. One query."""
    query = select(Job).where(Job.id == job_id, _open_to(by)).options(joinedload(Job.file))
    found = reading().scalars(query).one_or_none()
    return _work(found, now) if found else None


def recent(*, by: Actor, now: datetime, here: bool = False) -> list[Work]:
    """Return the actor's own work that is under way or ended with a file that is still there, newest first.

    With `here` only what is about the organisation in use. One query.
    """
    query = (
        select(Job)
        .where(
            _open_to(by),
            or_(
                Job.state == WorkState.WAITING,
                and_(Job.state == WorkState.FAILED, Job.done_at > now - FILE_LASTS),
                and_(Job.state == WorkState.DONE, Job.file_id.is_not(None), Job.done_at > now - FILE_LASTS),
            ),
        )
        .options(joinedload(Job.file))
        .order_by(Job.id.desc())
        .limit(LISTED)
    )
    if here:
        query = query.where(Job.organisation_id == by.organisation_id)
    return [_work(job, now) for job in reading().scalars(query)]


def _work(job: Job, now: datetime) -> Work:
    stage = _stage(job, now)
    until = job.done_at + FILE_LASTS if job.done_at else job.due_at if stage is Stage.PUT_OFF else None
    return Work(
        job.id,
        job.kind,
        job.payload,
        stage,
        job.done_units,
        job.total_units,
        job.created_at,
        until,
        job.account_id or 0,
        job.file if stage is Stage.DONE else None,
    )


def _stage(job: Job, now: datetime) -> Stage:
    if job.state is WorkState.WAITING:
        if job.leased_until is not None and job.leased_until > now:
            return Stage.RUNNING
        return Stage.PUT_OFF if job.error and job.due_at > now else Stage.WAITING
    if job.state is WorkState.DONE:
        kept = job.file_id is not None and job.done_at is not None and now < job.done_at + FILE_LASTS
        return Stage.DONE if kept else Stage.EXPIRED
    return Stage(job.state.value)


def cancel(job_id: int, *, by: Actor, now: datetime) -> bool:
    """End the actor's own work that is under way: the worker stops at its next piece. Returns whether there was any."""
    with transaction() as session:
        query = select(Job).where(Job.id == job_id, _open_to(by)).with_for_update()
        job = session.scalars(query).one_or_none()
        require(by, Can.SEE_OWN_WORK, job)
        if job is None or job.state is not WorkState.WAITING:
            return False
        job.state, job.done_at, job.leased_until, job.resume = WorkState.CANCELLED, now, None, {}
        drop_file(session, job.file_id, now=now)
        audit.about(session, "work-cancelled", job, by=by, now=now)
        return True


def drop_file(session: Session, file_id: int | None, *, now: datetime) -> None:
    """Let go of a file that work was done on, in the caller's transaction; its bytes go soon after."""
    file = session.get(StoredFile, file_id) if file_id is not None else None
    if file is None:
        return
    post(session, REMOVE_FILES, key=f"{REMOVE_FILES}:{file.key}", now=now, payload={"codes": [], "keys": [file.key]})
    session.execute(update(Job).where(Job.file_id == file.id).values(file_id=None))
    session.delete(file)
