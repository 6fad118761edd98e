"""Posting mails: a row in the same transaction as what they tell of. The worker delivers them later."""

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from mhfa_lms.models import Message, Organisation

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


def message_id(key: str) -> str:
    """Return the Message-ID of a key: always the same, so that a mail sent twice after a crash is seen as one."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{INTERNET_DOMAIN}>"


def organisation_locale(session: Session, organisation_id: int | None) -> str:
    """Return the language an organisation writes in, for mails to people who have no account yet."""
    if organisation_id is None:
        return "en"
    return session.scalars(select(Organisation.locale).where(Organisation.id == organisation_id)).one_or_none() or "en"
