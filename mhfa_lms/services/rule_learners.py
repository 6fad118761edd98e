"""Whose future certificates a change of a rule concerns, before it is saved: a list of people. Reads only."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from mhfa_lms import clock
from mhfa_lms.models import CourseRevision, Enrolment, EnrolmentState, Membership, Organisation
from mhfa_lms.policy import Actor, Can, require
from mhfa_lms.services import catalogue, names, rule_changes, rule_trees
from mhfa_lms.services.periods import Period
from mhfa_lms.services.rule_changes import Change

Pair = tuple[int, int | None]


@dataclass(frozen=True, slots=True)
class Learner:
    """Somebody on a course, and what they earn who complete it today: as the rules are, and as they would be.

    `renewed_before` and `renewed_after` are the period of its renewal, completed on the first day of its window.
    """

    name: str
    organisation: str
    course: str
    enrolled_at: datetime
    before: Period
    after: Period
    renewed_before: Period
    renewed_after: Period


def listed(
    session: Session,
    change: Change,
    *,
    by: Actor,
    now: datetime,
    text: str = "",
    where: str = "",
    start: int = 0,
    size: int,
) -> tuple[int, list[Learner]]:
    """Return how many people a change of a rule of certificates concerns, and so many of them, by name.

    `text` narrows the list to people of such a name, `where` to organisations. Raises `Forbidden` and `RuleError`.
    """
    require(by, Can.ADMINISTER)
    change.check()
    before = rule_trees.whole_tree(session, rule_changes.asked(change.rule))
    after = before.changed(change.place, change.value, unset=change.unset)
    newest = {one.course_id: one for one in catalogue.newest(session)}
    pairs = list(rule_changes.concerned(change.rule, before, after, list(newest.values())))
    places = {row.id: row for row in session.execute(select(Organisation.id, Organisation.name, Organisation.timezone))}
    kept = [one for one in pairs if _called(places[one[0]].name, where)]
    if not kept:
        return 0, []
    wanted = and_(_at(kept), *(Membership.sort_key.contains(word, autoescape=True) for word in _words(text)))
    people = (
        select(Membership.name, Enrolment.organisation_id, Enrolment.course_id, Enrolment.enrolled_at)
        .join(Membership, Membership.id == Enrolment.membership_id)
        .where(Enrolment.state == EnrolmentState.ACTIVE, wanted)
    )
    total = session.scalar(select(func.count()).select_from(people.subquery())) or 0
    page = people.order_by(Membership.sort_key, Enrolment.id).offset(start).limit(size)

    @cache
    def earned(organisation_id: int, course_id: int, today: date) -> list[tuple[Period, Period]]:
        content = catalogue.course(newest[course_id])
        return [
            rule_changes.earned(rule_changes.found_for(tree, organisation_id, course_id, content), today)
            for tree in (before, after)
        ]

    return total, [_learner(row, newest, places, earned, now) for row in session.execute(page)]


def _learner(
    row: Any, newest: dict[int, CourseRevision], places: dict[int, Any], earned: Any, now: datetime
) -> Learner:
    place = places[row.organisation_id]
    [(first, renewed), (then, renewed_then)] = earned(
        row.organisation_id, row.course_id, clock.civil_date(now, place.timezone)
    )
    title = catalogue.course(newest[row.course_id]).title
    return Learner(row.name, place.name, title, row.enrolled_at, first, then, renewed, renewed_then)


def _at(pairs: Iterable[Pair]) -> ColumnElement[bool]:
    """Return the condition of being on one of the courses where it is concerned."""
    places: defaultdict[int | None, list[int]] = defaultdict(list)
    for organisation_id, course_id in pairs:
        places[course_id].append(organisation_id)
    return or_(
        *(
            and_(Enrolment.course_id == course_id, Enrolment.organisation_id.in_(some))
            for course_id, some in places.items()
        )
    )


def _words(text: str) -> list[str]:
    return names.sort_key(text).split()


def _called(name: str, where: str) -> bool:
    return all(word in names.sort_key(name) for word in _words(where))
