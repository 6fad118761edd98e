"""Limits on tries, counted in the database so that every process sees the same number.

Keys are hashed with the installation's secret: the table cannot be read back into addresses.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, delete, func, insert, select
from sqlalchemy.orm import Session

from mhfa_lms.db import transaction
from mhfa_lms.models import Try


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` tries in `window`. `shared` when many people, such as those of one school, are counted as one."""

    name: str
    count: int
    window: timedelta
    shared: bool = False


SIGN_IN_ACCOUNT: Final = Limit("sign-in:account", 10, timedelta(minutes=15))
SIGN_IN_ADDRESS: Final = Limit("sign-in:address", 100, timedelta(minutes=15), shared=True)
# Six digits can be guessed by whoever has the password and time: at most 40 tries a day, at 3 of a million each.
CODE_ACCOUNT: Final = Limit("code:account", 10, timedelta(minutes=15))
CODE_DAY: Final = Limit("code:day", 40, timedelta(days=1))
# These cannot be guessed; the limit keeps programs from trying.
RECOVERY_ACCOUNT: Final = Limit("recovery:account", 10, timedelta(minutes=15))
SECOND_STEP_ADDRESS: Final = Limit("second-step:address", 100, timedelta(minutes=15), shared=True)
MAIL_ACCOUNT: Final = Limit("mail:account", 4, timedelta(hours=1))
MAIL_ADDRESS: Final = Limit("mail:address", 40, timedelta(hours=1))
LINK_ADDRESS: Final = Limit("link:address", 60, timedelta(minutes=15))
# A list of numbers at once, as an employer pastes it.
VERIFY_LISTS: Final = Limit("verify:lists", 20, timedelta(minutes=10))
VERIFY_ADDRESS: Final = Limit("verify:address", 60, timedelta(minutes=10))
FORMAT_ACCOUNT: Final = Limit("format:account", 6, timedelta(hours=1))
# High: nobody in need is to be turned away for writing twice.
CONTACT_ACCOUNT: Final = Limit("contact:account", 30, timedelta(hours=1))
FORMAT_ADDRESS: Final = Limit("format:address", 30, timedelta(hours=1))
LONGEST: Final = timedelta(days=1)
# Made once, as every sign-in and every certificate checked runs them.
_COUNT: Final = select(func.count(), func.min(Try.at)).where(
    Try.key_hash == bindparam("key"), Try.at > bindparam("since")
)
_ADD: Final = insert(Try)
_FORGET: Final = delete(Try).where(Try.key_hash == bindparam("key"))
_GIVE_BACK: Final = delete(Try).where(
    Try.id == select(func.max(Try.id)).where(Try.key_hash == bindparam("key")).scalar_subquery()
)


class TooManyTriesError(Exception):
    """A limit was reached; `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"again in {retry_after} s")
        self.retry_after = retry_after


def take(limits: list[tuple[Limit, str]], *, secret: str, now: datetime) -> None:
    """Count one try under every limit, each with what it is counted by (an address, a normalised e-mail).

    Raises `TooManyTriesError` when one was reached; the try is then not counted, so waiting always helps.
    """
    keys = [(limit, _key(limit, who, secret)) for limit, who in limits]
    with transaction() as session:
        _take_turns(session, [key for _limit, key in keys])
        connection = session.connection()
        for limit, key in keys:
            count, first = connection.execute(_COUNT, {"key": key, "since": now - limit.window}).one()
            if count >= limit.count:
                raise TooManyTriesError(max(1, int((first + limit.window - now).total_seconds()) + 1))
        connection.execute(_ADD, [{"key_hash": key, "at": now} for _limit, key in keys])


def let_go(tries: Sequence[tuple[Limit, str]], *, secret: str) -> None:
    """Let go of the tries that led to what was tried, as after a sign-in that succeeded.

    Of a limit that many share, only the last one is given back: they may all succeed.
    """
    with transaction() as session:
        connection = session.connection()
        for limit, who in tries:
            connection.execute(_GIVE_BACK if limit.shared else _FORGET, {"key": _key(limit, who, secret)})


def sweep(*, now: datetime) -> int:
    """Delete tries too old to count; returns how many."""
    with transaction() as session:
        return len(session.scalars(delete(Try).where(Try.at < now - LONGEST).returning(Try.id)).all())


def _take_turns(session: Session, keys: list[str]) -> None:
    # On PostgreSQL parallel tries would all count the same number before any is written; SQLite has one writer anyway.
    if session.get_bind().dialect.name == "postgresql":
        for number in sorted(int(key[:15], 16) for key in keys):
            session.execute(select(func.pg_advisory_xact_lock(number)))


def _key(limit: Limit, who: str, secret: str) -> str:
    return hmac.new(secret.encode(), f"{limit.name}:{who}".encode(), hashlib.sha256).hexdigest()
