"""Delivering the outbox: one mail at a time is leased, checked, written, handed over and marked as done.

Killed between handing over and marking, the worker's lease runs out and the mail goes again, once, with the same
Message-ID. No transaction is open while a mail is under way; the one that marks it leases the next.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from mhfa_lms import db, logs
from mhfa_lms.adapters.mail import (
    AddressRefusedError,
    Mailer,
    MailError,
    RefusedError,
    UnavailableError,
)
from mhfa_lms.adapters.mailers import open_mailer
from mhfa_lms.jobs import claim
from mhfa_lms.jobs.claim import Stop
from mhfa_lms.jobs.letters import Letter, compose
from mhfa_lms.jobs.mail_ends import End, Outcome, settle
from mhfa_lms.models import Message, Organisation, TryOutcome
from mhfa_lms.services import delivery_checks, failing_addresses, what_next
from mhfa_lms.settings import Settings

LIMIT: Final = 200


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
        leases = [] if stop and stop.is_set() else claim.take(Message, now=now_fn(), lease=claim.MAIL_LEASE)
        while leases:
            end = _deliver(leases[0], settings, now_fn, out)
            more = counts.all + 1 < limit and not (stop and stop.is_set()) and end.what is not TryOutcome.UNREACHED
            outcome, leases = settle(leases[0], end, now=now_fn(), more=more)
            counts.add(outcome)
    return counts


def _deliver(lease: claim.Lease, settings: Settings, now_fn: Callable[[], datetime], out: Mailer) -> End:
    if lease.worn_out:
        return End(TryOutcome.INTERRUPTED, "the worker stopped at every try")
    try:
        found = _read(lease.id, now_fn())
        if isinstance(found, End):
            return found
        mail = compose(found.letter, settings, now=now_fn())
    except Exception as error:
        # A mistake in a template or a fact: said by its kind alone, for its words may repeat the facts.
        logs.logger().error("mail-not-written", message_id=lease.id, error=type(error).__name__, at=logs.place(error))
        return End(TryOutcome.UNWRITTEN, f"the mail could not be written ({type(error).__name__})")
    end = found.end
    try:
        out.send(mail)
    except MailError as error:
        return replace(end, what=_told(error), error=str(error), words=error.words, facts=None, untried=_early(error))
    except Exception as error:
        said = f"the mail could not be sent ({type(error).__name__})"
        return replace(end, what=TryOutcome.DEFERRED, error=said, facts=None)
    return end


def _told(error: MailError) -> TryOutcome:
    if isinstance(error, AddressRefusedError):
        return TryOutcome.NO_MAILBOX
    if isinstance(error, RefusedError):
        return TryOutcome.REFUSED
    return TryOutcome.UNREACHED if isinstance(error, UnavailableError) else TryOutcome.DEFERRED


def _early(error: MailError) -> bool:
    return isinstance(error, UnavailableError) and error.early


@dataclass(frozen=True, slots=True)
class Ready:
    """A mail that is still wanted, and how it ends once it is sent."""

    letter: Letter
    end: End


def _read(message_id: int, now: datetime) -> Ready | End:
    """Return the letter, with the facts that stay without the one-time secret; or why it is not to be sent now."""
    session = db.session()
    try:
        message = session.get_one(Message, message_id)
        rest = {name: value for name, value in message.facts.items() if name != "path"}
        against = delivery_checks.unwanted(session, message, now=now)
        address = delivery_checks.recipient(session, message)
        if against or not address:
            return End(TryOutcome.UNWANTED, str(against or "there is no address any more"), facts=rest)
        if until := delivery_checks.not_before(session, message, now=now):
            return End(TryOutcome.HELD, untried=True, until=until)
        refusals = failing_addresses.known(session, address)
        if message.kind in failing_addresses.CAN_WAIT and failing_addresses.is_failing(refusals):
            return End(TryOutcome.HELD, failing_addresses.HELD, untried=True)
        end = End(None, facts=rest, address=address, refused_before=refusals is not None)
        return Ready(_letter(message, address, session, now), end)
    finally:
        session.rollback()


def _letter(message: Message, address: str, session: Session, now: datetime) -> Letter:
    organisation = session.get(Organisation, message.organisation_id) if message.organisation_id is not None else None
    facts = {**message.facts, **what_next.facts(session, message, now=now)}
    if "name" not in facts:
        facts = {**facts, "name": delivery_checks.greeted(session, message)}
    zone = organisation.timezone if organisation else "UTC"
    return Letter(message.kind, address, message.locale, facts, message.internet_id, zone)
