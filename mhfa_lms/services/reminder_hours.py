"""When a posted reminder is sent: at a humane hour where its reader lives, asked again just before it goes."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms.models import Account, Membership, Message, Organisation
from mhfa_lms.services import humane_hour, rules
from mhfa_lms.services.rules import Rule

# The kinds of mail that wait for their hour: nobody is waiting for them.
KINDS: Final = frozenset(
    {
        *("reminder", "authorisation-reminder", "check-reminder", "delivery-reminder", "coordinator-digest"),
        "authorisation-extended",
    }
)
# The fact of a mail that was posted for another instant by hand, as `tick --as-of` does: it does not wait.
AT_ONCE: Final = "at_once"


def due_at(row: Any, hour: int, now: datetime) -> datetime:
    """Return when a mail posted now goes; `row` has `own_timezone` and the organisation's `timezone`."""
    return humane_hour.first_from(now, humane_hour.reader_zone(row.own_timezone, row.timezone), hour)


def of(session: Session, membership: Membership, *, now: datetime) -> datetime:
    """Return when a mail that a member does not wait for goes, if it is written now."""
    place = membership.organisation
    zone = humane_hour.reader_zone(membership.account.timezone, place.timezone)
    hour = rules.resolve(session, [Rule.REMINDER_HOUR], organisation_id=place.id)[Rule.REMINDER_HOUR]
    return humane_hour.first_from(now, zone, int(hour.value))


def at_once(chosen: datetime | None) -> dict[str, Any]:
    """Return the fact that a mail was posted for an instant chosen by hand, or none."""
    return {AT_ONCE: True} if chosen is not None else {}


def not_before(session: Session, message: Message, *, now: datetime) -> datetime | None:
    """Return until when a mail has to wait for its hour, or None when it may go now.

    Asked before it is delivered, for its reader may live elsewhere since, and it may have waited into the night.
    """
    if message.kind not in KINDS or message.facts.get(AT_ONCE):
        return None
    own = session.scalars(select(Account.timezone).where(Account.id == message.account_id)).one_or_none()
    place = session.scalars(select(Organisation.timezone).where(Organisation.id == message.organisation_id)).first()
    hour = rules.resolve(session, [Rule.REMINDER_HOUR], organisation_id=message.organisation_id)[Rule.REMINDER_HOUR]
    found = humane_hour.first_from(now, humane_hour.reader_zone(own, place or "UTC"), int(hour.value))
    return found if found > now else None
