"""The coordinators' letter, each week or month: how many certificates are due, in grace and lapsed, and what failed."""

from collections import defaultdict
from dataclasses import dataclass
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
    WorkState,
)
from mhfa_lms.services import outbox, rule_trees
from mhfa_lms.services import reminder_hours as hours
from mhfa_lms.services import reminder_marks as marks
from mhfa_lms.services.periods import Standing, has_newer, standing_condition
from mhfa_lms.services.rules import Rule

KIND: Final = "coordinator-digest"
AT_ONCE: Final = 500
# The longest window before expiry that the rules allow is 24 months; what expires later cannot be due.
LONGEST_WINDOW: Final = timedelta(days=732)
RULES: Final = [Rule.DIGEST, Rule.REMINDER_HOUR]
# What is new in a letter happened since the one before.
LASTS: Final = {"weekly": timedelta(days=7), "monthly": timedelta(days=31)}


@dataclass(frozen=True, slots=True)
class Plan:
    """How an organisation's coordinators are written to: how often, at which hour of their day, and what day it is."""

    every: str
    hour: int
    today: date

    @property
    def period(self) -> str:
        """The week or month that the letter is about, such as 2026-W47 or 2026-11. Each has one letter."""
        year, number, _day = self.today.isocalendar()
        return f"{year}-W{number:02}" if self.every == "weekly" else f"{self.today:%Y-%m}"

    @property
    def since(self) -> date:
        """The first day of what is new in the letter."""
        return self.today - LASTS[self.every]


def post_due(*, now: datetime, due_at: datetime | None = None) -> int:
    """Post this week's or month's digests that are not posted yet, by each organisation's own calendar and rule.

    Nobody is written to while nothing is due or in grace, nothing lapsed since the last one and no mail failed. Each is
    to be sent at the humane hour of its reader, unless `due_at` names another instant. Where nothing was to tell the
    certificates are counted again on the next day, not at each call. Returns how many.
    """
    posted = 0
    for plan, organisation_ids in _plans(now).items():
        for start in range(0, len(organisation_ids), AT_ONCE):
            # Counting takes seconds in long registers, and nobody is to wait for the lock meanwhile.
            session = reading()
            posts, quiet = _letters(session, organisation_ids[start : start + AT_ONCE], plan, now=now, due_at=due_at)
            session.rollback()
            if posts:
                with transaction() as session:
                    posted += len(outbox.post_many(session, posts, due_at=now, now=now))
            marks.keep_quiet(quiet, plan.today)
    return posted


def _plans(now: datetime) -> dict[Plan, list[int]]:
    session = reading()
    resolved = rule_trees.resolve_everywhere(session, RULES)
    found: defaultdict[Plan, list[int]] = defaultdict(list)
    for row in session.execute(select(Organisation.id, Organisation.timezone).order_by(Organisation.id)):
        every = str(resolved[row.id][Rule.DIGEST].value)
        if every in LASTS:
            hour = int(resolved[row.id][Rule.REMINDER_HOUR].value)
            found[Plan(every, hour, clock.civil_date(now, row.timezone))].append(row.id)
    session.rollback()
    return dict(found)


def _letters(
    session: Session, organisation_ids: list[int], plan: Plan, *, now: datetime, due_at: datetime | None
) -> tuple[list[outbox.Post], set[int]]:
    """Return the letters to post, and the organisations whose certificates gave no reason to write."""
    waiting = _without_digest(session, organisation_ids, plan.period)
    wanted = sorted({row.organisation_id for row in waiting})
    counted = sorted(set(wanted) - marks.quiet(session, wanted, plan.today))
    counts = _counts(session, counted, plan)
    failed = _failed(session, wanted, now - LASTS[plan.every])
    posts = [
        outbox.Post(
            KIND,
            f"{KIND}:{row.membership_id}:{plan.period}",
            row.account_id,
            row.organisation_id,
            row.locale,
            _facts(row, plan, counts.get(row.organisation_id), failed.get(row.organisation_id, 0))
            | hours.at_once(due_at),
            due_at=due_at or hours.due_at(row, plan.hour, now),
        )
        for row in waiting
        if row.organisation_id in counts or row.organisation_id in failed
    ]
    return posts, set(counted) - set(counts)


def _facts(row: Any, plan: Plan, counted: Any, failed: int) -> dict[str, Any]:
    return {
        "organisation": row.organisation_name,
        "every": plan.every,
        "due": counted.due if counted else 0,
        "grace": counted.grace if counted else 0,
        "lapsed": counted.lapsed if counted else 0,
        "failed": failed,
        "path": "/coordinate/register",
        "membership_id": row.membership_id,
    }


def _failed(session: Session, organisation_ids: list[int], since: datetime) -> dict[int, int]:
    """Return how many mails to an organisation's people failed for good since then, where there are any."""
    statement = (
        select(Message.organisation_id, func.count())
        .where(
            Message.state == WorkState.FAILED, Message.done_at > since, Message.organisation_id.in_(organisation_ids)
        )
        .group_by(Message.organisation_id)
    )
    return {organisation_id: count for organisation_id, count in session.execute(statement) if organisation_id}


def _without_digest(session: Session, organisation_ids: list[int], period: str) -> list[Any]:
    key = literal(f"{KIND}:").concat(cast(Membership.id, String)).concat(f":{period}")
    statement = (
        select(
            Membership.id.label("membership_id"),
            Membership.organisation_id,
            Account.id.label("account_id"),
            Account.locale,
            Account.timezone.label("own_timezone"),
            Organisation.name.label("organisation_name"),
            Organisation.timezone,
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
            Membership.digest_stopped_at.is_(None),
            ~select(Message.id).where(Message.key == key).exists(),
        )
    )
    return list(session.execute(statement).all())


def _counts(session: Session, organisation_ids: list[int], plan: Plan) -> dict[int, Any]:
    """Return the counts of organisations that have something to tell; a renewed certificate counts for nothing."""
    if not organisation_ids:
        return {}
    today = plan.today
    counted = {
        one: func.count().filter(standing_condition(one, today)).label(one.value)
        for one in (Standing.DUE, Standing.GRACE, Standing.LAPSED)
    }
    just_lapsed = func.count().filter(
        standing_condition(Standing.LAPSED, today), Certificate.window_closes_on >= plan.since
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
        select(Membership)
        .join(MembershipRole, MembershipRole.membership_id == Membership.id)
        .where(
            Membership.account_id == message.account_id,
            Membership.organisation_id == message.organisation_id,
            Membership.state == MembershipState.ACTIVE,
            MembershipRole.role == Role.COORDINATOR,
        )
    ).first()
    if still is None:
        return "no longer a coordinator"
    return "the coordinator has stopped these letters" if still.digest_stopped_at else None
