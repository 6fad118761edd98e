"""Whether a mail is still wanted, asked just before it is delivered: much may have happened since it was posted."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms.models import Account, Invitation, Membership, MembershipState, Message, OneTimeLink
from mhfa_lms.services import (
    authorisation_reminders,
    digests,
    duty_reminders,
    extensions,
    reminder_hours,
    reminders,
    safeguarding_notices,
)
from mhfa_lms.services.secrets import hashed


def recipient(session: Session, message: Message) -> str | None:
    """Return the address a mail goes to, None when there is none any more."""
    if message.to_address:
        return message.to_address
    account = session.get(Account, message.account_id) if message.account_id is not None else None
    return account.email if account is not None and account.erased_at is None else None


def greeted(session: Session, message: Message) -> str:
    """Return the name to greet an account's holder by, best the one used in the mail's organisation."""
    if message.account_id is None:
        return ""
    here = Membership.organisation_id == (message.organisation_id or 0)
    wanted = select(Membership.name).where(
        Membership.account_id == message.account_id, Membership.state == MembershipState.ACTIVE
    )
    return session.scalars(wanted.order_by(here.desc(), Membership.id).limit(1)).one_or_none() or ""


def unwanted(session: Session, message: Message, *, now: datetime) -> str | None:
    """Return in a few words, without personal data, why a mail must not be sent any more; None when it must."""
    account = session.get(Account, message.account_id) if message.account_id is not None else None
    if account is not None and (account.deactivated_at is not None or account.erased_at is not None):
        return "the account is closed"
    if message.kind == "reminder":
        return reminders.unwanted(session, message, now=now)
    if message.kind == "authorisation-reminder":
        return authorisation_reminders.unwanted(session, message)
    if message.kind == extensions.KIND:
        return extensions.unwanted(session, message)
    if message.kind in {duty_reminders.CHECK, duty_reminders.DELIVERY}:
        return duty_reminders.unwanted(session, message)
    if message.kind == digests.KIND:
        return digests.unwanted(session, message)
    if message.kind == safeguarding_notices.KIND:
        return safeguarding_notices.unwanted(session, message)
    return _dead_link(session, message, now)


def not_before(session: Session, message: Message, *, now: datetime) -> datetime | None:
    """Return until when a mail has to wait because it is night where its reader lives; None when it may go now."""
    return reminder_hours.not_before(session, message, now=now)


def _dead_link(session: Session, message: Message, now: datetime) -> str | None:
    """Return why the one-time link in a mail is of no more use: used, withdrawn or too old."""
    secret = hashed(str(message.facts.get("path", "")).rstrip("/").rsplit("/", 1)[-1])
    link = session.scalars(select(OneTimeLink).where(OneTimeLink.secret_hash == secret)).one_or_none()
    if link is not None and (link.used_at is not None or link.expires_at <= now):
        return "its link was used or is too old"
    invitation = session.scalars(select(Invitation).where(Invitation.secret_hash == secret)).one_or_none()
    if invitation is None:
        return None
    if invitation.withdrawn_at is not None or invitation.accepted_at is not None:
        return "the invitation was withdrawn or accepted"
    return "the invitation is too old" if invitation.expires_at <= now else None
