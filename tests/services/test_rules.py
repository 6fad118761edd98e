"""Rules: where a value comes from, and which values are refused."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.models import AuditEvent, Role, RuleSetting
from mhfa_lms.policy import SYSTEM, Forbidden
from mhfa_lms.services import rules
from mhfa_lms.services.rules import Resolved, Rule
from tests import make
from tests.make import NOON

pytestmark = pytest.mark.usefixtures("database")


def resolve(organisation_id: int | None, course_id: int | None = None, **revision: int) -> Resolved:
    """The pass mark in force."""
    db.session().rollback()
    return rules.resolve(
        db.session(),
        [Rule.PASS_PERCENT],
        organisation_id=organisation_id,
        course_id=course_id,
        revision_defaults=revision,
    )[Rule.PASS_PERCENT]


def put(value: Any, **place: int) -> None:
    rules.put(Rule.PASS_PERCENT, value, by=SYSTEM, now=NOON, **place)


def test_the_nearest_place_wins() -> None:
    district = make.organisation().id
    school = make.organisation(parent_id=district).id
    course = make.published().course_id
    assert resolve(school) == Resolved(80, "default")
    put(81)
    assert resolve(school) == Resolved(81, "installation")
    assert resolve(school, course, pass_percent=82) == Resolved(82, "revision")
    put(83, organisation_id=district)
    assert resolve(school, course, pass_percent=82) == Resolved(83, f"organisation:{district}")
    put(84, organisation_id=school)
    assert resolve(school, course) == Resolved(84, f"organisation:{school}")
    put(85, organisation_id=school, course_id=course)
    assert resolve(school, course) == Resolved(85, f"organisation:{school}")
    assert resolve(school) == Resolved(84, f"organisation:{school}")
    assert resolve(district, course) == Resolved(83, f"organisation:{district}")
    assert resolve(None) == Resolved(81, "installation")


def test_setting_it_again_replaces_it_and_both_are_on_record() -> None:
    put(70)
    put(75)
    assert resolve(None).value == 75
    assert db.session().scalars(select(AuditEvent.verb)).all() == ["rule-set", "rule-set"]


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        (Rule.PASS_PERCENT, 0),
        (Rule.PASS_PERCENT, 101),
        (Rule.PASS_PERCENT, "80"),
        (Rule.PASS_PERCENT, True),
        (Rule.ATTEMPTS, 0),
        (Rule.MINIMUM_AGE, -1),
        (Rule.RENEWAL_BASIS, "whenever"),
        (Rule.KEEP_LAST_REMINDER, 1),
        (Rule.REMINDER_HOUR, 5),
        (Rule.REMINDER_HOUR, 22),
        (Rule.DIGEST, "daily"),
        (Rule.REMINDER_DAYS, 30),
        (Rule.REMINDER_DAYS, [30, -1]),
        (Rule.REMINDER_DAYS, ["30"]),
    ],
)
def test_values_a_rule_cannot_have(rule: Rule, value: Any) -> None:
    with pytest.raises(rules.RuleError, match=rule.value):
        rules.put(rule, value, by=SYSTEM, now=NOON)


@pytest.mark.parametrize("rule", list(Rule))
def test_every_default_is_a_value_the_rule_can_have(rule: Rule) -> None:
    rules.check(rule, rules.DEFAULTS[rule])


def test_a_circle_of_organisations_ends() -> None:
    first = make.organisation()
    second = make.organisation(parent_id=first.id)
    first_id, second_id = first.id, second.id
    with db.transaction() as session:
        session.merge(first).parent_id = second_id
    assert rules.ancestors(db.session(), first_id) == [first_id, second_id]


def test_a_rule_that_holds_for_all_courses_cannot_be_set_for_one() -> None:
    course = make.published().course_id
    with pytest.raises(rules.RuleError, match="holds for all courses"):
        rules.put(Rule.CLAIM_MINUTES, 20, by=SYSTEM, now=NOON, course_id=course)


def test_what_was_set_can_be_taken_back_at_its_own_place_only() -> None:
    school = make.organisation().id
    put(81)
    put(84, organisation_id=school)
    assert rules.unset(Rule.PASS_PERCENT, by=SYSTEM, now=NOON, organisation_id=school)
    assert resolve(school) == Resolved(81, "installation")
    assert not rules.unset(Rule.PASS_PERCENT, by=SYSTEM, now=NOON, organisation_id=school)


def test_only_administrators_set_and_take_back() -> None:
    coordinator = make.actor(make.member(None, Role.COORDINATOR))
    with pytest.raises(Forbidden):
        rules.put(Rule.ATTEMPTS, 3, by=coordinator, now=NOON, organisation_id=coordinator.organisation_id)
    with pytest.raises(Forbidden):
        rules.unset(Rule.ATTEMPTS, by=coordinator, now=NOON, organisation_id=coordinator.organisation_id)


def test_many_who_set_a_rule_at_once_all_succeed() -> None:
    def put(value: int) -> None:
        rules.put(Rule.ATTEMPTS, value, by=SYSTEM, now=NOON)
        db.sessions.remove()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(1, 9)))
    rows = db.session().scalars(select(RuleSetting)).all()
    assert len(rows) == 1
    assert len(db.session().scalars(select(AuditEvent)).all()) == 8
