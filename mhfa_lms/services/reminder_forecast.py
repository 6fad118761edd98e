"""Which reminders ticks will post in the coming days, under the rules as they are and as they would be. Reads only.

Certificates that the rules cannot tell apart are taken together, by their dates, what was posted, and whether their
holder has stopped reminders: what follows is worked out once for all of them, by the functions that post reminders, so
the cost follows the number of different dates and not of people. Nobody renews, leaves or joins in a forecast.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Subquery, and_, func, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from mhfa_lms import clock
from mhfa_lms.models import Account, Certificate, Membership, Organisation, Reminder
from mhfa_lms.services import names
from mhfa_lms.services.reminder_plan import Plan
from mhfa_lms.services.reminder_reasons import open_conditions

# Larger than every offset: nothing was posted.
NOTHING: Final = 100_000
ORGANISATIONS_AT_ONCE: Final = 500
ROWS_AT_ONCE: Final = 2_000


class Alike(NamedTuple):
    """What a reminder depends on. `posted` is the smallest offset posted so far, `NOTHING` when none was."""

    starts_on: date
    expires_on: date
    window_closes_on: date
    stopped: bool
    posted: int


@dataclass(frozen=True, slots=True)
class Group:
    """Organisations that share their plan before and after a change, and the present day."""

    before: Plan
    after: Plan
    today: date
    organisation_ids: tuple[int, ...]


class Effect(StrEnum):
    """What a change does to one reminder."""

    NEW = "new"
    GONE = "gone"


class Event(NamedTuple):
    """One reminder to as many people, which only one of the two plans sends; in the order of a list."""

    day: date
    effect: Effect
    offset: int
    alike: Alike
    group: int
    people: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """What changes in the days from each group's present one on: the sums, and the events behind them.

    `before` and `after` count reminders by month (its first day); `holders` those who get other reminders than now;
    `at_once` the reminders that go out on the first day only because of the change.
    """

    groups: tuple[Group, ...]
    events: tuple[Event, ...]
    before: Counter[date]
    after: Counter[date]
    holders: int

    def total(self, effect: Effect) -> int:
        """Return how many reminders are new, or gone."""
        return sum(one.people for one in self.events if one.effect == effect)

    @property
    def at_once(self) -> int:
        """How many more go out on the first day."""
        first = [group.today for group in self.groups]
        return sum(one.people for one in self.events if one.effect is Effect.NEW and one.day == first[one.group])


def posts(plan: Plan, held: Alike, today: date, last: date) -> dict[int, date]:
    """Return what ticks on every day from today to the last would post, by offset."""
    kept = plan.last(held) if plan.keep_last else None
    due = plan.due(held, today)
    days = dict([(due, today)] if due is not None else [])
    days |= {offset: day for offset, day in plan.schedule(held) if today < day <= last}
    return {
        offset: day for offset, day in days.items() if offset < held.posted and (not held.stopped or offset == kept)
    }


def forecast(session: Session, groups: Sequence[Group], *, days: int, text: str = "") -> Forecast:
    """Work out what a change does in so many days, the present one included. `text`: only people of such a name."""
    events: list[Event] = []
    before: Counter[date] = Counter()
    after: Counter[date] = Counter()
    holders = 0
    for number, group in enumerate(groups):
        last = group.today + timedelta(days=days - 1)
        for alike, count in _alike(session, group, last, text):
            then = posts(group.before, alike, group.today, last)
            now = posts(group.after, alike, group.today, last)
            for months, found in ((before, then), (after, now)):
                months.update({day.replace(day=1): count for day in found.values()})
            differing = [*_differing(Effect.NEW, now, then), *_differing(Effect.GONE, then, now)]
            events += [Event(day, effect, offset, alike, number, count) for effect, offset, day in differing]
            holders += count if differing else 0
    return Forecast(tuple(groups), tuple(sorted(events)), before, after, holders)


def _differing(effect: Effect, these: dict[int, date], those: dict[int, date]) -> Iterator[tuple[Effect, int, date]]:
    return ((effect, offset, day) for offset, day in these.items() if those.get(offset) != day)


def _alike(session: Session, group: Group, last: date, text: str) -> Iterator[tuple[Alike, int]]:
    found: Counter[Alike] = Counter()
    for start in range(0, len(group.organisation_ids), ORGANISATIONS_AT_ONCE):
        base = _base(group, group.organisation_ids[start : start + ORGANISATIONS_AT_ONCE], last, text)
        columns = [base.c[name] for name in Alike._fields]
        for row in session.execute(select(*columns, func.count().label("holders")).group_by(*columns)):
            found[_read(row)] += row.holders
    return iter(found.items())


def _read(row: Any) -> Alike:
    return Alike(row.starts_on, row.expires_on, row.window_closes_on, bool(row.stopped), row.posted)


def _base(group: Group, organisation_ids: Sequence[int], last: date, text: str) -> Subquery:
    """Return the certificates that either plan may remind about, each with what it depends on."""
    farthest = max((*group.before.days, *group.after.days, 0))
    here: list[ColumnElement[bool]] = [
        Certificate.organisation_id.in_(organisation_ids),
        Certificate.window_closes_on >= group.today,
        Certificate.expires_on <= last + timedelta(days=farthest),
    ]
    posted = _posted(here)
    here += [Membership.sort_key.contains(word, autoescape=True) for word in names.sort_key(text).split()]
    return (
        select(
            Certificate.id,
            Certificate.code,
            Certificate.type_name,
            Membership.name,
            Organisation.name.label("organisation"),
            Certificate.starts_on,
            Certificate.expires_on,
            Certificate.window_closes_on,
            Membership.reminders_stopped_at.is_not(None).label("stopped"),
            func.coalesce(posted.c.offset_days, NOTHING).label("posted"),
        )
        .join(Membership, Membership.id == Certificate.membership_id)
        .join(Account, Account.id == Membership.account_id)
        .join(Organisation, Organisation.id == Certificate.organisation_id)
        .outerjoin(posted, posted.c.certificate_id == Certificate.id)
        .where(*open_conditions(), *here)
        .subquery()
    )


def _posted(here: list[ColumnElement[bool]]) -> Subquery:
    """Return the smallest offset posted for each certificate; what was posted for the one it corrects counts too."""
    corrected = aliased(Certificate)
    own = select(Reminder.certificate_id, Reminder.offset_days).join(
        Certificate, Certificate.id == Reminder.certificate_id
    )
    inherited = (
        select(Certificate.id.label("certificate_id"), Reminder.offset_days)
        .join(corrected, corrected.id == Reminder.certificate_id)
        .join(Certificate, Certificate.id == corrected.replaced_by_id)
    )
    both = union_all(own.where(*here), inherited.where(*here)).subquery()
    smallest = func.min(both.c.offset_days).label("offset_days")
    return select(both.c.certificate_id, smallest).group_by(both.c.certificate_id).subquery()


class Line(NamedTuple):
    """One reminder to one person, as a list shows it."""

    day: date
    effect: Effect
    offset: int
    name: str
    organisation: str
    type_name: str
    code: str
    expires_on: date


class Slice(NamedTuple):
    """Some of the people of one event, counted in the order of their certificates' ids from 0."""

    event: Event
    first: int
    end: int


def lines(
    session: Session, found: Forecast, events: Iterable[Event], start: int, size: int, *, days: int, text: str
) -> list[Line]:
    """Return so many lines of a list of events, from the one numbered `start` on. One query for each group on them."""
    wanted = list(_slices(events, start, start + size))
    by_group: defaultdict[int, set[Alike]] = defaultdict(set)
    for one in wanted:
        by_group[one.event.group].add(one.event.alike)
    people: dict[tuple[int, Alike], dict[int, Any]] = defaultdict(dict)
    for number, some in by_group.items():
        ends = {alike: max(one.end for one in wanted if one.event.alike == alike) for alike in some}
        for row in _people(session, found.groups[number], ends, days, text):
            people[number, _read(row)][row.place - 1] = row
    return [
        _line(one.event, people[one.event.group, one.event.alike][place])
        for one in wanted
        for place in range(one.first, one.end)
        if place in people[one.event.group, one.event.alike]
    ]


def _slices(events: Iterable[Event], start: int, end: int) -> Iterator[Slice]:
    place = 0
    for event in events:
        first, last = max(start - place, 0), min(end - place, event.people)
        if first < last:
            yield Slice(event, first, last)
        place += event.people
        if place >= end:
            return


def _people(session: Session, group: Group, ends: dict[Alike, int], days: int, text: str) -> Iterable[Any]:
    base = _base(group, group.organisation_ids, group.today + timedelta(days=days - 1), text)
    columns = [base.c[name] for name in Alike._fields]
    wanted = {one: and_(*(column == value for column, value in zip(columns, one, strict=True))) for one in ends}
    place = func.row_number().over(partition_by=columns, order_by=base.c.id).label("place")
    numbered = select(base, place).where(or_(*wanted.values())).subquery()
    kept = [
        and_(
            *(numbered.c[name] == value for name, value in zip(Alike._fields, one, strict=True)),
            numbered.c.place <= end,
        )
        for one, end in ends.items()
    ]
    return session.execute(select(numbered).where(or_(*kept)))


def _line(event: Event, row: Any) -> Line:
    return Line(
        event.day, event.effect, event.offset, row.name, row.organisation, row.type_name, row.code, row.expires_on
    )


def groups(session: Session, before: dict[int, Plan], after: dict[int, Plan], *, now: datetime) -> tuple[Group, ...]:
    """Return the organisations whose plan changes, grouped by both plans and their present day."""
    found: defaultdict[tuple[Plan, Plan, date], list[int]] = defaultdict(list)
    for row in session.execute(select(Organisation.id, Organisation.timezone).order_by(Organisation.id)):
        if before[row.id] != after[row.id]:
            found[before[row.id], after[row.id], clock.civil_date(now, row.timezone)].append(row.id)
    return tuple(Group(*key, tuple(ids)) for key, ids in found.items())
