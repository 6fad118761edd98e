"""Delivering the outbox: one mail at a time is leased, checked, written, handed over and marked as done.

Killed between handing over and marking, the worker's lease runs out and the mail goes again, once, with the same
Message-ID. No transaction is open while a mail is under way.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any, Final

from sqlalchemy import select

from mhfa_lms import db, logs
from mhfa_lms.adapters.mail import Mailer, MailError, RefusedError, UnavailableError, open_mailer
from mhfa_lms.jobs import claim
from mhfa_lms.jobs.claim import Stop
from mhfa_lms.jobs.letters import Letter, compose
from mhfa_lms.models import Message, Organisation, WorkState
from mhfa_lms.services import delivery_checks, outbox
from mhfa_lms.settings import Settings

LIMIT: Final = 200


class Outcome(Enum):
    """What became of one mail."""

    SENT = auto()
    PUT_OFF = auto()
    FAILED = auto()
    CANCELLED = auto()
    UNAVAILABLE = auto()  # put off because no mail can be sent at all at present


@dataclass(slots=True)
class Counts:
    """What became of the mails of one round."""

    sent: int = 0
    put_off: int = 0
    failed: int = 0
    cancelled: int = 0

    def add(self, outcome: Outcome) -> None:
        """Count one mail."""
        self.sent += outcome is Outcome.SENT
        self.put_off += outcome in {Outcome.PUT_OFF, Outcome.UNAVAILABLE}
        self.failed += outcome is Outcome.FAILED
        self.cancelled += outcome is Outcome.CANCELLED

    @property
    def all(self) -> int:
        """How many mails were looked at."""
        return self.sent + self.put_off + self.failed + self.cancelled


def send_waiting(
    settings: Settings,
    now_fn: Callable[[], datetime],
    limit: int = LIMIT,
    *,
    mailer: Mailer | None = None,
    stop: Stop | None = None,
) -> Counts:
    """Deliver up to `limit` mails that are due; ends early at `stop`, or when no mail can be sent at present."""
    counts = Counts()
    if not claim.any_free(Message, now=now_fn()):
        return counts
    with mailer or open_mailer(settings.mail_url) as out:
        while counts.all < limit and not (stop and stop.is_set()):
            leases = claim.take(Message, now=now_fn(), lease=claim.MAIL_LEASE)
            if not leases:
                break
            outcome = _deliver(leases[0], settings, now_fn, out)
            counts.add(outcome)
            if outcome is Outcome.UNAVAILABLE:
                break
    return counts


def _deliver(lease: claim.Lease, settings: Settings, now_fn: Callable[[], datetime], out: Mailer) -> Outcome:
    if lease.worn_out:
        return _end(lease, Outcome.FAILED, now_fn(), "the worker stopped at every try", **_forgotten(lease.id))
    forgotten: dict[str, Any] = {}
    try:
        forgotten = _forgotten(lease.id)
        letter, against, rest = _read(lease.id, now_fn())
        if letter is None:
            return _end(lease, Outcome.CANCELLED, now_fn(), against, facts=rest, **forgotten)
        mail = compose(letter, settings, now=now_fn())
    except Exception as error:
        # A mistake in a template or a fact: said by its kind alone, for its words may repeat the facts.
        logs.logger().error("mail-not-written", message_id=lease.id, error=type(error).__name__, at=logs.place(error))
        return _end(
            lease, Outcome.PUT_OFF, now_fn(), f"the mail could not be written ({type(error).__name__})", **forgotten
        )
    try:
        out.send(mail)
    except RefusedError as error:
        return _end(lease, Outcome.FAILED, now_fn(), str(error), error.words, **forgotten)
    except UnavailableError as error:
        return _end(lease, Outcome.UNAVAILABLE, now_fn(), str(error), error.words, **forgotten)
    except MailError as error:
        return _end(lease, Outcome.PUT_OFF, now_fn(), str(error), error.words, **forgotten)
    except Exception as error:
        return _end(
            lease, Outcome.PUT_OFF, now_fn(), f"the mail could not be sent ({type(error).__name__})", **forgotten
        )
    return _end(lease, Outcome.SENT, now_fn(), facts=rest, **forgotten)


def _forgotten(message_id: int) -> dict[str, Any]:
    session = db.session()
    try:
        kind = session.scalars(select(Message.kind).where(Message.id == message_id)).one()
        return outbox.forgotten(kind)
    finally:
        session.rollback()


def _read(message_id: int, now: datetime) -> tuple[Letter | None, str, dict[str, Any]]:
    """Return the letter, or why it is not to be sent; and the facts without the one-time secret."""
    session = db.session()
    try:
        message = session.get_one(Message, message_id)
        rest = {name: value for name, value in message.facts.items() if name != "path"}
        against = delivery_checks.unwanted(session, message, now=now)
        address = delivery_checks.recipient(session, message)
        if against or not address:
            return None, str(against or "there is no address any more"), rest
        organisation = (
            session.get(Organisation, message.organisation_id) if message.organisation_id is not None else None
        )
        zone = organisation.timezone if organisation else "UTC"
        facts = message.facts
        if "name" not in facts:
            facts = {**facts, "name": delivery_checks.greeted(session, message)}
        letter = Letter(message.kind, address, message.locale, facts, message.internet_id, zone)
        return letter, "", rest
    finally:
        session.rollback()


def _end(
    lease: claim.Lease, outcome: Outcome, now: datetime, error: str = "", words: str = "", **values: Any
) -> Outcome:
    """Write down what became of the mail, and with its end the values that it loses.

    The server's own words stand beside the mail's address, where erasing takes both; the log gets neither.
    """
    told = f"{error}: {words}" if words else error
    states = {
        Outcome.SENT: WorkState.DONE,
        Outcome.FAILED: WorkState.FAILED,
        Outcome.CANCELLED: WorkState.CANCELLED,
    }
    if outcome in states:
        claim.close(Message, lease, states[outcome], now=now, error=told, **values)
    elif not claim.put_off(Message, lease, now=now, error=told, at_last=values):
        outcome = Outcome.FAILED if outcome is Outcome.PUT_OFF else outcome
    if outcome is not Outcome.SENT:
        logs.logger().info("mail-" + outcome.name.lower(), message_id=lease.id, attempt=lease.attempt, error=error)
    return outcome
