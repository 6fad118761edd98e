"""Addresses that refuse mail: what can wait is not sent there any more until somebody has mended it.

A refusal counts when the mail server says that the mailbox is not there or takes nothing. Mails that somebody has just
asked for (a new password, an invitation) are always tried; one that is taken clears the address.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import case, delete, select, update
from sqlalchemy.orm import Session

from mhfa_lms.db import insert
from mhfa_lms.models import Account, FailingAddress, Message, WorkState
from mhfa_lms.services.names import email_key

# Refused so many times in a row, an address counts as failing.
MOST_REFUSALS: Final = 2
# What comes again by itself, and therefore waits.
CAN_WAIT: Final = frozenset(
    {"reminder", "authorisation-reminder", "check-reminder", "delivery-reminder", "coordinator-digest"}
)
HELD: Final = "waits: the address refuses mail"
# How often a mail that waits is looked at again: the person may have changed their address.
LOOK_AGAIN: Final = timedelta(days=1)


def known(session: Session, address: str) -> FailingAddress | None:
    """Return what is known against an address: None when it refused nothing since the last mail it took."""
    return session.scalars(select(FailingAddress).where(FailingAddress.email_key == email_key(address))).one_or_none()


def is_failing(found: FailingAddress | None) -> bool:
    """Whether an address has refused mail often enough for others to wait."""
    return found is not None and found.refusals >= MOST_REFUSALS


def refused(session: Session, address: str, words: str, *, now: datetime) -> None:
    """Count a refusal, in the caller's transaction."""
    row = {"email_key": email_key(address), "refusals": 1, "first_at": now, "last_at": now, "words": words}
    statement = insert(session, FailingAddress).values(row)
    # A clock that was put back must not let the day be before the first one, which the database refuses.
    later = case((FailingAddress.first_at > now, FailingAddress.first_at), else_=now)
    again = {"refusals": FailingAddress.refusals + 1, "last_at": later, "words": words}
    session.execute(statement.on_conflict_do_update(index_elements=["email_key"], set_=again))


def clear(session: Session, address: str, *, now: datetime) -> None:
    """Forget what an address refused, in the caller's transaction; what waited because of it is due at once."""
    key = email_key(address)
    session.execute(delete(FailingAddress).where(FailingAddress.email_key == key))
    holders = select(Account.id).where(Account.email_key == key)
    session.execute(
        update(Message)
        .where(
            Message.state == WorkState.WAITING,
            Message.error == HELD,
            Message.account_id.in_(holders),
        )
        .values(due_at=now)
        .execution_options(synchronize_session=False)
    )
