"""What people write for themselves beside a step: encrypted, read by no program but the page they wrote it on.

Nothing here is audited, counted, scanned or mailed. The key is the installation's own, apart from the session key; when
it is lost, the texts stay closed and everything else goes on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms.db import session as reading
from mhfa_lms.db import transaction
from mhfa_lms.models import Reflection
from mhfa_lms.policy import Actor
from mhfa_lms.services import enrolments, learning
from mhfa_lms.services.learning import UnknownStepError
from mhfa_lms.services.scenarios import NewerDraftError, TooLongError, tidy
from mhfa_lms.services.secret_box import REFLECTION, SecretBox, SecretBoxError

LONGEST: Final = 20_000
RESEALED_AT_ONCE: Final = 500
_keys: tuple[str, ...] = ()


class ClosedTextError(RuntimeError):
    """No key that this installation knows opens the text."""


@dataclass(frozen=True, slots=True)
class Written:
    """What somebody wrote; `text` is None when no key opens it. `version` is 0 before anything was written."""

    text: str | None = ""
    version: int = 0


def configure(keys: Sequence[str]) -> None:
    """Name the installation's keys for these texts in this process, newest first."""
    global _keys  # one process serves one installation, as with the database
    _keys = tuple(keys)


@lru_cache(maxsize=4)
def _made(keys: tuple[str, ...]) -> SecretBox:
    return SecretBox(keys, purpose=REFLECTION)


def _box() -> SecretBox:
    if not _keys:
        raise RuntimeError("call reflections.configure(keys) first")
    return _made(_keys)


def opened(row: Reflection) -> str | None:
    """Return the text of a row, or None when no key opens it."""
    try:
        return _box().open(row.sealed_text, owner=_owner(row))
    except SecretBoxError:
        return None


def _owner(row: Reflection) -> str:
    # A row that was copied to somebody else, or to another step, opens nothing.
    return f"{row.enrolment_id}:{row.step}"


def written(session: Session, enrolment_id: int, step_id: str) -> Written:
    """Return what stands beside a step. One query."""
    row = _row(session, enrolment_id, step_id)
    return Written(opened(row), row.version) if row else Written()


def for_own_copy(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Put the opened texts into the rows of a person's own copy; null where no key opens one."""
    for row in rows:
        found = session.get(Reflection, row["id"])
        row["text"] = opened(found) if found else None


def save(enrolment_id: int, step_id: str, text: str, *, version: int, page: str, by: Actor, now: datetime) -> int:
    """Keep what the learner wrote, and return its version; nothing written removes what was there.

    `version` is the one the page was made from, `page` the page's random name. Raises `NewerDraftError` (with the other
    text), `TooLongError`, `ClosedTextError` where a text lies that no key opens, `UnknownStepError` and `Forbidden`.
    """
    if len(text) > LONGEST:
        raise TooLongError(len(text))
    words = tidy(text)
    with transaction() as session:
        row = _held(session, enrolment_id, step_id, by=by)
        if row is None:
            return _write(session, Reflection(enrolment_id=enrolment_id, step=step_id, version=0), words, page, now)
        before = opened(row)
        if before is None:
            raise ClosedTextError
        if words == before:
            return row.version
        if version != row.version and (not page or page != row.saved_from):
            raise NewerDraftError(before, row.version)
        if not words.strip():
            session.delete(row)
            return 0
        return _write(session, row, words, page, now)


def _write(session: Session, row: Reflection, words: str, page: str, now: datetime) -> int:
    if not words.strip():
        return 0
    box = _box()
    row.sealed_text, row.sealed_with = box.seal(words, owner=_owner(row), now=now), box.name
    row.version, row.saved_from, row.saved_at = row.version + 1, page[:64], now
    session.add(row)
    session.flush()
    return row.version


def forget(enrolment_id: int, step_id: str, *, by: Actor) -> None:
    """Remove what the learner wrote, also when no key opens it; nothing there is fine."""
    with transaction() as session:
        row = _held(session, enrolment_id, step_id, by=by)
        if row is not None:
            session.delete(row)


def _held(session: Session, enrolment_id: int, step_id: str, *, by: Actor) -> Reflection | None:
    enrolment = enrolments.hold(session, enrolment_id, by=by)
    if not learning.place(learning.course_of(enrolment), step_id).step.has_writing:
        raise UnknownStepError(step_id)
    return _row(session, enrolment_id, step_id)


def _row(session: Session, enrolment_id: int, step_id: str) -> Reflection | None:
    return session.scalars(
        select(Reflection).where(Reflection.enrolment_id == enrolment_id, Reflection.step == step_id)
    ).one_or_none()


def reseal(*, now: datetime) -> int:
    """Seal texts under the newest key that lie under an older one that is known; returns how many were.

    So an older key can be taken out of use. What lies under a lost key stays as it is, in case the key is found.
    """
    if len(_keys) < 2:
        return 0
    box = _box()
    older = select(Reflection).where(Reflection.sealed_with.in_(box.names[1:])).limit(RESEALED_AT_ONCE)
    # Looked at before writing, so that a tick does not cost a transaction for nothing.
    if reading().scalars(older.with_only_columns(Reflection.id)).first() is None:
        reading().rollback()
        return 0
    with transaction() as session:
        found = session.scalars(older.with_for_update()).all()
        # A row that says a known key and is damaged stays as it is; it must not keep the others under the old key.
        readable = [(row, words) for row in found if (words := opened(row)) is not None]
        for row, words in readable:
            row.sealed_text, row.sealed_with = box.seal(words, owner=_owner(row), now=now), box.name
        return len(readable)
