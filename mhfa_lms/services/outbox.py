"""Posting mails: a row in the same transaction as what they tell of. The worker delivers them later."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms.db import Insert, insert, transaction
from mhfa_lms.models import Account, MailTry, Message, TryOutcome, WorkState
from mhfa_lms.policy import Actor, Can, require
from mhfa_lms.services import audit, failing_addresses

# The part of a Message-ID after the @: RFC 5322 asks for a name that is unique, not for one that exists.
INTERNET_DOMAIN = "outbox.mhfa-lms.invalid"
# Why a mail was not sent that waited in a backup which was restored.
HELD: Final = "held back when a backup was restored"
KEYS_AT_ONCE: Final = 5_000
# The last mail to somebody who was erased.
FAREWELL: Final = "account-deleted"


@dataclass(frozen=True, slots=True)
class Post:
    """One mail to post; the fields are those of `post`. `due_at` where it is this mail's own."""

    kind: str
    key: str
    account_id: int | None
    organisation_id: int | None
    locale: str
    facts: dict[str, Any] = field(default_factory=dict)
    to_address: str | None = None
    due_at: datetime | None = None


def post(
    session: Session,
    kind: str,
    *,
    key: str,
    due_at: datetime,
    now: datetime,
    account_id: int | None = None,
    to_address: str | None = None,
    organisation_id: int | None = None,
    locale: str = "en",
    facts: dict[str, Any] | None = None,
) -> int | None:
    """Post a mail once: a second posting under the same key changes nothing.

    `facts` are plain JSON values for the mail's template (templates/email/<kind>.txt and .html). Returns the message's
    id, or None when it had been posted before.
    """
    one = Post(kind, key, account_id, organisation_id, locale, facts or {}, to_address)
    statement = insert(session, Message).values(**_row(one, due_at=due_at, now=now))
    return session.scalars(_once(statement).returning(Message.id)).one_or_none()


def post_many(session: Session, posts: Sequence[Post], *, due_at: datetime, now: datetime) -> dict[str, int]:
    """Post many mails in one statement. Returns the ids of those that had not been posted before, by key."""
    if not posts:
        return {}
    rows = [_row(one, due_at=due_at, now=now) for one in posts]
    statement = _once(insert(session, Message)).returning(Message.key, Message.id)
    session.flush()
    # Straight to the connection: what the session does for each row takes as long as the rest.
    return {row.key: row.id for row in session.connection().execute(statement, rows)}


def unposted(session: Session, posts: Sequence[Post]) -> list[Post]:
    """Return the mails that were not posted before, so that whoever finds none takes no lock."""
    keys = [one.key for one in posts]
    known: set[str] = set()
    for start in range(0, len(keys), KEYS_AT_ONCE):
        known.update(session.scalars(select(Message.key).where(Message.key.in_(keys[start : start + KEYS_AT_ONCE]))))
    return [one for one in posts if one.key not in known]


def _once(statement: Insert) -> Insert:
    return statement.on_conflict_do_nothing(index_elements=["key"])


def _row(one: Post, *, due_at: datetime, now: datetime) -> dict[str, Any]:
    return {
        "key": one.key,
        "kind": one.kind,
        "organisation_id": one.organisation_id,
        "account_id": one.account_id,
        "to_address": one.to_address,
        "locale": one.locale,
        "facts": one.facts,
        "state": WorkState.WAITING,
        "created_at": now,
        "due_at": one.due_at or due_at,
        "attempts": 0,
        "internet_id": message_id(one.key),
        "error": "",
    }


def retry(message_id: int, *, by: Actor, now: datetime) -> bool:
    """Send a mail after all, as if it had just been posted: one that failed, is put off, or was held back by a restore.

    What its address refused is forgotten with it. Returns False when there is no such mail, or it is just being sent.
    Raises `Forbidden`.
    """
    with transaction() as session:
        message = session.get(Message, message_id, with_for_update=True)
        if message is None or not can_retry(message, now):
            return False
        require(by, Can.MEND_MAIL, message)
        _wait_again(session, message, by=by, now=now)
        return True


def cancel(message_id: int, *, by: Actor, now: datetime) -> bool:
    """Have a mail that waits or failed never sent. Returns False when there is none; one under way may still arrive.

    Raises `Forbidden`.
    """
    with transaction() as session:
        message = session.get(Message, message_id, with_for_update=True)
        if message is None or message.state not in {WorkState.WAITING, WorkState.FAILED}:
            return False
        require(by, Can.MEND_MAIL, message)
        message.state, message.done_at, message.leased_until = WorkState.CANCELLED, now, None
        message.error = "an administrator cancelled it" if by.is_admin else "a coordinator cancelled it"
        for name, value in forgotten(message.kind).items():
            setattr(message, name, value)
        session.add(MailTry(message_id=message_id, at=now, outcome=TryOutcome.STOPPED))
        audit.record(session, "message-cancelled", by=by, now=now, subject="message", subject_id=message_id)
        return True


def can_retry(message: Message, now: datetime) -> bool:
    """Whether a mail can be sent again by hand: it failed, is put off, or was held back by a restore."""
    if message.state is WorkState.WAITING:
        return bool(message.error) and (message.leased_until is None or message.leased_until <= now)
    return message.state is WorkState.FAILED or _is_held(message)


def release(*, by: Actor, now: datetime) -> int:
    """Send every mail that a restore held back; returns how many."""
    require(by, Can.ADMINISTER)
    with transaction() as session:
        held = session.scalars(
            select(Message)
            .where(Message.state == WorkState.CANCELLED, Message.error == HELD)
            .order_by(Message.id)
            .with_for_update()
        ).all()
        for message in held:
            _wait_again(session, message, by=by, now=now)
        return len(held)


def _is_held(message: Message) -> bool:
    return message.state is WorkState.CANCELLED and message.error == HELD


def _wait_again(session: Session, message: Message, *, by: Actor, now: datetime) -> None:
    message.state, message.done_at, message.leased_until = WorkState.WAITING, None, None
    message.due_at, message.attempts, message.error = now, 0, ""
    session.add(MailTry(message_id=message.id, at=now, outcome=TryOutcome.AGAIN))
    address = message.to_address
    if address is None and message.account_id is not None:
        address = session.scalars(select(Account.email).where(Account.id == message.account_id)).one_or_none()
    if address:
        failing_addresses.clear(session, address, now=now)
    audit.record(session, "message-retried", by=by, now=now, subject="message", subject_id=message.id)


def forgotten(kind: str) -> dict[str, Any]:
    """Return what a mail's row loses with its end, however it ends: the last mail to an erased person its address."""
    return {"to_address": None} if kind == FAREWELL else {}


def message_id(key: str) -> str:
    """Return the Message-ID of a key: always the same, so that a mail sent twice after a crash is seen as one."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{INTERNET_DOMAIN}>"
