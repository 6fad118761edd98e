"""Stopping mails by the link in them, without signing in: a signed word that says whose mails, and which, and no more.

The word opens nothing else, holds no address and no name, and does not run out: who finds an old mail can still stop
what it belongs to.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from mhfa_lms.db import transaction
from mhfa_lms.models import Account, Membership, MembershipState
from mhfa_lms.policy import Actor
from mhfa_lms.services import audit, reminder_marks

# Binds the signature to this use: the same keys sign other things under other names.
PURPOSE: Final = "stop-mails"


class Stop(StrEnum):
    """Which mails are stopped."""

    REMINDERS = "reminders"
    DIGEST = "digest"


# The kinds of mail that can be stopped by a link; all others answer to something somebody did.
BY_KIND: Final = {"reminder": Stop.REMINDERS, "coordinator-digest": Stop.DIGEST}
COLUMNS: Final = {Stop.REMINDERS: "reminders_stopped_at", Stop.DIGEST: "digest_stopped_at"}


@dataclass(frozen=True, slots=True)
class Choice:
    """What a link is about, and what holds at present."""

    what: Stop
    membership_id: int
    organisation: str
    stopped: bool


def sign(membership_id: int, what: Stop, *, keys: Sequence[str]) -> str:
    """Return the signed word of a link; `keys` are the session keys, the current one first."""
    return _serializer(keys).dumps([membership_id, what.value])


def read(session: Session, word: str, *, keys: Sequence[str]) -> Choice | None:
    """Return what a link is about; None for a word that we did not sign, or a person who is gone."""
    try:
        membership_id, what = _serializer(keys).loads(word)
        found, which = session.scalars(_membership(int(membership_id))).one_or_none(), Stop(what)
    except (BadData, TypeError, ValueError):
        return None
    if found is None:
        return None
    return Choice(which, found.id, found.organisation.name, getattr(found, COLUMNS[which]) is not None)


def put(choice: Choice, *, wanted: bool, now: datetime) -> None:
    """Stop the mails that a link is about, or send them again; what holds already stays as it is."""
    with transaction() as session:
        row = session.get_one(Membership, choice.membership_id, with_for_update=True)
        set_wanted(session, row, choice.what, wanted=wanted, by=Actor(row.account_id), now=now)


def set_wanted(session: Session, row: Membership, what: Stop, *, wanted: bool, by: Actor, now: datetime) -> None:
    """Write down, in the caller's transaction, whether a member wants mails of a sort."""
    column = COLUMNS[what]
    if wanted == (getattr(row, column) is None):
        return
    setattr(row, column, None if wanted else now)
    if wanted:
        # What fell due meanwhile is posted by the next tick.
        reminder_marks.forget(session, [row.organisation_id])
    if what is Stop.DIGEST:
        audit.about(session, "digest-wanted" if wanted else "digest-stopped", row, by=by, now=now)
    else:
        audit.about(session, "reminders-wanted" if wanted else "reminders-stopped", row, by=by, now=now)


def _serializer(keys: Sequence[str]) -> URLSafeSerializer:
    # The library signs with the last one and accepts all.
    newest_last = list(reversed(keys))
    return URLSafeSerializer(newest_last, salt=PURPOSE, signer_kwargs={"digest_method": hashlib.sha256})


def _membership(membership_id: int) -> Select[Membership]:
    return (
        select(Membership)
        .join(Account, Account.id == Membership.account_id)
        .where(Membership.id == membership_id, Membership.state == MembershipState.ACTIVE, Account.erased_at.is_(None))
        .options(joinedload(Membership.organisation))
    )
