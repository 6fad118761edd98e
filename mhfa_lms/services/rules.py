"""The rules an organisation can set, and where a value comes from.

Order: the organisation itself, then each organisation above it, then the course revision, then the installation, then
the default of the field (see the shared rules of the field: every number there is a default).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from mhfa_lms.db import insert, rows, transaction
from mhfa_lms.models import Organisation, RuleSetting
from mhfa_lms.policy import Actor, Can, require
from mhfa_lms.services import audit


class Rule(StrEnum):
    """A rule's key."""

    PASS_PERCENT = "pass_percent"  # noqa: S105  # a percentage, not a password
    ATTEMPTS = "attempts"
    VALID_MONTHS = "valid_months"
    WINDOW_BEFORE_MONTHS = "window_before_months"
    WINDOW_AFTER_MONTHS = "window_after_months"
    RENEWAL_BASIS = "renewal_basis"
    FULL_EVERY_SECOND = "full_every_second"
    REMINDER_DAYS = "reminder_days"
    GRACE_REMINDER_DAYS = "grace_reminder_days"
    KEEP_LAST_REMINDER = "keep_last_reminder"
    REMINDER_HOUR = "reminder_hour"
    DIGEST = "digest"
    MINIMUM_DELIVERIES = "minimum_deliveries"
    CLAIM_MINUTES = "claim_minutes"
    MINIMUM_AGE = "minimum_age"
    RETENTION_MONTHS = "retention_months"


DEFAULTS: Final[Mapping[Rule, Any]] = {
    Rule.PASS_PERCENT: 80,
    Rule.ATTEMPTS: 2,
    Rule.VALID_MONTHS: 36,
    Rule.WINDOW_BEFORE_MONTHS: 6,
    Rule.WINDOW_AFTER_MONTHS: 3,
    Rule.RENEWAL_BASIS: "completion",
    # What a refresher earned is renewed by the full course.
    Rule.FULL_EVERY_SECOND: False,
    Rule.REMINDER_DAYS: [180, 90, 30, 0],
    # The one reminder in grace: so many days after expiry.
    Rule.GRACE_REMINDER_DAYS: 30,
    Rule.KEEP_LAST_REMINDER: False,
    # In the reader's own time zone.
    Rule.REMINDER_HOUR: 9,
    # The coordinators' letter.
    Rule.DIGEST: "weekly",
    # Courses an instructor teaches in each year of an authorisation.
    Rule.MINIMUM_DELIVERIES: 2,
    Rule.CLAIM_MINUTES: 30,
    Rule.MINIMUM_AGE: 18,
    # After the last day of a certificate, or after somebody left.
    Rule.RETENTION_MONTHS: 36,
}
RANGES: Final[Mapping[Rule, tuple[int, int]]] = {
    Rule.PASS_PERCENT: (1, 100),
    Rule.ATTEMPTS: (1, 10),
    Rule.VALID_MONTHS: (1, 120),
    Rule.WINDOW_BEFORE_MONTHS: (0, 24),
    Rule.WINDOW_AFTER_MONTHS: (0, 24),
    Rule.GRACE_REMINDER_DAYS: (1, 365),
    Rule.REMINDER_HOUR: (6, 21),
    Rule.MINIMUM_DELIVERIES: (0, 50),
    Rule.CLAIM_MINUTES: (5, 240),
    Rule.MINIMUM_AGE: (0, 120),
    Rule.RETENTION_MONTHS: (1, 240),
}
# How many days before expiry a reminder can go out.
FARTHEST_DAY: Final = 730
# The rules that are asked for with a course, and so can be set for one; the others hold for all of them.
FOR_COURSES: Final = frozenset(
    {
        Rule.PASS_PERCENT,
        Rule.ATTEMPTS,
        Rule.VALID_MONTHS,
        Rule.WINDOW_BEFORE_MONTHS,
        Rule.WINDOW_AFTER_MONTHS,
        Rule.RENEWAL_BASIS,
        Rule.FULL_EVERY_SECOND,
    }
)
SWITCHES: Final = frozenset({Rule.FULL_EVERY_SECOND, Rule.KEEP_LAST_REMINDER})


# A rule's key, whose it is (None: the installation's), for which course (None: all).
Key = tuple[str, int | None, int | None]


class RuleError(ValueError):
    """A value a rule cannot have."""


def _tree_statement() -> Select[int, int | None]:
    start = (
        select(Organisation.id, Organisation.parent_id)
        .where(Organisation.id == bindparam("organisation_id"))
        .cte(recursive=True)
    )
    # UNION, not UNION ALL: a circle made by hand in the database ends the walk instead of running for ever.
    tree = start.union(select(Organisation.id, Organisation.parent_id).where(Organisation.id == start.c.parent_id))
    return select(tree.c.id, tree.c.parent_id)


# Made once, as most pages run them.
_TREE: Final = _tree_statement()
_SETTINGS: Final = select(RuleSetting.key, RuleSetting.organisation_id, RuleSetting.course_id, RuleSetting.value).where(
    RuleSetting.key.in_(bindparam("keys", expanding=True)),
    RuleSetting.organisation_id.is_(None) | RuleSetting.organisation_id.in_(bindparam("tree", expanding=True)),
)


@dataclass(frozen=True, slots=True)
class Resolved:
    """A rule's value and where it comes from: `organisation:<id>`, `revision`, `installation` or `default`."""

    value: Any
    source: str


def resolve(
    session: Session,
    rules: list[Rule],
    *,
    organisation_id: int | None,
    course_id: int | None = None,
    revision_defaults: Mapping[str, Any] | None = None,
) -> dict[Rule, Resolved]:
    """Resolve several rules at once, with two queries whatever their number."""
    tree = ancestors(session, organisation_id)
    settings = _settings(session, rules, tree)
    return {rule: decide(rule, settings, tree, course_id, revision_defaults or {}) for rule in rules}


def resolve_for_revisions(
    session: Session, rule: Rule, *, organisation_id: int | None, revisions: Mapping[int, tuple[int, Mapping[str, Any]]]
) -> dict[int, Resolved]:
    """Resolve one rule for several revisions (id to course id and defaults), with two queries whatever their number."""
    tree = ancestors(session, organisation_id)
    settings = _settings(session, [rule], tree)
    return {one: decide(rule, settings, tree, *revision) for one, revision in revisions.items()}


def _settings(session: Session, rules: list[Rule], tree: list[int]) -> dict[Key, Any]:
    found = rows(session, _SETTINGS, {"keys": [rule.value for rule in rules], "tree": tree})
    return {(row.key, row.organisation_id, row.course_id): row.value["value"] for row in found}


def decide(
    rule: Rule,
    settings: Mapping[Key, Any],
    tree: list[int],
    course_id: int | None,
    revision_defaults: Mapping[str, Any],
) -> Resolved:
    """Decide one rule by what is set, in a place that `upwards` names: the one home of the order."""
    for organisation_id in tree:
        for course in (course_id, None):
            if (rule.value, organisation_id, course) in settings:
                return Resolved(settings[rule.value, organisation_id, course], f"organisation:{organisation_id}")
    if revision_defaults.get(rule.value) is not None:
        return Resolved(revision_defaults[rule.value], "revision")
    for course in (course_id, None):
        if (rule.value, None, course) in settings:
            return Resolved(settings[rule.value, None, course], "installation")
    return Resolved(DEFAULTS[rule], "default")


def ancestors(session: Session, organisation_id: int | None) -> list[int]:
    """Return an organisation's id and those above it, nearest first."""
    found = rows(session, _TREE, {"organisation_id": organisation_id})
    parents = {row.id: row.parent_id for row in found}
    return upwards(organisation_id, parents)


def upwards(organisation_id: int | None, parents: Mapping[int, int | None]) -> list[int]:
    """Return an organisation and those above it, nearest first; a circle ends."""
    found: list[int] = []
    here = organisation_id
    while here is not None and here in parents and here not in found:
        found.append(here)
        here = parents[here]
    return found


def set_in(session: Session, tree: list[int]) -> list[RuleSetting]:
    """Return what organisations have set, as `ancestors` returns them: the nearest first, each in the rules' order."""
    rows = session.scalars(select(RuleSetting).where(RuleSetting.organisation_id.in_(tree))).all()
    order = {rule.value: number for number, rule in enumerate(Rule)}
    known = [row for row in rows if row.key in order]
    return sorted(known, key=lambda row: (tree.index(row.organisation_id or 0), order[row.key], row.course_id or 0))


def put(
    rule: Rule,
    value: Any,
    *,
    by: Actor,
    now: datetime,
    organisation_id: int | None = None,
    course_id: int | None = None,
) -> None:
    """Set a rule for an organisation (or the installation), for one course or all.

    Raises `RuleError` and `Forbidden`.
    """
    require(by, Can.ADMINISTER)
    check(rule, value, course_id=course_id)
    said = {"value": {"value": value}, "set_at": now, "set_by_id": by.account_id or None}
    place = {"place": _place(organisation_id, course_id), "organisation_id": organisation_id, "course_id": course_id}
    with transaction() as session:
        # One statement: of two people who set a rule at once, the second overwrites and neither fails.
        row_id = session.scalars(
            insert(session, RuleSetting)
            .values(key=rule.value, **place, **said)
            .on_conflict_do_update(index_elements=["key", "place"], set_=said)
            .returning(RuleSetting.id)
        ).one()
        audit.record(
            session,
            "rule-set",
            by=by,
            now=now,
            subject="rule_setting",
            subject_id=row_id,
            organisation_id=organisation_id,
            key=rule.value,
        )


def unset(
    rule: Rule, *, by: Actor, now: datetime, organisation_id: int | None = None, course_id: int | None = None
) -> bool:
    """Take back what `put` set at exactly this place. Returns False when nothing was set there. Raises `Forbidden`."""
    require(by, Can.ADMINISTER)
    with transaction() as session:
        row = session.scalars(
            select(RuleSetting).where(
                RuleSetting.key == rule.value, RuleSetting.place == _place(organisation_id, course_id)
            )
        ).one_or_none()
        if row is None:
            return False
        audit.record(
            session,
            "rule-unset",
            by=by,
            now=now,
            subject="rule_setting",
            subject_id=row.id,
            organisation_id=organisation_id,
            key=rule.value,
        )
        session.delete(row)
        return True


def _place(organisation_id: int | None, course_id: int | None) -> str:
    return f"{organisation_id or '*'}/{course_id or '*'}"


def check(rule: Rule, value: Any, *, course_id: int | None = None) -> None:
    """Raise `RuleError` when a rule cannot have this value, or cannot be set for one course."""
    if course_id is not None and rule not in FOR_COURSES:
        raise RuleError(f"{rule.value} holds for all courses, so it cannot be set for one")
    if rule in RANGES:
        low, high = RANGES[rule]
        good = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        wanted = f"a whole number from {low} to {high}"
    elif rule is Rule.RENEWAL_BASIS:
        good, wanted = value in {"completion", "old-expiry"}, "completion or old-expiry"
    elif rule is Rule.DIGEST:
        good, wanted = value in {"weekly", "monthly", "off"}, "weekly, monthly or off"
    elif rule in SWITCHES:
        good, wanted = isinstance(value, bool), "true or false"
    else:
        good = isinstance(value, list) and all(isinstance(day, int) and 0 <= day <= FARTHEST_DAY for day in value)
        wanted = f"a list of days before expiry, each from 0 to {FARTHEST_DAY}"
    if not good:
        raise RuleError(f"{rule.value} must be {wanted}")
