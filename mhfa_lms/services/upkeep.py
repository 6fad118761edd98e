"""What backups and restores leave in the database: an event each, and after a restore nothing that acts twice."""

from datetime import datetime
from typing import Final

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from mhfa_lms.db import transaction
from mhfa_lms.models import HalfOpenLogin, LoginSession, Message, OneTimeLink, WorkState
from mhfa_lms.policy import Actor, Can, require
from mhfa_lms.services import audit
from mhfa_lms.services.outbox import HELD

SUBJECT: Final = "installation"


def backup_made(*, size: int, files: int, keys: bool, by: Actor, now: datetime) -> None:
    """Note that a backup was made: bytes, stored files, and whether the keys are in it. Not where it lies."""
    require(by, Can.ADMINISTER)
    with transaction() as session:
        audit.record(
            session, "backup.made", by=by, now=now, subject=SUBJECT, subject_id=0, bytes=size, files=files, keys=keys
        )


def settle(*, by: Actor, now: datetime) -> int:
    """Let nothing in a database just brought back act a second time; returns how many mails are held back.

    Mails that waited when the backup was made have most likely been sent since: they are held back until somebody says
    otherwise (`outbox.release`). Browsers and one-time links end: one that was ended since would count again.
    """
    require(by, Can.ADMINISTER)
    with transaction() as session:
        session.execute(update(LoginSession).where(LoginSession.ended_at.is_(None)).values(ended_at=now))
        session.execute(update(OneTimeLink).where(OneTimeLink.used_at.is_(None)).values(used_at=now, data={}))
        session.execute(delete(HalfOpenLogin))
        return _hold(session, now)


def hold_mails(*, now: datetime) -> int:
    """Hold back every mail that waits; returns how many."""
    with transaction() as session:
        return _hold(session, now)


def _hold(session: Session, now: datetime) -> int:
    held = session.scalars(
        update(Message)
        .where(Message.state == WorkState.WAITING)
        .values(state=WorkState.CANCELLED, done_at=now, leased_until=None, error=HELD)
        .returning(Message.id)
    )
    return len(held.all())


def backup_restored(*, held: int, erased: int, by: Actor, now: datetime) -> None:
    """Note in the database brought back that it was: mails held back, people erased again."""
    require(by, Can.ADMINISTER)
    with transaction() as session:
        audit.record(
            session, "backup.restored", by=by, now=now, subject=SUBJECT, subject_id=0, held=held, erased=erased
        )
