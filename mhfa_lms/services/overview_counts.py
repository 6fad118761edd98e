"""Counting what the overview shows: at every visit, and for large organisations every ten minutes by the worker.

Counting 100,000 certificates takes half a second of a processor, which nobody should wait for at each visit.
"""

from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, bindparam, case, delete, exists, func, select
from sqlalchemy.orm import Session

from mhfa_lms import clock
from mhfa_lms.db import insert, rows, transaction
from mhfa_lms.db import session as reading
from mhfa_lms.models import (
    Certificate,
    Enrolment,
    EnrolmentState,
    Membership,
    MembershipState,
    Organisation,
    OverviewCount,
)
from mhfa_lms.services.periods import Standing, counts_on, standing_condition
from mhfa_lms.services.register import superseded

# People of an organisation from which on its counts are kept: some 10 milliseconds of counting.
LARGE: Final = 5_000
KEPT_FOR: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of people who are here: certified and in training are people, the others certificates to act on."""

    certified: int = 0
    due: int = 0
    grace: int = 0
    lapsed: int = 0
    in_training: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    def values(self) -> list[int]:
        """Return the counts in order."""
        return [getattr(self, one.name) for one in fields(self)]


BySite = dict[int | None, Figures]


def of(session: Session, organisation_id: int, today: date) -> tuple[BySite, datetime | None]:
    """Return an organisation's figures by site, and when they were counted where that was not now."""
    kept = session.get(OverviewCount, organisation_id)
    if kept is None or kept.day != today:
        return count(session, organisation_id, today), None
    found: Any = kept.figures
    return {site_id: Figures(*figures) for site_id, *figures in found}, kept.counted_at


def count(session: Session, organisation_id: int, today: date) -> BySite:
    """Count an organisation's figures by site. Three queries."""
    found = _to_act_on(session, organisation_id, today)
    for site_id, number in _people(session, organisation_id, _certified(today)).items():
        found[site_id] = found.get(site_id, Figures()) + Figures(certified=number)
    for site_id, number in _people(session, organisation_id, _in_training()).items():
        found[site_id] = found.get(site_id, Figures()) + Figures(in_training=number)
    return found


def refresh(*, now: datetime, look: bool = True) -> int:
    """Count anew what was kept long enough; returns for how many organisations.

    `look`: find out first which organisations are large, which reads through an index of all memberships.
    """
    session = reading()
    known = {row.organisation_id: row for row in session.scalars(select(OverviewCount))}
    large = set(known)
    if look:
        number = func.count()
        statement = select(Membership.organisation_id).group_by(Membership.organisation_id).having(number >= LARGE)
        large = set(session.scalars(statement))
    due = sorted(id_ for id_ in large if id_ not in known or now - known[id_].counted_at >= KEPT_FOR)
    gone = set(known) - large
    zones = {
        row.id: row.timezone
        for row in session.execute(select(Organisation.id, Organisation.timezone).where(Organisation.id.in_(due)))
    }
    for id_ in due:
        _keep(id_, clock.civil_date(now, zones[id_]), now)
    if gone:
        with transaction() as session:
            session.execute(delete(OverviewCount).where(OverviewCount.organisation_id.in_(gone)))
    return len(due)


def _keep(organisation_id: int, day: date, now: datetime) -> None:
    """Count outside the transaction: nobody waits for it to write."""
    found = [[site_id, *figures.values()] for site_id, figures in count(reading(), organisation_id, day).items()]
    kept = {"day": day, "counted_at": now, "figures": found}
    with transaction() as session:
        statement = insert(session, OverviewCount).values(organisation_id=organisation_id, **kept)
        session.execute(statement.on_conflict_do_update(index_elements=["organisation_id"], set_=kept))


def _people(session: Session, organisation_id: int, statement: Select[Any, Any]) -> dict[int | None, int]:
    return {row[0]: row[1] for row in rows(session, statement, {"organisation_id": organisation_id})}


def _by_site(condition: ColumnElement[bool]) -> Select[Any, Any]:
    """Return the query that counts the people of an organisation, by site, who meet a condition."""
    return (
        select(Membership.site_id, func.count())
        .where(
            Membership.organisation_id == bindparam("organisation_id"),
            Membership.state == MembershipState.ACTIVE,
            condition,
        )
        .group_by(Membership.site_id)
    )


# These are kept, those of a day for the day: putting them together takes as long as asking them.
@lru_cache(maxsize=8)
def _certified(today: date) -> Select[Any, Any]:
    # By the membership alone: with the organisation beside it, SQLite would go through all of that for every person.
    return _by_site(exists().where(Certificate.membership_id == Membership.id, counts_on(today)))


@cache
def _in_training() -> Select[Any, Any]:
    return _by_site(exists().where(Enrolment.membership_id == Membership.id, Enrolment.state == EnrolmentState.ACTIVE))


def _to_act_on(session: Session, organisation_id: int, today: date) -> BySite:
    """Count the newest certificates of people here, by site, that can be renewed or lapsed this year."""
    found = rows(session, _acting(today), {"organisation_id": organisation_id})
    return {row[0]: Figures(due=row[1], grace=row[2], lapsed=row[3]) for row in found}


@lru_cache(maxsize=8)
def _acting(today: date) -> Select[Any, Any, Any, Any]:
    # The first day on which a certificate that lapsed this year was not lapsed yet.
    year_began = date(today.year, 1, 1) - timedelta(days=1)
    due, grace, lapsed = (
        func.count(case((standing_condition(one, today), 1))) for one in (Standing.DUE, Standing.GRACE, Standing.LAPSED)
    )
    return (
        select(Membership.site_id, due, grace, lapsed)
        .select_from(Certificate)
        .join(Membership, Membership.id == Certificate.membership_id)
        .where(
            Certificate.organisation_id == bindparam("organisation_id"),
            # What follows from the standings, said so that the databases look at these days only.
            Certificate.window_opens_on <= today,
            Certificate.window_closes_on >= year_began,
            ~superseded(),
            Membership.state == MembershipState.ACTIVE,
        )
        .group_by(Membership.site_id)
    )
