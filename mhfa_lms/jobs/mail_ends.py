"""Writing down what became of a mail, and taking the next one: both in one transaction, so that each mail costs one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any, Final

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from mhfa_lms import db, logs
from mhfa_lms.jobs import claim
from mhfa_lms.models import MailTry, Message, TryOutcome, WorkState
from mhfa_lms.services import failing_addresses, outbox

# How long a mail waits that could not be tried at all: a quarter of its age, but no less and no more than this.
SHORTEST: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(minutes=30)
FINAL: Final[Mapping[TryOutcome | None, WorkState]] = {
    None: WorkState.DONE,
    TryOutcome.REFUSED: WorkState.FAILED,
    TryOutcome.NO_MAILBOX: WorkState.FAILED,
    TryOutcome.INTERRUPTED: WorkState.FAILED,
    TryOutcome.UNWANTED: WorkState.CANCELLED,
}


class Outcome(Enum):
    """What became of one mail."""

    SENT = auto()
    PUT_OFF = auto()
    FAILED = auto()
    CANCELLED = auto()
    UNAVAILABLE = auto()  # put off because no mail can be sent at all at present


ENDS: Final = {WorkState.DONE: Outcome.SENT, WorkState.FAILED: Outcome.FAILED, WorkState.CANCELLED: Outcome.CANCELLED}


@dataclass(frozen=True, slots=True)
class End:
    """How one try ended. `what` is None for a mail that was sent.

    `error` is our own short word, `words` are the server's, which the log does not get. `facts` replace the row's.
    `address` is whom it was for; `refused_before` says that the address has refused mail. `untried`: uses up no try.
    `until`: nobody is written to at this hour; the mail goes then.
    """

    what: TryOutcome | None
    error: str = ""
    words: str = ""
    facts: dict[str, Any] | None = None
    address: str = ""
    refused_before: bool = False
    untried: bool = False
    until: datetime | None = None

    @property
    def told(self) -> str:
        """What stands beside the mail."""
        return f"{self.error}: {self.words}" if self.words else self.error


def settle(lease: claim.Lease, end: End, *, now: datetime, more: bool) -> tuple[Outcome, list[claim.Lease]]:
    """Write an end down and, if `more`, lease the mail that has been due longest; returns both."""
    with db.transaction() as session:
        outcome = _settle(session, lease, end, now)
        following = claim.taken(session, Message, now=now, lease=claim.MAIL_LEASE) if more else []
    if end.what is not None:
        logs.logger().info("mail-" + outcome.name.lower(), message_id=lease.id, attempt=lease.attempt, error=end.error)
    return outcome, following


def _settle(session: Session, lease: claim.Lease, end: End, now: datetime) -> Outcome:
    values = {**outbox.forgotten(lease.kind), **({"facts": end.facts} if end.facts is not None else {})}
    if end.until is not None:
        claim.untried(session, Message, lease, due_at=end.until, error="")
        return Outcome.PUT_OFF
    state = FINAL.get(end.what)
    if state is not None:
        ours = claim.closed(session, Message, lease, state, now=now, error=end.told, **values)
        outcome = ENDS[state]
    elif end.untried:
        outcome = Outcome.UNAVAILABLE if end.what is TryOutcome.UNREACHED else Outcome.PUT_OFF
        return _give_back(session, lease, end, now, outcome)
    else:
        ours = claim.postponed(session, Message, lease, now=now, error=end.told, at_last=values)
        outcome = Outcome.PUT_OFF if lease.attempt <= len(claim.DELAYS) else Outcome.FAILED
        if end.what is TryOutcome.UNREACHED:
            outcome = Outcome.UNAVAILABLE
    if ours:
        _remember(session, lease, end, now)
    return outcome


def _give_back(session: Session, lease: claim.Lease, end: End, now: datetime, outcome: Outcome) -> Outcome:
    row = session.execute(select(Message.created_at, Message.error).where(Message.id == lease.id)).one()
    wait = min(max((now - row.created_at) / 4, SHORTEST), LONGEST)
    if end.what is TryOutcome.HELD:
        wait = failing_addresses.LOOK_AGAIN
    # A server that is away for a week is one line of the mail's life, not a hundred.
    if claim.untried(session, Message, lease, due_at=now + wait, error=end.told) and row.error != end.told:
        _remember(session, lease, end, now)
    return outcome


def _remember(session: Session, lease: claim.Lease, end: End, now: datetime) -> None:
    if end.what is TryOutcome.NO_MAILBOX:
        failing_addresses.refused(session, end.address, end.words or end.error, now=now)
    if end.what is None:
        if end.refused_before:
            failing_addresses.clear(session, end.address, now=now)
        return
    session.execute(insert(MailTry).values(message_id=lease.id, at=now, outcome=end.what, words=end.told))
