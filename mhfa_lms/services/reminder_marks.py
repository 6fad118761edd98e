"""How far reminders have been looked at: a tick asks only about what is new since the look before.

A mark states a fact: everything due under this plan on this day, for certificates up to this number, is posted. It is
written after the posting, so a crash repeats a look, and the unique keys of what is posted make that harmless;
whichever of several workers writes last states a fact as well. What could make an older certificate due again has its
organisation's mark forgotten; and once a day everything is looked at all the same, organisation by organisation.
"""

import hashlib
import secrets
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from mhfa_lms.db import insert, take_turns, transaction
from mhfa_lms.db import session as reading
from mhfa_lms.models import Certificate, ReminderMark
from mhfa_lms.services.reminder_plan import GRACE, Plan

AT_ONCE: Final = 500
# Numbers given out by PostgreSQL do not commit in order: so many before the last one seen are looked at again.
STRETCH: Final = 1_000
PAGE: Final = 2_000
# Any number will do, as long as it is always the same one: workers take turns on it.
MARK_LOCK: Final = 4_260_921
MINUTES_A_DAY: Final = 1_440
# Without a divisor in common with the minutes of a day: neighbours get minutes far from each other.
STEP: Final = 601


@dataclass(frozen=True, slots=True)
class Look:
    """What is to be looked at for some organisations that share it: all certificates, or what is new since a look.

    `seen` is what the marks' `plan` said, `since` the day looked at last and `after` the last certificate seen then.
    """

    rules_of: Plan
    today: date
    seen: str
    since: date | None = None
    after: int = 0

    @property
    def whole(self) -> bool:
        """Whether every certificate is looked at."""
        return self.since is None


def looks(plans: Mapping[tuple[Plan, date], list[int]], *, now: datetime) -> Iterator[tuple[Look, list[int]]]:
    """Yield what is to be looked at, each for at most `AT_ONCE` organisations. Makes the marks that are missing."""
    marks = _marks([id_ for ids in plans.values() for id_ in ids])
    found: defaultdict[Look, list[int]] = defaultdict(list)
    for (rules_of, today), organisation_ids in plans.items():
        for id_ in organisation_ids:
            found[_look(rules_of, today, marks[id_], now)].append(id_)
    for look, organisation_ids in found.items():
        for start in range(0, len(organisation_ids), AT_ONCE):
            yield look, organisation_ids[start : start + AT_ONCE]


def _marks(organisation_ids: list[int]) -> dict[int, Any]:
    columns = (
        ReminderMark.organisation_id,
        ReminderMark.plan,
        ReminderMark.looked_on,
        ReminderMark.last_certificate_id,
        ReminderMark.whole_at,
    )
    session = reading()
    known = {row.organisation_id: row for row in session.execute(select(*columns))}
    session.rollback()
    missing = [{"organisation_id": id_} for id_ in organisation_ids if id_ not in known]
    if missing:
        with transaction() as session:
            take_turns(session, MARK_LOCK)
            session.execute(insert(session, ReminderMark).on_conflict_do_nothing(), missing)
            # Again: somebody may have had one forgotten in between, and that must be seen.
            known = {row.organisation_id: row for row in session.execute(select(*columns))}
    return known


def _look(rules_of: Plan, today: date, mark: Any, now: datetime) -> Look:
    known = mark.plan == digest(rules_of) and mark.looked_on is not None and mark.whole_at is not None
    if not known or today < mark.looked_on or not _turn(mark.organisation_id, now) <= mark.whole_at <= now:
        return Look(rules_of, today, mark.plan)
    return Look(rules_of, today, mark.plan, mark.looked_on, mark.last_certificate_id)


def _turn(organisation_id: int, now: datetime) -> datetime:
    """Return the last minute at which all of an organisation's certificates had their turn of the day."""
    midnight = datetime.combine(now.astimezone(UTC).date(), time(tzinfo=UTC))
    turn = midnight + timedelta(minutes=organisation_id * STEP % MINUTES_A_DAY)
    return turn if turn <= now else turn - timedelta(days=1)


def digest(rules_of: Plan) -> str:
    """Return what stands for a plan in the marks."""
    return hashlib.sha256(repr(rules_of).encode()).hexdigest()


def newest() -> int:
    """Return the number of the newest certificate; to be asked before looking."""
    session = reading()
    found = session.scalar(select(func.max(Certificate.id))) or 0
    session.rollback()
    return found


def fallen_due(look: Look, offset: int) -> list[ColumnElement[bool]]:
    """Return the conditions that the day of a reminder came since the last look. Bounded by the day of expiry alone,
    so that one index finds them.
    """
    since, today = look.since, look.today
    if since is None:
        return []
    if offset != GRACE:
        ahead = timedelta(days=offset)
        return [Certificate.expires_on > since + ahead, Certificate.expires_on <= today + ahead]
    # The day in grace is the usual one, or the last of the window when that comes first.
    usual = timedelta(days=look.rules_of.grace_days)
    return [
        Certificate.expires_on > since - usual,
        Certificate.expires_on <= today,
        or_(
            Certificate.expires_on <= today - usual,
            and_(Certificate.window_closes_on > since, Certificate.window_closes_on <= today),
        ),
    ]


def new_certificates(look: Look, organisation_ids: Collection[int]) -> Iterator[list[int]]:
    """Yield the numbers of the organisations' certificates that are new since the last look, a page at a time.

    Only of those that a reminder may be due for: most new ones have years to go.
    """
    wanted, after = set(organisation_ids), look.after - STRETCH
    soon = look.today + timedelta(days=max(look.rules_of.days, default=0))
    while True:
        session = reading()
        rows = session.execute(
            select(Certificate.id, Certificate.organisation_id)
            .where(Certificate.id > after, Certificate.expires_on <= soon, Certificate.window_closes_on >= look.today)
            .order_by(Certificate.id)
            .limit(PAGE)
        ).all()
        session.rollback()
        if ids := [row.id for row in rows if row.organisation_id in wanted]:
            yield ids
        if len(rows) < PAGE:
            return
        after = rows[-1].id


def keep(look: Look, organisation_ids: Collection[int], last: int, *, now: datetime) -> None:
    """Note that a look is done and all it found is posted. A mark forgotten meanwhile stays forgotten."""
    if not look.whole and (look.since, look.after) == (look.today, last):
        return
    values = {"plan": digest(look.rules_of), "looked_on": look.today, "last_certificate_id": last}
    with transaction() as session:
        take_turns(session, MARK_LOCK)
        session.execute(
            update(ReminderMark)
            .where(ReminderMark.organisation_id.in_(organisation_ids), ReminderMark.plan == look.seen)
            .values(values | ({"whole_at": now} if look.whole else {}))
        )


def forget(session: Session, organisation_ids: Collection[int]) -> None:
    """Have the next tick look at everything of these organisations: older certificates may be due again.

    In the caller's transaction. The word is a new one each time, so that a look under way does not undo it.
    """
    again = {"plan": f"again-{secrets.token_hex(8)}", "quiet_on": None}
    for id_ in sorted(set(organisation_ids)):
        session.execute(
            insert(session, ReminderMark)
            .values(organisation_id=id_, **again)
            .on_conflict_do_update(index_elements=["organisation_id"], set_=again)
        )


def quiet(session: Session, organisation_ids: Collection[int], today: date) -> set[int]:
    """Return the organisations whose letter was found to have nothing to tell on this day of theirs."""
    return set(
        session.scalars(
            select(ReminderMark.organisation_id).where(
                ReminderMark.organisation_id.in_(organisation_ids), ReminderMark.quiet_on == today
            )
        )
    )


def keep_quiet(organisation_ids: Collection[int], today: date) -> None:
    """Note that the letters of these organisations have nothing to tell on this day of theirs."""
    if not organisation_ids:
        return
    with transaction() as session:
        take_turns(session, MARK_LOCK)
        session.execute(
            insert(session, ReminderMark).on_conflict_do_nothing(),
            [{"organisation_id": id_} for id_ in sorted(organisation_ids)],
        )
        session.execute(
            update(ReminderMark).where(ReminderMark.organisation_id.in_(organisation_ids)).values(quiet_on=today)
        )
