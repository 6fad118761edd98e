"""What a change of a rule would do: the forecast is what ticks then do, and a forecast changes nothing."""

import random
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

from mhfa_lms import clock, db
from mhfa_lms.models import Certificate, Membership, MembershipState, Organisation, Reminder, Role
from mhfa_lms.policy import SYSTEM, Forbidden
from mhfa_lms.services import reminder_forecast, reminders, rule_changes, rule_trees, rules
from mhfa_lms.services.reminder_forecast import Effect
from mhfa_lms.services.reminder_plan import RULES, plan
from mhfa_lms.services.rule_changes import Change
from mhfa_lms.services.rules import Rule
from tests import make
from tests.counting import queries
from tests.make import NOON
from tests.services.test_reminders import held, in_days
from tests.small_course import course as small_course

pytestmark = pytest.mark.usefixtures("database")
ADMIN = SYSTEM
HORIZON = 12
Posted = set[tuple[str, int, date]]
CHANGES = (
    (Rule.REMINDER_DAYS, [120, 60, 14, 7]),
    (Rule.REMINDER_DAYS, [200, 180, 91, 90, 30, 1, 0]),
    (Rule.GRACE_REMINDER_DAYS, 3),
    (Rule.KEEP_LAST_REMINDER, True),
)


def world(chance: random.Random) -> tuple[Organisation, Organisation]:
    """A district with a school in another time zone below it, and another organisation; people with every trait that
    decides about a reminder. Returns the district and the other one.
    """
    district, other = make.organisation(timezone="Pacific/Kiritimati"), make.organisation()
    school = make.organisation(parent_id=district.id, timezone="Etc/GMT+12")
    own = make.organisation(parent_id=district.id)
    rules.put(Rule.REMINDER_DAYS, [60, 10], by=SYSTEM, now=NOON, organisation_id=own.id)
    revision = make.published()
    for number in range(48):
        place = (district, school, own, other)[number % 4]
        values: dict[str, Any] = {"reminders_stopped_at": NOON} if number % 5 == 0 else {}
        member = make.member(place, name=f"Person {number}", **values)
        days = chance.choice([chance.randint(-100, 250), 180, 91, 90, 30, 1, 0, -1, -30])
        dates = in_days(days)
        if number % 7 == 0:
            dates["window_closes_on"] = dates["expires_on"] + timedelta(days=chance.choice([0, 2, 20]))
        if number % 11 == 0:
            dates["starts_on"] = dates["expires_on"] - timedelta(days=chance.choice([10, 60]))
            dates["window_opens_on"] = dates["starts_on"]
        found = make.certificate(member, revision, **dates)
        if number % 13 == 0:
            corrected = make.certificate(member, revision, **dates)
            with db.transaction() as session:
                session.get_one(Certificate, found.id).replaced_by_id = corrected.id
        if number % 17 == 0:
            make.certificate(member, revision, **in_days(900))
        if number % 19 == 0:
            with db.transaction() as session:
                session.get_one(Membership, member.id).state = MembershipState.LEFT
                session.get_one(Membership, member.id).left_at = NOON
    return district, other


def posted() -> Posted:
    """Every reminder that was posted, with the certificate's number, and the day it was posted for."""
    db.session().rollback()
    rows = db.session().execute(
        select(Certificate.code, Reminder.offset_days, Reminder.posted_at, Organisation.timezone)
        .join(Certificate, Certificate.id == Reminder.certificate_id)
        .join(Organisation, Organisation.id == Certificate.organisation_id)
    )
    return {(row.code, row.offset_days, clock.civil_date(row.posted_at, row.timezone)) for row in rows}


def predicted(effects: rule_changes.Effects, effect: Effect) -> Posted:
    """What the list says about the coming days: every line of it, read in pages."""
    found = effects.reminders
    assert found is not None
    events = [one for one in found.events if one.effect is effect]
    total, lines = sum(one.people for one in events), []
    for start in range(0, total, 7):
        lines += reminder_forecast.lines(db.session(), found, events, start, 7, days=rule_changes.DAYS, text="")
    assert len(lines) == total == found.total(effect)
    return {(one.code, one.offset, one.day) for one in lines}


def ticks(start: datetime) -> Posted:
    """What ticks of so many days post, beginning now."""
    before = posted()
    for number in range(HORIZON + 1):
        reminders.post_due(now=start + timedelta(days=number))
    return posted() - before


def without_marks() -> None:
    """Take back what ticks posted, as if they had not run; what was posted before stays."""
    with db.transaction() as session:
        session.execute(text("DELETE FROM reminder WHERE posted_at > :noon"), {"noon": NOON + timedelta(seconds=1)})
        session.execute(text("DELETE FROM message WHERE created_at > :noon"), {"noon": NOON + timedelta(seconds=1)})


@pytest.mark.parametrize("number", range(len(CHANGES)))
def test_what_is_foreseen_is_what_ticks_then_post(number: int) -> None:
    """Day by day: the ticks under the rules as they are, without what is gone and with what is new, are the ticks under
    the rules as they would be.
    """
    rule, value = CHANGES[number]
    district, _other = world(random.Random(number))
    reminders.post_due(now=NOON - timedelta(days=40))
    reminders.post_due(now=NOON)
    now = NOON + timedelta(minutes=5)
    db.session().rollback()
    place = None if number % 3 == 2 else district.id
    effects = rule_changes.simulate(db.session(), Change(rule, value, place), by=ADMIN, now=now)
    new, gone = predicted(effects, Effect.NEW), predicted(effects, Effect.GONE)
    unchanged = ticks(now)
    without_marks()
    rules.put(rule, value, by=SYSTEM, now=now, organisation_id=place)
    changed = ticks(now)
    assert effects.reminders is not None
    last = min(group.today for group in effects.reminders.groups) + timedelta(days=HORIZON - 1)
    assert soon(changed - unchanged, last) == soon(new, last)
    assert soon(unchanged - changed, last) == soon(gone, last)
    assert new | gone


def soon(found: Posted, last: date) -> Posted:
    """What was posted up to a day."""
    return {one for one in found if one[2] <= last}


def test_a_forecast_writes_nothing_and_asks_little() -> None:
    district, _other = world(random.Random(3))
    change = Change(Rule.REMINDER_DAYS, [100, 50], district.id)
    with queries() as asked:
        rule_changes.simulate(db.session(), change, by=ADMIN, now=NOON)
    assert not [one for one in asked.statements if not one.lstrip().startswith(("SELECT", "WITH"))]
    assert len(asked) <= 8
    assert db.session().scalar(select(func.count()).select_from(Reminder)) == 0


def test_the_first_day_is_said() -> None:
    """A day further away reaches everybody who has passed it already, at once; the next ones come one by one."""
    owner, revision = make.organisation(), make.published()
    for days in (200, 250, 280, 300, 340):
        held(days, make.member(owner), revision)
    change = Change(Rule.REMINDER_DAYS, [300, 180, 90, 30, 0], owner.id)
    found = rule_changes.simulate(db.session(), change, by=ADMIN, now=NOON).reminders
    assert found is not None
    assert (found.at_once, found.total(Effect.NEW), found.total(Effect.GONE), found.holders) == (4, 5, 0, 5)
    named = rule_changes.simulate(db.session(), change, by=ADMIN, now=NOON, text="nobody").reminders
    assert named is not None
    assert named.events == ()


def test_certificates_only_future_ones_change() -> None:
    owner = make.organisation()
    revision = make.published(small_course(defaults={"valid_months": 24}))
    make.enrolment(make.member(owner), revision)
    make.enrolment(make.member(), revision)
    make.certificate(make.member(owner), revision)
    effects = rule_changes.simulate(db.session(), Change(Rule.VALID_MONTHS, 12, owner.id), by=ADMIN, now=NOON)
    (example,) = effects.examples
    assert (example.before.expires_on, example.after.expires_on) == (date(2028, 11, 21), date(2027, 11, 21))
    assert (effects.organisation_count, effects.learners, effects.issued) == (1, 1, 1)
    assert effects.reminders is None
    # The course's own value stands before the installation's.
    whole = rule_changes.simulate(db.session(), Change(Rule.VALID_MONTHS, 12), by=ADMIN, now=NOON)
    assert (whole.organisation_count, whole.learners, [one.changes for one in whole.examples]) == (0, 0, [False])


def test_a_renewal_basis_shows_in_the_renewal() -> None:
    make.organisation()
    make.published()
    effects = rule_changes.simulate(db.session(), Change(Rule.RENEWAL_BASIS, "old-expiry"), by=ADMIN, now=NOON)
    (example,) = effects.examples
    assert example.before == example.after
    assert (example.renewed_before.starts_on, example.renewed_after.starts_on) == (
        date(2029, 5, 21),
        date(2029, 11, 21),
    )


def test_taking_a_value_back_is_foreseen_too() -> None:
    owner = make.organisation()
    rules.put(Rule.REMINDER_DAYS, [], by=SYSTEM, now=NOON, organisation_id=owner.id)
    held(100, make.member(owner))
    change = Change(Rule.REMINDER_DAYS, None, owner.id, unset=True)
    found = rule_changes.simulate(db.session(), change, by=ADMIN, now=NOON).reminders
    assert found is not None
    assert [(one.offset, one.effect) for one in found.events] == [(180, "new"), (90, "new"), (30, "new"), (0, "new")]


def test_only_administrators_look_and_nonsense_is_refused() -> None:
    coordinator = make.actor(make.member(None, Role.COORDINATOR))
    with pytest.raises(Forbidden):
        rule_changes.simulate(db.session(), Change(Rule.VALID_MONTHS, 12), by=coordinator, now=NOON)
    with pytest.raises(rules.RuleError):
        rule_changes.simulate(db.session(), Change(Rule.VALID_MONTHS, 0), by=ADMIN, now=NOON)


def test_plans_of_the_forecast_are_those_of_the_tick() -> None:
    world(random.Random(1))
    resolved = rule_trees.resolve_everywhere(db.session(), RULES)
    assert {one for ids in reminders.plans(now=NOON).values() for one in ids} == set(resolved)
    assert {key[0] for key in reminders.plans(now=NOON)} == {plan(one) for one in resolved.values()}
