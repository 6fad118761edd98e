"""The years of authorisations in which courses are counted, and how many were taught in each: for many at once."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mhfa_lms import clock
from mhfa_lms.models import BackgroundCheck, Cohort, Course, Membership, TrainingSession
from mhfa_lms.services.duties import Year, year_of


def full_years(valid_from: date, expires_on: date) -> Iterator[tuple[date, date]]:
    """Yield the full years of an authorisation, both days included; one that is cut short is none."""
    day = valid_from
    while found := year_of(valid_from, expires_on, day):
        yield found
        day = found[1] + timedelta(days=1)


def counted(dates: tuple[date, date], sessions: Iterable[Any], *, zone: str, needed: int) -> Year:
    """Return a year with the courses of which a session lies in it, by the organisation's own days."""
    courses = {row.cohort_id for row in sessions if dates[0] <= clock.civil_date(row.starts_at, zone) <= dates[1]}
    return Year(*dates, len(courses), needed)


class Present(NamedTuple):
    """What an instructor has taught or will have, in the year of an authorisation that ends on the day `last`."""

    last: date
    taught: int


class Standing(NamedTuple):
    """Where an instructor stands: the last day of their background check, and each authorisation's year, by its id."""

    check_until: date | None
    years: dict[int, Present]


def standing(session: Session, member: Membership, held: Iterable[Any], today: date) -> Standing:
    """Return where an instructor stands today; of a year that is cut short nothing is counted. One query.

    `held` comes from `authorisations.of`.
    """
    until = select(func.max(BackgroundCheck.valid_until)).where(BackgroundCheck.membership_id == Membership.id)
    rows = session.execute(
        select(
            until.correlate(Membership).scalar_subquery().label("check_until"),
            Course.certification_type_id,
            TrainingSession.cohort_id,
            TrainingSession.starts_at,
        )
        .select_from(Membership)
        .outerjoin(TrainingSession, TrainingSession.instructor_id == Membership.id)
        .outerjoin(Cohort, Cohort.id == TrainingSession.cohort_id)
        .outerjoin(Course, Course.id == Cohort.course_id)
        .where(Membership.id == member.id)
    ).all()
    years = {}
    for one in held:
        dates = year_of(one.valid_from, one.expires_on, today)
        if dates:
            led = [row for row in rows if row.starts_at and row.certification_type_id == one.certification_type_id]
            year = counted(dates, led, zone=member.organisation.timezone, needed=0)
            years[one.id] = Present(year.last, year.taught)
    return Standing(rows[0].check_until, years)
