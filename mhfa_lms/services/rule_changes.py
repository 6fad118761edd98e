"""What a change of a rule would do, before it is saved: for future certificates, and for reminders. Reads only."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mhfa_lms import clock
from mhfa_lms.db import transaction
from mhfa_lms.models import Certificate, CourseRevision, Enrolment, EnrolmentState, Organisation, RenewalBasis
from mhfa_lms.policy import Actor, Can, require
from mhfa_lms.services import (
    audit,
    catalogue,
    certification,
    names,
    reminder_forecast,
    reminder_plan,
    rule_trees,
    rules,
)
from mhfa_lms.services.periods import Period
from mhfa_lms.services.reminder_forecast import Forecast, Group
from mhfa_lms.services.rule_trees import Tree
from mhfa_lms.services.rules import Resolved, Rule

# How far a forecast of reminders looks ahead.
DAYS: Final = 366
CERTIFICATE_RULES: Final = frozenset(certification.RULES)
REMINDER_RULES: Final = frozenset(reminder_plan.RULES)


@dataclass(frozen=True, slots=True)
class Change:
    """A rule's value at one place (see `rules.put`), or, with `unset`, what was set there taken back."""

    rule: Rule
    value: Any
    organisation_id: int | None = None
    course_id: int | None = None
    unset: bool = False

    @property
    def place(self) -> rules.Key:
        """Where the value stands in a tree."""
        return self.rule.value, self.organisation_id, self.course_id

    def check(self) -> None:
        """Raise `RuleError` for what could not be saved."""
        if not self.unset:
            rules.check(self.rule, self.value, course_id=self.course_id)


@dataclass(frozen=True, slots=True)
class Example:
    """What somebody earns who completes a course today, under the rules as they are and as they would be.

    `renewed_before` and `renewed_after` are the period of its renewal, completed on the first day of its window.
    """

    title: str
    before: Period
    after: Period
    renewed_before: Period
    renewed_after: Period

    @property
    def changes(self) -> bool:
        """Whether anything differs."""
        return (self.before, self.renewed_before) != (self.after, self.renewed_after)


@dataclass(frozen=True, slots=True)
class Effects:
    """What a change does.

    `organisations` are those in which a value changes, at most 25 of `organisation_count`, by name; `learners` are on a
    course whose certificate the change concerns; `issued` certificates there keep what they were issued with.
    """

    change: Change
    today: date
    organisations: tuple[str, ...]
    organisation_count: int
    examples: tuple[Example, ...]
    learners: int
    issued: int
    reminders: Forecast | None


SHOWN: Final = 25


def simulate(session: Session, change: Change, *, by: Actor, now: datetime, text: str = "", where: str = "") -> Effects:
    """Say what a change would do. `text` narrows the reminders to people of such a name, `where` to organisations.

    Raises `Forbidden` and `RuleError`.
    """
    require(by, Can.ADMINISTER)
    change.check()
    before = rule_trees.whole_tree(session, asked(change.rule))
    after = before.changed(change.place, change.value, unset=change.unset)
    revisions = catalogue.newest(session) if change.rule in rules.FOR_COURSES else []
    affected = list(concerned(change.rule, before, after, revisions))
    places = sorted({organisation_id for organisation_id, _course in affected})
    named = list(session.scalars(select(Organisation.name).where(Organisation.id.in_(places[:SHOWN]))))
    certificates = change.rule in CERTIFICATE_RULES
    today = _today(session, change.organisation_id, now)
    return Effects(
        change=change,
        today=today,
        organisations=tuple(sorted(named)),
        organisation_count=len(places),
        examples=tuple(_examples(change, before, after, revisions, today)) if certificates else (),
        learners=_learners(session, affected) if certificates else 0,
        issued=_issued(session, places) if certificates else 0,
        reminders=_reminders(session, before, after, now, text, where) if change.rule in REMINDER_RULES else None,
    )


def asked(rule: Rule) -> list[Rule]:
    """Return the rules that are looked at together with one."""
    family = CERTIFICATE_RULES if rule in CERTIFICATE_RULES else REMINDER_RULES if rule in REMINDER_RULES else {rule}
    return [one for one in Rule if one in family]


def concerned(
    rule: Rule, before: Tree, after: Tree, revisions: list[CourseRevision]
) -> Iterator[tuple[int, int | None]]:
    """Yield each organisation (and, for a rule of courses, each course) in which the value that counts changes."""
    if rule not in rules.FOR_COURSES:
        yield from (
            (one, None) for one in before.parents if before.resolve(rule, one).value != after.resolve(rule, one).value
        )
        return
    defaults = {one.course_id: catalogue.course(one).defaults.model_dump() for one in revisions}
    for one in before.parents:
        for course_id, own in defaults.items():
            values = [tree.resolve(rule, one, course_id, own).value for tree in (before, after)]
            if values[0] != values[1]:
                yield one, course_id


def _today(session: Session, organisation_id: int | None, now: datetime) -> date:
    place = session.get(Organisation, organisation_id) if organisation_id else None
    return clock.civil_date(now, place.timezone if place else "UTC")


def _examples(
    change: Change, before: Tree, after: Tree, revisions: list[CourseRevision], today: date
) -> Iterator[Example]:
    for revision in revisions:
        if change.course_id in {None, revision.course_id}:
            content = catalogue.course(revision)
            found = [found_for(tree, change.organisation_id, revision.course_id, content) for tree in (before, after)]
            [first, then] = [earned(one, today) for one in found]
            yield Example(content.title, first[0], then[0], first[1], then[1])


def found_for(tree: Tree, organisation_id: int | None, course_id: int, content: Any) -> dict[Rule, Resolved]:
    """Return the rules of certificates that count at a place for a course."""
    own = content.defaults.model_dump()
    return {rule: tree.resolve(rule, organisation_id, course_id, own) for rule in certification.RULES}


def earned(found: dict[Rule, Resolved], today: date) -> tuple[Period, Period]:
    """Return the period of a certificate completed today, and of its renewal on the first day of its window."""
    first = certification.new_period(found, None, today)
    held = certification.Earlier(first.expires_on, RenewalBasis(found[Rule.RENEWAL_BASIS].value))
    return first, certification.new_period(found, held, first.window_opens_on)


def _learners(session: Session, affected: list[tuple[int, int | None]]) -> int:
    """Count who is on a course, by organisation and course in one query, and add up the places concerned."""
    counted = session.execute(
        select(Enrolment.organisation_id, Enrolment.course_id, func.count().label("learners"))
        .where(Enrolment.state == EnrolmentState.ACTIVE)
        .group_by(Enrolment.organisation_id, Enrolment.course_id)
    )
    wanted = set(affected)
    return sum(row.learners for row in counted if (row.organisation_id, row.course_id) in wanted)


def _issued(session: Session, places: list[int]) -> int:
    counted = session.execute(
        select(Certificate.organisation_id, func.count().label("certificates")).group_by(Certificate.organisation_id)
    )
    wanted = set(places)
    return sum(row.certificates for row in counted if row.organisation_id in wanted)


def _reminders(session: Session, before: Tree, after: Tree, now: datetime, text: str, where: str) -> Forecast:
    plans = [
        {
            one: reminder_plan.plan({rule: tree.resolve(rule, one) for rule in reminder_plan.RULES})
            for one in before.parents
        }
        for tree in (before, after)
    ]
    found = reminder_forecast.groups(session, plans[0], plans[1], now=now)
    return reminder_forecast.forecast(session, _only(session, found, where), days=DAYS, text=text)


def _only(session: Session, found: tuple[Group, ...], where: str) -> tuple[Group, ...]:
    """Return the groups with the organisations alone whose names hold each of the words."""
    words = names.sort_key(where).split()
    if not words:
        return found
    called = {row.id: names.sort_key(row.name) for row in session.execute(select(Organisation.id, Organisation.name))}
    kept = {one for one, name in called.items() if all(word in name for word in words)}
    narrowed = (
        replace(group, organisation_ids=tuple(one for one in group.organisation_ids if one in kept)) for group in found
    )
    return tuple(group for group in narrowed if group.organisation_ids)


def note_export(change: Change, *, rows: int, by: Actor, now: datetime) -> None:
    """Have the audit trail say who took the list of what a change would do. Raises `Forbidden`."""
    require(by, Can.ADMINISTER)
    with transaction() as session:
        audit.record(
            session,
            "rule-effects-exported",
            by=by,
            now=now,
            subject="organisation",
            subject_id=change.organisation_id or 0,
            organisation_id=change.organisation_id,
            key=change.rule.value,
            rows=rows,
        )
