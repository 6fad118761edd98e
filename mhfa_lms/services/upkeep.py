"""What backups, restores and new keys leave in the database: an event each; after a restore nothing acts twice."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from mhfa_lms.db import transaction
from mhfa_lms.models import HalfOpenLogin, LoginSession, Message, OneTimeLink, RecoveryCode, WorkState
from mhfa_lms.policy import Actor, Can, require
from mhfa_lms.services import audit
from mhfa_lms.services.outbox import FAREWELL, HELD, forgotten

SUBJECT: Final = "installation"


def backup_made(*, size: int, files: int, keys: bool, by: Actor, now: datetime) -> None:
    """Note that a backup was made: bytes, stored files, and whether the keys are in it. Not where it lies."""
    require(by, Can.ADMINISTER)
    with transaction() as session:
        audit.record(
            session, "backup.made", by=by, now=now, subject=SUBJECT, subject_id=0, bytes=size, files=files, keys=keys
        )


def keys_made(made: Mapping[str, str], *, by: Actor, now: datetime) -> None:
    """Note that the installation has its first signing keys: their identifiers by kind."""
    require(by, Can.ADMINISTER)
    with transaction() as session:
        for kind, key in made.items():
            audit.record(session, "key-made", by=by, now=now, subject=SUBJECT, subject_id=0, kind=kind, key=key)


def key_rotated(*, kind: str, key: str, before: str, by: Actor, now: datetime) -> None:
    """Note that a new signing key is in use: its identifier, and that of the one before it."""
    require(by, Can.ADMINISTER)
    with transaction() as session:
        audit.record(
            session, "key-rotated", by=by, now=now, subject=SUBJECT, subject_id=0, kind=kind, key=key, before=before
        )


def settle(*, by: Actor, now: datetime) -> int:
    """Let nothing in a database just brought back act a second time; returns how many mails are held back.

    Mails that waited when the backup was made have most likely been sent since: they are held back until somebody says
    otherwise (`outbox.release`). Browsers and one-time links end: one that was ended since would count again.
    Recovery codes go for the same reason; second steps removed since are back, which only a person can put right.
    """
    require(by, Can.ADMINISTER)
    with transaction() as session:
        session.execute(update(LoginSession).where(LoginSession.ended_at.is_(None)).values(ended_at=now))
        session.execute(update(OneTimeLink).where(OneTimeLink.used_at.is_(None)).values(used_at=now, data={}))
        session.execute(delete(HalfOpenLogin))
        # Those used since the backup would open the account once more, and nothing tells them from the others.
        session.execute(delete(RecoveryCode))
        return _hold(session, now)


def hold_mails(*, now: datetime) -> int:
    """Hold back every mail that waits, and end the last mails to people who were erased; returns how many are held."""
    with transaction() as session:
        return _hold(session, now)


def _hold(session: Session, now: datetime) -> int:
    ended: dict[str, Any] = {"state": WorkState.CANCELLED, "done_at": now, "leased_until": None}
    waits = Message.state == WorkState.WAITING
    # Without the address there is nothing to release: it has to go once somebody was erased.
    farewell = update(Message).where(waits, Message.kind == FAREWELL)
    session.execute(farewell.values(**ended, **forgotten(FAREWELL), error="waited in a backup that was restored"))
    held = session.scalars(update(Message).where(waits).values(**ended, error=HELD).returning(Message.id))
    return len(held.all())


def backup_restored(*, held: int, erased: int, by: Actor, now: datetime) -> None:
    """Note in the database brought back that it was: mails held back, people erased again."""
    require(by, Can.ADMINISTER)
    with transaction() as session:
        audit.record(
            session, "backup.restored", by=by, now=now, subject=SUBJECT, subject_id=0, held=held, erased=erased
        )
