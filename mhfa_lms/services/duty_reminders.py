"""Reminders to instructors that a background check ends, and that courses to be taught this year are missing.

The outbox is their ledger: the key of each names what it is about, the year or the day, and the offset.
"""

from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from mhfa_lms.db import session as reading
from mhfa_lms.db import transaction
from mhfa_lms.models import (
    Authorisation,
    BackgroundCheck,
    CertificationType,
    Membership,
    Message,
)
from mhfa_lms.services import duties, outbox, rule_trees
from mhfa_lms.services import reminder_hours as hours
from mhfa_lms.services.instructors import PERSON, reachable
from mhfa_lms.services.reminder_plan import Dates, Plan
from mhfa_lms.services.reminders import plans
from mhfa_lms.services.rules import Rule

CHECK: Final = "check-reminder"
DELIVERY: Final = "delivery-reminder"
BATCH: Final = 500
# Of courses that are missing: in time to plan one, and when the year ends.
YEAR_DAYS: Final = (90, 0)


def about_check(membership_id: int, until: date) -> str:
    """Return what the keys of reminders of one check begin with; a colon and the offset follow."""
    return f"{CHECK}:{membership_id}:{until}"


def about_year(authorisation_id: int, first: date) -> str:
    """Return what the keys of reminders of one authorised year begin with; a colon and the offset follow."""
    return f"{DELIVERY}:{authorisation_id}:{first}"


def post_due(*, now: datetime, due_at: datetime | None = None) -> int:
    """Post the reminders that are due, each once. Returns how many.

    Each is to be sent at the humane hour of its reader, unless `due_at` names another instant for all.
    """
    posted = 0
    for (rules_of, today), organisation_ids in plans(now=now).items():
        for start in range(0, len(organisation_ids), BATCH):
            here = Membership.organisation_id.in_(organisation_ids[start : start + BATCH])
            # Asked before writing: most ticks find nothing, and should take no lock.
            session = reading()
            letters = [*_checks(session, rules_of, today, here), *_deliveries(session, today, here)]
            posts = [
                outbox.Post(
                    kind,
                    key,
                    row.account_id,
                    row.organisation_id,
                    row.locale,
                    facts | hours.at_once(due_at),
                    due_at=due_at or hours.due_at(row, rules_of.hour, now),
                )
                for kind, key, row, facts in letters
            ]
            new = outbox.unposted(session, posts)
            session.rollback()
            if new:
                with transaction() as session:
                    posted += len(outbox.post_many(session, new, due_at=now, now=now))
    return posted


def _checks(
    session: Session, rules_of: Plan, today: date, here: ColumnElement[bool]
) -> list[tuple[str, str, Any, dict[str, Any]]]:
    """Return the letters about checks that end: of each person's, the one that lasts longest."""
    last = func.max(BackgroundCheck.valid_until)
    checked = select(last.label("valid_until"), func.min(BackgroundCheck.recorded_at).label("recorded_at"), *PERSON)
    rows = session.execute(
        reachable(checked.join(Membership, Membership.id == BackgroundCheck.membership_id))
        .where(here)
        .group_by(*PERSON)
        .having(last >= today, last <= today + timedelta(days=max(rules_of.days, default=0)))
    )
    found = []
    for row in rows:
        offset = rules_of.due(Dates(date.min, row.valid_until, row.valid_until), today)
        if offset is not None:
            about = about_check(row.membership_id, row.valid_until)
            facts = _facts(row, row.valid_until, offset, today) | {"event": about}
            found.append((CHECK, f"{about}:{offset}", row, facts))
    return found


def _facts(row: Any, expires_on: date, offset: int, today: date) -> dict[str, Any]:
    return {
        "name": row.name,
        "organisation": row.organisation_name,
        "expires_on": expires_on.isoformat(),
        "offset_days": offset,
        "as_of": today.isoformat(),
    }


def _deliveries(session: Session, today: date, here: ColumnElement[bool]) -> list[tuple[str, str, Any, dict[str, Any]]]:
    """Return the letters about courses that are missing in an authorised year which ends soon."""
    held = (
        select(Authorisation, CertificationType.name.label("type_name"), *PERSON)
        .join(CertificationType, CertificationType.id == Authorisation.certification_type_id)
        .join(Membership, Membership.id == Authorisation.membership_id)
    )
    in_force = (Authorisation.valid_from <= today, Authorisation.expires_on >= today)
    rows = session.execute(reachable(held).where(here, *in_force)).all()
    needed = _needed(session) if rows else {}
    found = []
    for row in rows:
        one = row.Authorisation
        dates = duties.year_of(one.valid_from, one.expires_on, today)
        offset = next((days for days in reversed(YEAR_DAYS) if dates and (dates[1] - today).days <= days), None)
        if dates is None or offset is None:
            continue
        this_year = duties.year(session, one, today, zone=row.timezone, needed=needed[row.organisation_id])
        if this_year and this_year.missing:
            about = about_year(one.id, dates[0])
            more = {"type": row.type_name, "taught": this_year.taught, "needed": this_year.needed, "event": about}
            found.append((DELIVERY, f"{about}:{offset}", row, _facts(row, dates[1], offset, today) | more))
    return found


def _needed(session: Session) -> dict[int, int]:
    found = rule_trees.resolve_everywhere(session, [Rule.MINIMUM_DELIVERIES])
    return {one: int(values[Rule.MINIMUM_DELIVERIES].value) for one, values in found.items()}


def unwanted(session: Session, message: Message) -> str | None:
    """Return why a posted reminder must not be delivered any more, or None."""
    row = session.execute(
        reachable(select(*PERSON)).where(
            Membership.account_id == message.account_id,
            Membership.organisation_id == message.organisation_id,
        )
    ).one_or_none()
    if row is None:
        return "the person no longer instructs here"
    if _later_one(session, message):
        return "a later one was posted"
    if message.kind == CHECK:
        until = duties.check_of(session, row.membership_id)
        still = until is not None and until.isoformat() == message.facts["expires_on"]
        return None if still else "the background check was renewed"
    return _still_missing(session, message, row)


def _later_one(session: Session, message: Message) -> bool:
    """Whether a reminder of the same, nearer to its day, was posted too: after days without mail, that one says it."""
    about, _colon, offset = message.key.rpartition(":")
    nearer = [f"{about}:{one}" for one in range(int(offset))]
    return session.scalars(select(Message.id).where(Message.key.in_(nearer)).limit(1)).first() is not None


def _still_missing(session: Session, message: Message, row: Any) -> str | None:
    held = session.get(Authorisation, int(message.key.split(":")[1]))
    needed = _needed(session)[row.organisation_id]
    last = date.fromisoformat(message.facts["expires_on"])
    found = duties.year(session, held, last, zone=row.timezone, needed=needed) if held else None
    return None if found and found.missing else "enough was taught"
