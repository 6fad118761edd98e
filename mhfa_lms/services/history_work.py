"""Reading a table of earlier certificates and recording it, as work that its asker follows.

The uploaded file belongs to the work that looks at it. What that work leaves, the rows and what would become of them,
is handed on to the work that records them; each goes as soon as it is done with, and after a week in any case. Where
certificates were recorded here since the look, its counts may be wrong: then the rows are looked at again instead.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from mhfa_lms import db
from mhfa_lms.db import session as reading
from mhfa_lms.models import Audience, CertificateImport, Job, Role, StoredFile
from mhfa_lms.policy import Actor, Can, require
from mhfa_lms.services import history_records, invitations, work
from mhfa_lms.services.limits import TooManyTriesError
from mhfa_lms.services.work import Stage, Work

FOLDER: Final = "earlier"
ROWS_TYPE: Final = "application/jsonl"
REPORT: Final = "recorded-certificates.csv"


class GoneError(LookupError):
    """The look at the table is no longer kept, or was cancelled: the table has to be uploaded again."""


@dataclass(frozen=True, slots=True)
class Looked:
    """One's own look at a table: the work, and the work that records it or looks again, once that was begun.

    `is_stale` says that certificates were recorded here since.
    """

    work: Work
    organisation_id: int | None
    recording: int | None
    is_stale: bool

    @property
    def is_ready(self) -> bool:
        """Whether the look is over and kept, and nothing was recorded yet."""
        return self.work.stage is Stage.DONE and self.recording is None


def begin(file: StoredFile, file_name: str, *, by: Actor, now: datetime) -> int:
    """Have the worker look at a table whose bytes are stored already; returns the work's id.

    Raises `Forbidden` and `work.TooMuchError`: then nothing knows of the bytes.
    """
    require(by, Can.RECORD_HISTORY)
    with db.transaction() as session:
        session.add(file)
        session.flush()
        return work.begin(
            session,
            work.HISTORY_PREVIEW,
            by=by,
            now=now,
            # The key makes a second upload of the same table a look of its own.
            payload={"name": file_name[-history_records.LONGEST_FILE_NAME :], "key": file.key},
            organisation_id=by.organisation_id,
            file_id=file.id,
        )


def looked(job_id: int, *, by: Actor, now: datetime) -> Looked | None:
    """Return one's own look at a table; None when there is none with this id."""
    found = work.own(job_id, by=by, now=now)
    if found is None or found.kind != work.HISTORY_PREVIEW:
        return None
    recording = found.payload.get("recording")
    is_stale = _is_stale(reading(), found.created_at, by.organisation_id)
    return Looked(found, by.organisation_id, int(recording) if recording is not None else None, is_stale)


def _is_stale(session: Session, since: datetime, organisation_id: int | None) -> bool:
    """Whether recording began, or ended, in the organisation since a time."""
    begun = select(CertificateImport.id).where(
        CertificateImport.organisation_id == organisation_id, CertificateImport.begun_at > since
    )
    ended = select(Job.id).where(
        Job.kind == work.HISTORY_RECORD, Job.organisation_id == organisation_id, Job.done_at > since
    )
    return bool(session.scalar(select(or_(begun.exists(), ended.exists()))))


def record(job_id: int, *, invite: bool, by: Actor, now: datetime) -> int:
    """Have the worker record a table that was looked at; returns the work's id, the same one when pressed again.

    With `invite` people who are no members are invited. A look that is stale is made again instead. Raises `GoneError`,
    `Forbidden` and `work.TooMuchError`.
    """
    require(by, Can.RECORD_HISTORY)
    with db.transaction() as session:
        mine = (Job.account_id == by.account_id, Job.organisation_id == by.organisation_id)
        query = select(Job).where(Job.id == job_id, Job.kind == work.HISTORY_PREVIEW, *mine).with_for_update()
        job = session.scalars(query).one_or_none()
        if job is None:
            raise GoneError(job_id)
        if "recording" in job.payload:
            return int(job.payload["recording"])
        if job.file_id is None or job.done_at is None or now >= job.done_at + work.FILE_LASTS:
            raise GoneError(job_id)
        if _is_stale(session, job.created_at, by.organisation_id):
            again = {"name": job.payload["name"], "again": job.id}
            return _hand_on(session, job, work.HISTORY_PREVIEW, again, by=by, now=now)
        payload: dict[str, Any] = {
            "import_id": history_records.begin(session, str(job.payload["name"]), by=by, now=now),
            "invite": invite,
            "name": REPORT,
        }
        return _hand_on(session, job, work.HISTORY_RECORD, payload, by=by, now=now)


def _hand_on(session: Session, job: Job, kind: str, payload: dict[str, Any], *, by: Actor, now: datetime) -> int:
    """Begin work on what a look left; returns its id."""
    begun = work.begin(
        session,
        kind,
        by=by,
        now=now,
        payload=payload,
        organisation_id=by.organisation_id,
        total_units=job.total_units,
        file_id=job.file_id,
    )
    job.file_id, job.payload = None, {**job.payload, "recording": begun}
    return begun


def invite(address: str, name: str, *, by: Actor, now: datetime) -> bool:
    """Invite somebody whose certificates wait; returns False when no more mails may be sent for now."""
    try:
        invitations.invite(
            by.organisation_id or 0,
            address,
            name,
            roles=[Role.LEARNER],
            audience=Audience.VOLUNTEER,
            site_id=None,
            course_id=None,
            by=by,
            now=now,
        )
    except invitations.InvitationError:
        # A member by now.
        return True
    except TooManyTriesError:
        return False
    return True
