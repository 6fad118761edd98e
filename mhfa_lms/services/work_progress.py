"""Long work as the worker sees it: who asked for it, how far it is, its file, and what is forgotten in the end.

Progress is written by whoever holds the lease: `attempt` is that lease's number, and a write with an older number, or
about work that was cancelled, changes nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, delete, func, select, update
from sqlalchemy.orm import Session

from mhfa_lms.db import session as reading
from mhfa_lms.db import transaction
from mhfa_lms.models import Account, Job, Membership, MembershipState, Organisation, StoredFile, WorkState
from mhfa_lms.policy import Actor, allowed
from mhfa_lms.services import outbox, work
from mhfa_lms.services.work import FILE_LASTS, KINDS, ROW_LASTS

PIECE: Final = 500


def asker(job_id: int) -> Actor | None:
    """Return who asked for a job, as they are now; None when they may no longer have it. Two queries."""
    session = reading()
    try:
        job = session.get_one(Job, job_id)
        account = session.get(Account, job.account_id)
        if account is None or account.deactivated_at is not None or account.erased_at is not None:
            return None
        by = _as_member(session, job, account)
        can = KINDS[job.kind]
        return by if can is None or allowed(by, can) else None
    finally:
        session.rollback()


def _as_member(session: Session, job: Job, account: Account) -> Actor:
    who = Actor(account.id, email=account.email, locale=account.locale, is_admin=account.is_admin)
    query = (
        select(Membership, Organisation)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(
            Membership.account_id == account.id,
            Membership.organisation_id == job.organisation_id,
            Membership.state == MembershipState.ACTIVE,
        )
    )
    found = session.execute(query).one_or_none()
    if found is None:
        return who
    member, place = found.Membership, found.Organisation
    return Actor(
        account.id,
        account.is_admin,
        member.id,
        place.id,
        place.name,
        frozenset(one.role for one in member.roles),
        member.name,
        account.email,
        account.locale,
        account.timezone or place.timezone,
    )


def advance(job_id: int, attempt: int, *, until: datetime, **values: Any) -> bool:
    """Write down how far the work is and hold its lease until a time. False: it was cancelled, or somebody else's."""
    with transaction() as session:
        return _held(session, job_id, attempt, leased_until=until, **values)


def give_back(job_id: int, attempt: int) -> None:
    """Let another worker go on at once, as when this one is told to stop: the try does not count."""
    with transaction() as session:
        _held(session, job_id, attempt, leased_until=None, attempts=attempt - 1)


def finish(
    job_id: int,
    attempt: int,
    *,
    file: StoredFile,
    units: int,
    now: datetime,
    mail: outbox.Post | None = None,
    payload: dict[str, Any] | None = None,
) -> bool:
    """End the work with its file, whose bytes are safely in the storage, and tell its asker. False as in `advance`.

    A payload takes the place of the one that the work began with, and the file that of the one it worked on.
    """
    with transaction() as session:
        before = session.scalar(select(Job.file_id).where(Job.id == job_id))
        session.add(file)
        session.flush()
        ended: dict[str, Any] = {
            "state": WorkState.DONE,
            "done_at": now,
            "leased_until": None,
            "error": "",
            "resume": {},
        }
        counts = {"done_units": max(1, units), "total_units": max(1, units)}
        if payload is not None:
            ended["payload"] = payload
        if not _held(session, job_id, attempt, file_id=file.id, **ended, **counts):
            session.delete(file)
            return False
        work.drop_file(session, before, now=now)
        if mail is not None:
            outbox.post_many(session, [mail], due_at=now, now=now)
        return True


def _held(session: Session, job_id: int, attempt: int, **values: Any) -> bool:
    statement = (
        update(Job)
        .where(Job.id == job_id, Job.state == WorkState.WAITING, Job.attempts == attempt)
        .values(**values)
        .returning(Job.id)
        .execution_options(synchronize_session=False)
    )
    return session.scalars(statement).one_or_none() is not None


def named(keys: Sequence[str]) -> set[str]:
    """Return those of the keys of files that a row names."""
    session, found = reading(), set[str]()
    for start in range(0, len(keys), PIECE):
        query = select(StoredFile.key).where(StoredFile.key.in_(keys[start : start + PIECE]))
        found.update(session.scalars(query))
    session.rollback()
    return found


def outdated_files(now: datetime) -> Sequence[tuple[int, str]]:
    """Return files that were kept long enough, as id and key."""
    query = (
        select(StoredFile.id, StoredFile.key)
        .join(Job, Job.file_id == StoredFile.id)
        .where(Job.kind.in_(KINDS), Job.done_at <= now - FILE_LASTS)
        .order_by(StoredFile.id)
        .limit(500)
    )
    try:
        return [(row.id, row.key) for row in reading().execute(query)]
    finally:
        reading().rollback()


def forget(file_ids: Sequence[int], *, now: datetime) -> int:
    """Forget files that were removed, and work that ended long ago; returns how many rows of work went."""
    old = and_(Job.kind.in_(KINDS), Job.state != WorkState.WAITING, Job.done_at <= now - ROW_LASTS)
    # Looked at first, so that an idle worker never takes SQLite's write lock.
    count = reading().scalar(select(func.count(Job.id)).where(old)) or 0
    reading().rollback()
    if not file_ids and not count:
        return 0
    with transaction() as session:
        session.execute(delete(StoredFile).where(StoredFile.id.in_(file_ids)))
        session.execute(delete(Job).where(old))
    return count


def under_way(key: str) -> bool:
    """Whether the work with this key has not ended."""
    query = select(Job.id).where(Job.key == key, Job.state == WorkState.WAITING)
    try:
        return reading().scalars(query).one_or_none() is not None
    finally:
        reading().rollback()
