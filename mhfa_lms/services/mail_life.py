"""A mail's life, for those who look after it: where it stands, what happened to it, and which did not arrive.

What a mail tells is never shown: it may hold a link that opens an account.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, or_, select, text
from sqlalchemy.orm import Session

from mhfa_lms.models import (
    Account,
    FailingAddress,
    MailTry,
    Membership,
    Message,
    Organisation,
    WorkState,
)
from mhfa_lms.policy import Actor, Can, require, scope
from mhfa_lms.services import failing_addresses, paging

# Due for so long without having been tried, a mail is late.
LATE: Final = timedelta(hours=2)
MOST_TRIES: Final = 100
# What coordinators may know of: mails about being here. What protects an account, or tells of a worry, is not theirs.
FOR_COORDINATORS: Final = frozenset(
    {
        *("invitation", "reminder", "authorisation-reminder", "check-reminder", "delivery-reminder"),
        *("coordinator-digest", "certificate-withdrawn", "authorisation-extended"),
        *("certificate-ready", "scenario-result", "attempt-released", "activity-decided"),
    }
)


class Stage(StrEnum):
    """Where a mail stands."""

    WAITING = "waiting"
    SENDING = "sending"
    DEFERRED = "deferred"
    HELD = "held"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"


def stage(message: Message, now: datetime) -> Stage:
    """Return where a mail stands at an instant."""
    if message.state is not WorkState.WAITING:
        return ENDED[message.state]
    if message.leased_until is not None and message.leased_until > now:
        return Stage.SENDING
    if message.error == failing_addresses.HELD:
        return Stage.HELD
    return Stage.DEFERRED if message.error else Stage.WAITING


ENDED: Final = {WorkState.DONE: Stage.SENT, WorkState.FAILED: Stage.FAILED, WorkState.CANCELLED: Stage.CANCELLED}


@dataclass(frozen=True, slots=True)
class Life:
    """One mail with all that happened to it, the oldest first; `address` is None when there is nobody any more."""

    message: Message
    stage: Stage
    organisation: str
    address: str | None
    tries: list[MailTry]
    failing: FailingAddress | None


def life(session: Session, message_id: int, *, by: Actor, now: datetime) -> Life | None:
    """Return a mail's life, None when there is no such mail. Raises `Forbidden`."""
    require(by, Can.ADMINISTER)
    row = session.execute(
        select(Message, Organisation.name.label("organisation"), Account.email)
        .outerjoin(Organisation, Organisation.id == Message.organisation_id)
        .outerjoin(Account, Account.id == Message.account_id)
        .where(Message.id == message_id)
    ).one_or_none()
    if row is None:
        return None
    address = row.Message.to_address or row.email
    found = failing_addresses.known(session, address) if address else None
    return Life(
        row.Message, stage(row.Message, now), row.organisation or "", address, _tries(session, message_id), found
    )


def _tries(session: Session, message_id: int) -> list[MailTry]:
    query = select(MailTry).where(MailTry.message_id == message_id).order_by(MailTry.id).limit(MOST_TRIES)
    return list(session.scalars(query))


def missing(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a mail has not arrived: it failed, is put off, or has been due for too long."""
    late = or_(Message.error != "", Message.due_at < now - LATE)
    return or_(Message.state == WorkState.FAILED, and_(Message.state == WorkState.WAITING, late))


def missing_here(by: Actor, now: datetime) -> ColumnElement[bool]:
    """Return the condition for the mails of the actor's organisation that have not arrived and concern coordinators."""
    # Word for word as in the index of the few that have not arrived: with parameters it would not be used.
    few = text("message.state IN ('waiting', 'failed')")
    return and_(scope(by, Message), few, Message.kind.in_(FOR_COORDINATORS), missing(now))


def not_arrived(
    session: Session, *, by: Actor, now: datetime, before: int | None = None, size: int = paging.PAGE
) -> tuple[list[Any], int | None]:
    """Return a page of the organisation's mails that have not arrived, the newest first, and where the next begins.

    Each row is the message, the person's membership, name and work address, and what came of the last try. The address
    that somebody signs in with is none of a coordinator's. Raises `Forbidden`.
    """
    require(by, Can.SEE_PEOPLE)
    last = select(MailTry.outcome).where(MailTry.message_id == Message.id).order_by(MailTry.id.desc()).limit(1)
    statement = (
        select(
            Message,
            Membership.id.label("membership_id"),
            Membership.name,
            Membership.work_email,
            last.correlate(Message).scalar_subquery().label("outcome"),
        )
        .outerjoin(
            Membership,
            and_(Membership.account_id == Message.account_id, Membership.organisation_id == Message.organisation_id),
        )
        .where(missing_here(by, now), *([Message.id < before] if before is not None else []))
        .order_by(Message.id.desc())
        .limit(size + 1)
    )
    rows = list(session.execute(statement))
    return rows[:size], rows[size - 1].Message.id if len(rows) > size else None


def how_many(session: Session, *, by: Actor, now: datetime) -> paging.Total:
    """Return how many of the organisation's mails have not arrived."""
    return paging.count(session, select(Message.id).where(missing_here(by, now)))


def of_coordinator(session: Session, message_id: int, *, by: Actor) -> Message | None:
    """Return a mail that concerns the actor as a coordinator, None for every other."""
    query = select(Message).where(scope(by, Message), Message.id == message_id, Message.kind.in_(FOR_COORDINATORS))
    return session.scalars(query).one_or_none()


def of_administrator(session: Session, message_id: int, *, by: Actor) -> Message | None:
    """Return any mail; None when there is no such mail. Raises `Forbidden`."""
    require(by, Can.ADMINISTER)
    return session.get(Message, message_id)
