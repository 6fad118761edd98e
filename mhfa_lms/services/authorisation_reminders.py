"""Reminders to instructors that their leave to teach and mark ends."""

from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from mhfa_lms.db import insert, transaction
from mhfa_lms.db import session as reading
from mhfa_lms.models import (
    Authorisation,
    AuthorisationExtension,
    AuthorisationReminder,
    CertificationType,
    Membership,
    Message,
)
from mhfa_lms.services import outbox
from mhfa_lms.services import reminder_hours as hours
from mhfa_lms.services.instructors import PERSON, reachable
from mhfa_lms.services.reminder_plan import Dates, Plan
from mhfa_lms.services.reminders import plans

BATCH: Final = 500


def post_due(*, now: datetime, due_at: datetime | None = None) -> int:
    """Post the reminders that are due: on the organisation's days before the end, each once. Returns how many.

    Each is to be sent at the humane hour of its reader, unless `due_at` names another instant for all.
    """
    posted = 0
    for (rules_of, today), organisation_ids in plans(now=now).items():
        for start in range(0, len(organisation_ids), BATCH):
            wanted = _due(rules_of, today, organisation_ids[start : start + BATCH])
            # Most ticks find nothing, and should take no lock.
            if wanted:
                with transaction() as session:
                    posted += _post(session, wanted, rules_of.hour, today, now=now, due_at=due_at)
    return posted


def _due(rules_of: Plan, today: date, organisation_ids: list[int]) -> dict[str, tuple[Any, int]]:
    """Return the authorisations to remind of, each with its offset, by the key of the mail."""
    session = reading()
    longest = max(rules_of.days, default=0)
    rows = valid(
        session,
        Membership.organisation_id.in_(organisation_ids),
        Authorisation.expires_on >= today,
        Authorisation.expires_on <= today + timedelta(days=longest),
    )
    sent = _sent(session, [row.id for row in rows])
    wanted: dict[str, tuple[Any, int]] = {}
    for row in rows:
        offset = rules_of.due(Dates(row.valid_from, row.expires_on, row.expires_on), today)
        if offset is not None and offset < sent.get(row.id, offset + 1):
            wanted[f"authorisation-reminder:{row.id}:{offset}"] = (row, offset)
    session.rollback()
    return wanted


def _post(
    session: Session,
    wanted: dict[str, tuple[Any, int]],
    hour: int,
    today: date,
    *,
    now: datetime,
    due_at: datetime | None,
) -> int:
    posts = [
        outbox.Post(
            "authorisation-reminder",
            key,
            row.account_id,
            row.organisation_id,
            row.locale,
            facts(row, offset, today) | hours.at_once(due_at),
            due_at=due_at or hours.due_at(row, hour, now),
        )
        for key, (row, offset) in wanted.items()
    ]
    new = [
        {
            "authorisation_id": wanted[key][0].id,
            "offset_days": wanted[key][1],
            "message_id": id_,
            "posted_at": now,
        }
        for key, id_ in outbox.post_many(session, posts, due_at=now, now=now).items()
    ]
    if new:
        session.execute(insert(session, AuthorisationReminder).on_conflict_do_nothing(), new)
    return len(new)


def valid(session: Session, *conditions: ColumnElement[bool]) -> list[Any]:
    """Return instructors' authorisations that no longer one has taken the place of."""
    later = aliased(Authorisation)
    held = (
        select(
            Authorisation.id,
            Authorisation.valid_from,
            Authorisation.expires_on,
            CertificationType.name.label("type_name"),
            AuthorisationExtension.months.label("extension_months"),
            *PERSON,
        )
        .join(CertificationType, CertificationType.id == Authorisation.certification_type_id)
        .join(Membership, Membership.id == Authorisation.membership_id)
        .outerjoin(AuthorisationExtension, AuthorisationExtension.authorisation_id == Authorisation.id)
    )
    return list(
        session.execute(
            reachable(held).where(
                ~select(later.id)
                .where(
                    later.membership_id == Authorisation.membership_id,
                    later.certification_type_id == Authorisation.certification_type_id,
                    or_(
                        later.expires_on > Authorisation.expires_on,
                        and_(later.expires_on == Authorisation.expires_on, later.id > Authorisation.id),
                    ),
                )
                .exists(),
                *conditions,
            )
        ).all()
    )


def _sent(session: Session, ids: list[int]) -> dict[int, int]:
    rows = session.execute(
        select(AuthorisationReminder.authorisation_id, AuthorisationReminder.offset_days).where(
            AuthorisationReminder.authorisation_id.in_(ids)
        )
    ).all()
    found: dict[int, int] = {}
    for row in rows:
        found[row.authorisation_id] = min(row.offset_days, found.get(row.authorisation_id, row.offset_days))
    return found


def facts(row: Any, offset: int, today: date) -> dict[str, Any]:
    """Return what the mail tells; dates as ISO. `as_of` is the day it was posted for."""
    return {
        "name": row.name,
        "type": row.type_name,
        "organisation": row.organisation_name,
        "expires_on": row.expires_on.isoformat(),
        "offset_days": offset,
        "as_of": today.isoformat(),
        "event": f"authorisation:{row.id}",
    }


def unwanted(session: Session, message: Message) -> str | None:
    """Return why a posted reminder must not be delivered any more, or None."""
    posted = session.scalars(
        select(AuthorisationReminder).where(AuthorisationReminder.message_id == message.id)
    ).one_or_none()
    if posted is None:
        return None
    if not valid(session, Authorisation.id == posted.authorisation_id):
        return "the authorisation was extended, or the person no longer instructs here"
    # After days without mail, the one that is nearest to the end says it all.
    last = func.min(AuthorisationReminder.offset_days)
    nearest = session.scalar(select(last).where(AuthorisationReminder.authorisation_id == posted.authorisation_id))
    return "a later one was posted" if nearest is not None and nearest < posted.offset_days else None
