"""The coordinators' weekly letter: how many certificates are due, in grace and lapsed."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import String, cast, func, literal, select
from sqlalchemy.orm import Session

from mhfa_lms import clock
from mhfa_lms.db import session as reading
from mhfa_lms.db import transaction
from mhfa_lms.models import (
    Account,
    Certificate,
    Membership,
    MembershipRole,
    MembershipState,
    Message,
    Organisation,
    Role,
)
from mhfa_lms.services import outbox
from mhfa_lms.services.periods import Standing, has_newer, standing_condition

KIND: Final = "coordinator-digest"
AT_ONCE: Final = 500
# The longest window before expiry that the rules allow is 24 months; what expires later cannot be due.
LONGEST_WINDOW: Final = timedelta(days=732)
WEEK: Final = timedelta(days=7)


def post_due(*, now: datetime, due_at: datetime | None = None) -> int:
    """Post this week's digests that are not posted yet, by each organisation's own calendar. Returns how many.

    Nobody is written to while nothing is due or in grace and nothing lapsed during the last seven days.
    """
    days: defaultdict[date, list[int]] = defaultdict(list)
    for row in reading().execute(select(Organisation.id, Organisation.timezone)):
        days[clock.civil_date(now, row.timezone)].append(row.id)
    reading().rollback()
    posted = 0
    for today, organisation_ids in days.items():
        for start in range(0, len(organisation_ids), AT_ONCE):
            with transaction() as session:
                some = organisation_ids[start : start + AT_ONCE]
                posted += _post(session, some, today, now=now, due_at=due_at or now)
    return posted


def week(today: date) -> str:
    """Return the ISO week of a day, such as 2026-W47."""
    year, number, _day = today.isocalendar()
    return f"{year}-W{number:02}"


def _post(session: Session, organisation_ids: list[int], today: date, *, now: datetime, due_at: datetime) -> int:
    waiting = _without_digest(session, organisation_ids, week(today))
    counts = _counts(session, sorted({row.organisation_id for row in waiting}), today)
    posts = [
        outbox.Post(
            KIND,
            f"{KIND}:{row.membership_id}:{week(today)}",
            row.account_id,
            row.organisation_id,
            row.locale,
            {
                "organisation": row.organisation_name,
                "due": counts[row.organisation_id].due,
                "grace": counts[row.organisation_id].grace,
                "lapsed": counts[row.organisation_id].lapsed,
                "path": "/coordinate/register",
            },
        )
        for row in waiting
        if row.organisation_id in counts
    ]
    return len(outbox.post_many(session, posts, due_at=due_at, now=now))


def _without_digest(session: Session, organisation_ids: list[int], this_week: str) -> list[Any]:
    key = literal(f"{KIND}:").concat(cast(Membership.id, String)).concat(f":{this_week}")
    statement = (
        select(
            Membership.id.label("membership_id"),
            Membership.organisation_id,
            Account.id.label("account_id"),
            Account.locale,
            Organisation.name.label("organisation_name"),
        )
        .join(MembershipRole, MembershipRole.membership_id == Membership.id)
        .join(Account, Account.id == Membership.account_id)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(
            Membership.organisation_id.in_(organisation_ids),
            MembershipRole.role == Role.COORDINATOR,
            Membership.state == MembershipState.ACTIVE,
            Account.deactivated_at.is_(None),
            Account.erased_at.is_(None),
            ~select(Message.id).where(Message.key == key).exists(),
        )
    )
    return list(session.execute(statement).all())


def _counts(session: Session, organisation_ids: list[int], today: date) -> dict[int, Any]:
    """Return the counts of organisations that have something to tell; a renewed certificate counts for nothing."""
    if not organisation_ids:
        return {}
    counted = {
        one: func.count().filter(standing_condition(one, today)).label(one.value)
        for one in (Standing.DUE, Standing.GRACE, Standing.LAPSED)
    }
    just_lapsed = func.count().filter(
        standing_condition(Standing.LAPSED, today), Certificate.window_closes_on >= today - WEEK
    )
    statement = (
        select(Certificate.organisation_id, *counted.values())
        .join(Membership, Membership.id == Certificate.membership_id)
        .where(
            Certificate.organisation_id.in_(organisation_ids),
            Certificate.expires_on <= today + LONGEST_WINDOW,
            Certificate.window_opens_on <= today,
            Certificate.renewed_by_id.is_(None),
            Certificate.erased_at.is_(None),
            Membership.state == MembershipState.ACTIVE,
            ~has_newer(),
        )
        .group_by(Certificate.organisation_id)
        .having(counted[Standing.DUE] + counted[Standing.GRACE] + just_lapsed > 0)
    )
    return {row.organisation_id: row for row in session.execute(statement)}


def unwanted(session: Session, message: Message) -> str | None:
    """Return why a posted digest must not be delivered any more, or None."""
    still = session.scalars(
        select(Membership.id)
        .join(MembershipRole, MembershipRole.membership_id == Membership.id)
        .where(
            Membership.account_id == message.account_id,
            Membership.organisation_id == message.organisation_id,
            Membership.state == MembershipState.ACTIVE,
            MembershipRole.role == Role.COORDINATOR,
        )
    ).first()
    return None if still else "no longer a coordinator"
