"""Reminders to renew: which are due is asked of the database; each is posted once, whoever asks and how often."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, not_, or_, select
from sqlalchemy.orm import Session

from mhfa_lms import clock
from mhfa_lms.db import insert, transaction
from mhfa_lms.db import session as reading
from mhfa_lms.models import Account, Certificate, Membership, Message, Organisation, Reminder
from mhfa_lms.services import outbox, rule_trees, rules
from mhfa_lms.services import reminder_hours as hours
from mhfa_lms.services import reminder_marks as marks
from mhfa_lms.services.reminder_marks import Look
from mhfa_lms.services.reminder_plan import GRACE, RULES, Plan, plan
from mhfa_lms.services.reminder_reasons import Reason, latest_posted, open_conditions, reason, situation

BATCH: Final = 500
# How many numbers of certificates are kept in memory at a time.
FOUND: Final = 5_000


def post_due(*, now: datetime, due_at: datetime | None = None) -> int:
    """Post every reminder that is due at `now`. Returns how many.

    Each is to be sent at the humane hour of its reader, unless `due_at` names another instant for all.

    Looks only at what is new since the look before (`reminder_marks`). What is due is asked first, without a lock, as
    looking at a long register takes seconds; then it is posted in batches, each one transaction with a fixed number of
    queries, which asks of its few rows again. A second call, or another worker's at the same time, finds the rows of
    the first and posts nothing more.
    """
    posted = 0
    last = marks.newest()
    for look, organisation_ids in marks.looks(plans(now=now), now=now):
        for offset, conditions in _looked_at(look, organisation_ids):
            for ids in _due(look.rules_of, offset, conditions):
                with transaction() as session:
                    rows = situation(session, Certificate.id.in_(ids), *_unsent(offset))
                    posted += _post(session, look.rules_of, offset, look.today, rows, now, due_at)
        marks.keep(look, organisation_ids, last, now=now)
    return posted


def _looked_at(look: Look, organisation_ids: list[int]) -> Iterator[tuple[int, list[ColumnElement[bool]]]]:
    """Yield for each offset the conditions of the certificates to look at."""
    theirs = Certificate.organisation_id.in_(organisation_ids)
    if look.since != look.today:
        for offset, band in bands(look.rules_of, look.today):
            yield offset, [theirs, band, *marks.fallen_due(look, offset)]
    if not look.whole:
        for ids in marks.new_certificates(look, organisation_ids):
            for offset, band in bands(look.rules_of, look.today):
                yield offset, [Certificate.id.in_(ids), band]


def plans(*, now: datetime) -> dict[tuple[Plan, date], list[int]]:
    """Return the organisations that share both their rules for reminders and the present day."""
    session = reading()
    resolved = rule_trees.resolve_everywhere(session, RULES)
    found: defaultdict[tuple[Plan, date], list[int]] = defaultdict(list)
    for row in session.execute(select(Organisation.id, Organisation.timezone).order_by(Organisation.id)):
        found[plan(resolved[row.id]), clock.civil_date(now, row.timezone)].append(row.id)
    session.rollback()
    return dict(found)


def bands(rules_of: Plan, today: date) -> Iterator[tuple[int, ColumnElement[bool]]]:
    """Yield for each offset the condition that it is the latest one whose day has come.

    Only dates are compared with columns: adding days to a column differs between databases, and cannot use an index.
    """
    grace_reached = and_(
        Certificate.window_closes_on > Certificate.expires_on,
        or_(
            Certificate.expires_on <= today - timedelta(days=rules_of.grace_days),
            Certificate.window_closes_on <= today,
        ),
    )
    still_open = Certificate.window_closes_on >= today
    upper = [today + timedelta(days=offset) for offset in rules_of.days]
    for number, offset in enumerate(rules_of.days):
        reached = and_(Certificate.expires_on <= upper[number], still_open)
        after = upper[number + 1 : number + 2]
        yield offset, and_(reached, Certificate.expires_on > after[0] if after else not_(grace_reached))
    yield GRACE, and_(Certificate.expires_on < today, still_open, grace_reached)


def _due(rules_of: Plan, offset: int, conditions: list[ColumnElement[bool]]) -> Iterator[list[int]]:
    """Yield the numbers of the certificates that may be reminded about, in their order, a batch at a time."""
    wanted = [] if rules_of.keep_last else [Membership.reminders_stopped_at.is_(None)]
    statement = (
        select(Certificate.id)
        .join(Membership, Membership.id == Certificate.membership_id)
        .join(Account, Account.id == Membership.account_id)
        .where(*conditions, *open_conditions(), *wanted, *_unsent(offset))
        .order_by(Certificate.id)
        .limit(FOUND)
    )
    after = 0
    while True:
        session = reading()
        ids = list(session.scalars(statement.where(Certificate.id > after)))
        session.rollback()
        for start in range(0, len(ids), BATCH):
            yield ids[start : start + BATCH]
        if len(ids) < FOUND:
            return
        after = ids[-1]


def _unsent(offset: int) -> list[ColumnElement[bool]]:
    """Neither this reminder nor a later one was posted, so that a change of the days never goes back."""
    sent = select(Reminder.id).where(Reminder.certificate_id == Certificate.id, Reminder.offset_days <= offset)
    return [not_(sent.exists())]


def _post(
    session: Session, rules_of: Plan, offset: int, today: date, rows: list[Any], now: datetime, due_at: datetime | None
) -> int:
    corrected = latest_posted(session, [row.id for row in rows]) if rows else {}
    wanted = {
        f"reminder:{row.code}:{offset}": row
        for row in rows
        if rules_of.due(row, today) == offset
        and corrected.get(row.id, offset + 1) > offset
        and reason(row, kept=is_kept(rules_of, offset, row), today=today) is None
    }
    posts = [
        outbox.Post(
            "reminder",
            key,
            row.account_id,
            row.organisation_id,
            row.locale,
            facts(row, offset, today) | hours.at_once(due_at),
            due_at=due_at or hours.due_at(row, rules_of.hour, now),
        )
        for key, row in wanted.items()
    ]
    ids = outbox.post_many(session, posts, due_at=now, now=now)
    new = [
        {"certificate_id": wanted[key].id, "offset_days": offset, "message_id": id_, "posted_at": now}
        for key, id_ in ids.items()
    ]
    if new:
        session.connection().execute(insert(session, Reminder).on_conflict_do_nothing(), new)
    return len(new)


def is_kept(rules_of: Plan, offset: int, held: Any) -> bool:
    """Whether this is the one reminder that goes out in spite of an opt-out."""
    return rules_of.keep_last and offset == rules_of.last(held)


def facts(row: Any, offset: int, today: date) -> dict[str, Any]:
    """Return what the mail tells; dates as ISO. `as_of` is the day it was posted for."""
    return {
        "name": row.name,
        "type": row.type_name,
        "organisation": row.organisation_name,
        "expires_on": row.expires_on.isoformat(),
        "offset_days": offset,
        "window_opens_on": row.window_opens_on.isoformat(),
        "window_closes_on": row.window_closes_on.isoformat(),
        "as_of": today.isoformat(),
        "audience": row.audience.value,
        "path": f"/certificates/{row.code}/renew",
        "membership_id": row.membership_id,
        "event": f"certificate:{row.code}",
    }


def unwanted(session: Session, message: Message, *, now: datetime) -> Reason | None:
    """Return why a posted reminder must not be delivered any more, or None. Asked just before it is sent."""
    posted = session.scalars(select(Reminder).where(Reminder.message_id == message.id)).one_or_none()
    if posted is None:
        return None
    row = situation(session, Certificate.id == posted.certificate_id)[0]
    rules_of = plan(rules.resolve(session, RULES, organisation_id=row.organisation_id))
    today = clock.civil_date(now, row.timezone)
    against = reason(row, kept=is_kept(rules_of, posted.offset_days, row), today=today)
    if against is not None:
        return against
    if today > row.window_closes_on:
        return Reason.OVER
    latest = session.scalar(select(func.min(Reminder.offset_days)).where(Reminder.certificate_id == row.id))
    # A later one may be due and not posted yet, when a worker comes back after days: the tick posts it.
    due = rules_of.due(row, today)
    newest = min(one for one in (posted.offset_days, latest, due) if one is not None)
    return Reason.SUPERSEDED if newest < posted.offset_days else None
