"""Words to a safeguarding lead that were begun and not sent: kept for a few days, encrypted, for their writer alone.

Somebody who leaves the page in haste may be looked at over the shoulder, and the browser stays signed in. So the words
are shown again only where the writer's password was typed after they were kept, and not long ago.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from mhfa_lms.db import transaction
from mhfa_lms.models import Account, ContactDraft, LoginSession, Membership, MembershipState
from mhfa_lms.policy import Actor, Can, Forbidden, require
from mhfa_lms.services import safeguarding_words
from mhfa_lms.services.safeguarding_words import Words
from mhfa_lms.services.second_steps import FRESH
from mhfa_lms.services.secret_box import SecretBox, SecretBoxError

KEPT: Final = timedelta(days=7)


def keep(words: Words, seals: SecretBox, *, by: Actor, now: datetime) -> None:
    """Keep what was written so far, in the place of what was kept before; nothing written keeps nothing."""
    require(by, Can.ASK_FOR_CONTACT)
    with transaction() as session:
        writer = _held(session, by)
        row = session.scalars(_of(writer.id)).one_or_none()
        if not any(asdict(words).values()):
            drop(session, writer.id)
            return
        sealed = seals.seal(json.dumps(asdict(words)), owner=_owner(writer.id), now=now)
        if row is None:
            session.add(ContactDraft(membership_id=writer.id, sealed=sealed, saved_at=now))
        else:
            row.sealed, row.saved_at = sealed, now


def forget(*, by: Actor) -> None:
    """Remove what was kept; nothing there is fine."""
    require(by, Can.ASK_FOR_CONTACT)
    with transaction() as session:
        drop(session, _held(session, by).id)


def drop(session: Session, membership_id: int) -> None:
    """Remove what was kept, in the caller's transaction."""
    session.execute(delete(ContactDraft).where(ContactDraft.membership_id == membership_id))


def shown(session: Session, seals: SecretBox, *, by: Actor, now: datetime) -> Words:
    """Return the words to put back: none unless the password was typed here since then, minutes ago. One query."""
    require(by, Can.ASK_FOR_CONTACT)
    typed = select(LoginSession.password_at).where(LoginSession.id == by.session_id).scalar_subquery()
    row = session.scalars(
        _of(by.membership_id or 0).where(
            ContactDraft.saved_at > now - KEPT, typed > ContactDraft.saved_at, typed > now - FRESH
        )
    ).one_or_none()
    return (_opened(row, seals) or Words()) if row else Words()


def sweep(*, now: datetime) -> None:
    """Remove what was kept as long as it may be: each minute, where retention comes once a day."""
    with transaction() as session:
        session.execute(delete(ContactDraft).where(ContactDraft.saved_at <= now - KEPT))


def for_own_copy(session: Session, rows: Sequence[dict[str, Any]], keys: Sequence[str]) -> None:
    """Put the opened words into the rows of a person's own copy, instead of what they are sealed as."""
    seals = safeguarding_words.box(keys) if keys else None
    for row in rows:
        draft = session.get(ContactDraft, row["id"])
        row.pop("sealed", None)
        if draft is not None and seals is not None and (words := _opened(draft, seals)) is not None:
            row.update(asdict(words))


def _opened(row: ContactDraft, seals: SecretBox) -> Words | None:
    # It is over before a key that was replaced is forgotten, so nobody seals it anew.
    try:
        return Words(**json.loads(seals.open(row.sealed, owner=_owner(row.membership_id))))
    except SecretBoxError:
        return None


def _owner(membership_id: int) -> str:
    return f"contact draft {membership_id}"


def _of(membership_id: int) -> Select[ContactDraft]:
    return select(ContactDraft).where(ContactDraft.membership_id == membership_id)


def _held(session: Session, by: Actor) -> Membership:
    # The account first, as everywhere: two windows take turns, and nothing is kept for somebody who was just erased.
    session.get_one(Account, by.account_id, with_for_update={"key_share": True})
    writer = session.get_one(Membership, by.membership_id or 0)
    if writer.state is not MembershipState.ACTIVE:
        raise Forbidden(Can.ASK_FOR_CONTACT)
    return writer
