"""What an instructor owes: a background check that counts, and enough courses taught in each authorised year."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mhfa_lms.db import insert, transaction
from mhfa_lms.models import (
    Authorisation,
    BackgroundCheck,
    Cohort,
    Course,
    Membership,
    MembershipState,
    Organisation,
    Role,
    TrainingSession,
)
from mhfa_lms.policy import Actor, Can, require
from mhfa_lms.services import audit, rules
from mhfa_lms.services.authorisations import LONGEST, AuthorisationError
from mhfa_lms.services.periods import MONTHS_A_YEAR, add_months
from mhfa_lms.services.rules import Rule


class Against(StrEnum):
    """Why an instructor cannot be planned for a course."""

    NOT_AUTHORISED = "not-authorised"
    CHECK_ENDED = "check-ended"
    TOO_FEW = "too-few-deliveries"


@dataclass(frozen=True, slots=True)
class Year:
    """One full year of an authorisation: both days included, and what was taught in it."""

    first: date
    last: date
    taught: int
    needed: int

    @property
    def missing(self) -> int:
        """How many courses are still to be taught."""
        return max(0, self.needed - self.taught)


def record_check(membership_id: int, valid_until: date, *, today: date, by: Actor, now: datetime) -> None:
    """Note until when an instructor's background check counts. Writing the same day twice changes nothing.

    Raises `Forbidden`, and `AuthorisationError` for a day in the past or more than five years ahead, or no instructor.
    """
    with transaction() as session:
        member = session.get_one(Membership, membership_id, with_for_update=True)
        require(by, Can.CHANGE_MEMBERSHIP, member)
        if member.state is not MembershipState.ACTIVE or Role.INSTRUCTOR not in {held.role for held in member.roles}:
            raise AuthorisationError("the person is not an instructor here")
        if not today <= valid_until <= today + LONGEST:
            raise AuthorisationError("the last day must lie between today and five years ahead")
        # A date that was mistyped is mended by the right one: what would last longer goes.
        for row in session.scalars(
            select(BackgroundCheck).where(
                BackgroundCheck.membership_id == member.id, BackgroundCheck.valid_until > valid_until
            )
        ):
            session.delete(row)
        session.execute(
            insert(session, BackgroundCheck)
            .values(
                membership_id=member.id, valid_until=valid_until, recorded_at=now, recorded_by_id=by.account_id or None
            )
            .on_conflict_do_nothing()
        )
        audit.about(session, "check-recorded", member, by=by, now=now)


def check_of(session: Session, membership_id: int) -> date | None:
    """Return the last day on which a member's background check counts, or None when none is on record."""
    return session.scalar(
        select(func.max(BackgroundCheck.valid_until)).where(BackgroundCheck.membership_id == membership_id)
    )


def year_of(valid_from: date, expires_on: date, day: date) -> tuple[date, date] | None:
    """Return the full year of an authorisation in which a day lies; None before it, and in a year that is cut short."""
    if not valid_from <= day <= expires_on:
        return None
    number = 0
    while add_months(valid_from, MONTHS_A_YEAR * (number + 1)) <= day:
        number += 1
    last = add_months(valid_from, MONTHS_A_YEAR * (number + 1)) - timedelta(days=1)
    return (add_months(valid_from, MONTHS_A_YEAR * number), last) if last <= expires_on else None


def year(session: Session, authorisation: Authorisation, day: date, *, zone: str, needed: int) -> Year | None:
    """Return what was taught in the authorised year of a day: courses of the type of which a session was led."""
    found = year_of(authorisation.valid_from, authorisation.expires_on, day)
    if found is None:
        return None
    place = ZoneInfo(zone)
    begins, ends = (datetime.combine(one, time(), place) for one in (found[0], found[1] + timedelta(days=1)))
    taught = session.scalar(
        select(func.count(func.distinct(Cohort.id)))
        .join(TrainingSession, TrainingSession.cohort_id == Cohort.id)
        .join(Course, Course.id == Cohort.course_id)
        .where(
            TrainingSession.instructor_id == authorisation.membership_id,
            Course.certification_type_id == authorisation.certification_type_id,
            TrainingSession.starts_at >= begins,
            TrainingSession.starts_at < ends,
        )
    )
    return Year(*found, int(taught or 0), needed)


# A shortfall counts once the year is over: the year before the day asked about.
_BEFORE: Final = timedelta(days=1)


def stands_against(session: Session, membership_id: int, type_id: int, day: date) -> tuple[Against, ...]:
    """Return why an instructor cannot be planned to teach a certification type on a day; empty when nothing does.

    For whoever schedules: no authorisation on that day, a background check that has ended by then (one that was never
    recorded stands against nothing: not every organisation asks for one), or too few courses taught in the last full
    year of the authorisation.
    """
    held = session.scalars(
        select(Authorisation)
        .where(
            Authorisation.membership_id == membership_id,
            Authorisation.certification_type_id == type_id,
            Authorisation.valid_from <= day,
            Authorisation.expires_on >= day,
        )
        .order_by(Authorisation.expires_on.desc())
        .limit(1)
    ).one_or_none()
    found = [] if held else [Against.NOT_AUTHORISED]
    until = check_of(session, membership_id)
    if until is not None and until < day:
        found.append(Against.CHECK_ENDED)
    if held and _fell_short(session, held, day):
        found.append(Against.TOO_FEW)
    return tuple(found)


def _fell_short(session: Session, held: Authorisation, day: date) -> bool:
    now = year_of(held.valid_from, held.expires_on, day)
    # Of a last year that is cut short, the one before counts all the same.
    begins = now[0] if now else _last_year_begins(held.valid_from, day)
    if begins <= held.valid_from:
        return False
    place = session.execute(
        select(Organisation.id, Organisation.timezone)
        .join(Membership, Membership.organisation_id == Organisation.id)
        .where(Membership.id == held.membership_id)
    ).one()
    needed = rules.resolve(session, [Rule.MINIMUM_DELIVERIES], organisation_id=place.id)[Rule.MINIMUM_DELIVERIES].value
    before = year(session, held, begins - _BEFORE, zone=place.timezone, needed=int(needed))
    return before is not None and before.missing > 0


def _last_year_begins(valid_from: date, day: date) -> date:
    number = 0
    while add_months(valid_from, MONTHS_A_YEAR * (number + 1)) <= day:
        number += 1
    return add_months(valid_from, MONTHS_A_YEAR * number)
