"""Posting mails: a row in the same transaction as what they tell of. The worker delivers them later."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from mhfa_lms.db import transaction
from mhfa_lms.models import Message, Organisation, WorkState
from mhfa_lms.policy import Actor, Can, require
from mhfa_lms.services import audit

# The part of a Message-ID after the @: RFC 5322 asks for a name that is unique, not for one that exists.
INTERNET_DOMAIN = "outbox.mhfa-lms.invalid"


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
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = (
        insert(Message)
        .values(
            key=key,
            kind=kind,
            organisation_id=organisation_id,
            account_id=account_id,
            to_address=to_address,
            locale=locale,
            facts=facts or {},
            state="waiting",
            created_at=now,
            due_at=due_at,
            attempts=0,
            internet_id=message_id(key),
            error="",
        )
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(Message.id)
    )
    return session.scalars(statement).one_or_none()


@dataclass(frozen=True, slots=True)
class Post:
    """One of many mails to post at once; the fields are those of `post`."""

    kind: str
    key: str
    account_id: int
    organisation_id: int | None
    locale: str
    facts: dict[str, Any] = field(default_factory=dict)


def post_many(session: Session, posts: Sequence[Post], *, due_at: datetime, now: datetime) -> dict[str, int]:
    """Post many mails in one statement. Returns the ids of those that had not been posted before, by key."""
    if not posts:
        return {}
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    rows = [
        {
            "key": one.key,
            "kind": one.kind,
            "organisation_id": one.organisation_id,
            "account_id": one.account_id,
            "locale": one.locale,
            "facts": one.facts,
            "state": WorkState.WAITING,
            "created_at": now,
            "due_at": due_at,
            "attempts": 0,
            "internet_id": message_id(one.key),
            "error": "",
        }
        for one in posts
    ]
    statement = insert(Message).on_conflict_do_nothing(index_elements=["key"]).returning(Message.key, Message.id)
    return {row.key: row.id for row in session.execute(statement, rows)}


def retry(message_id: int, *, by: Actor, now: datetime) -> bool:
    """Send a failed mail after all, as if it had just been posted. Returns False when there is no such failed mail."""
    require(by, Can.ADMINISTER)
    with transaction() as session:
        message = session.get(Message, message_id, with_for_update=True)
        if message is None or message.state is not WorkState.FAILED:
            return False
        message.state, message.done_at, message.leased_until = WorkState.WAITING, None, None
        message.due_at, message.attempts, message.error = now, 0, ""
        audit.record(session, "message-retried", by=by, now=now, subject="message", subject_id=message_id)
        return True


def message_id(key: str) -> str:
    """Return the Message-ID of a key: always the same, so that a mail sent twice after a crash is seen as one."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{INTERNET_DOMAIN}>"


def organisation_locale(session: Session, organisation_id: int | None) -> str:
    """Return the language an organisation writes in, for mails to people who have no account yet."""
    if organisation_id is None:
        return "en"
    return session.scalars(select(Organisation.locale).where(Organisation.id == organisation_id)).one_or_none() or "en"
