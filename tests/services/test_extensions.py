"""One extension of an authorisation: once, for three months at most, with a reason, and what follows from it."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from mhfa_lms import db
from mhfa_lms.models import (
    AuditEvent,
    Authorisation,
    AuthorisationExtension,
    AuthorisationReminder,
    CertificationType,
    CourseRevision,
    Membership,
    Message,
    Role,
)
from mhfa_lms.policy import Actor, Forbidden
from mhfa_lms.services import (
    authorisation_reminders,
    authorisation_story,
    authorisations,
    delivery_checks,
    duties,
    extensions,
    humane_hour,
)
from mhfa_lms.services.duties import Against
from mhfa_lms.services.extensions import ExtensionError
from mhfa_lms.services.periods import add_months
from mhfa_lms.services.reminder_plan import once
from mhfa_lms.services.reminder_words import Voice
from tests import make
from tests.make import NOON

ENDS = date(2026, 12, 31)


@pytest.fixture
def teacher(database: str) -> tuple[Membership, CourseRevision, int]:
    """An instructor, authorised for all of 2026, who has taught nothing."""
    member, revision = make.member(None, Role.INSTRUCTOR), make.published()
    held = make.authorisation(member, revision, valid_from=date(2026, 1, 1), expires_on=ENDS)
    return member, revision, held.id


@pytest.fixture
def by(teacher: tuple[Membership, CourseRevision, int]) -> Actor:
    return make.actor(make.member(db.session().merge(teacher[0]).organisation, Role.COORDINATOR))


def test_it_goes_on_once_and_no_longer_and_the_database_refuses_more(
    teacher: tuple[Membership, CourseRevision, int], by: Actor
) -> None:
    member, _revision, old = teacher
    for months, reason in ((0, "x"), (4, "x"), (2, "  ")):
        with pytest.raises(ExtensionError):
            extensions.extend(member.id, old, months, reason, by=by, now=NOON)
    assert extensions.extend(member.id, old, 3, "Was ill in spring.", by=by, now=NOON) == date(2027, 3, 31)
    session = db.session()
    row = session.scalars(select(AuthorisationExtension)).one()
    longer = session.get_one(Authorisation, row.authorisation_id)
    assert (longer.valid_from, longer.expires_on) == (date(2027, 1, 1), date(2027, 3, 31))
    assert (row.extends_id, row.months, row.reason) == (old, 3, "Was ill in spring.")
    event = session.scalars(select(AuditEvent).where(AuditEvent.verb == "authorisation-extended")).one()
    assert event.data == {"membership": member.id, "extends": old, "months": 3}
    later = NOON.replace(year=2027, month=2)
    longer_id = longer.id
    for one, now in ((old, NOON), (longer_id, later)):
        with pytest.raises(ExtensionError, match="not in force"):
            extensions.extend(member.id, one, 1, "Again.", by=by, now=now)
    for extends, goes_on in ((old, 92), (longer_id, 30)):
        with pytest.raises(DBAPIError), db.transaction() as session:
            _by_hand(session, teacher, extends, goes_on)


def _by_hand(session: Session, teacher: tuple[Membership, CourseRevision, int], extends: int, days: int) -> None:
    """Write an extension past the service."""
    old = session.get_one(Authorisation, extends)
    new = Authorisation(
        membership_id=old.membership_id,
        certification_type_id=old.certification_type_id,
        valid_from=old.expires_on + timedelta(days=days),
        expires_on=old.expires_on + timedelta(days=days),
    )
    session.add(new)
    session.flush()
    session.add(
        AuthorisationExtension(
            authorisation_id=new.id, extends_id=extends, months=3, reason="By hand.", granted_at=NOON
        )
    )
    session.flush()


def test_the_database_refuses_a_longer_one(teacher: tuple[Membership, CourseRevision, int]) -> None:
    with pytest.raises(DBAPIError), db.transaction() as session:
        _by_hand(session, teacher, teacher[2], 93)


def test_reminders_planning_and_the_ledger_follow_it(
    teacher: tuple[Membership, CourseRevision, int], by: Actor
) -> None:
    member, revision, old = teacher
    type_id = db.session().get_one(CourseRevision, revision.id).course.certification_type_id
    in_december, in_march = NOON.replace(month=12, day=2), NOON.replace(year=2027, month=3, day=2)
    assert authorisation_reminders.post_due(now=in_december) == 1
    extensions.extend(member.id, old, 3, "Two courses are planned.", by=by, now=in_december)
    assert authorisation_reminders.post_due(now=in_december) == 0
    # Its own end is reminded of anew; the letters about the old end are no longer wanted.
    assert authorisation_reminders.post_due(now=in_march) == 1
    offsets = db.session().execute(select(AuthorisationReminder.authorisation_id, AuthorisationReminder.offset_days))
    assert {offset for one, offset in offsets if one != old} == {30}
    against = duties.stands_against
    assert against(db.session(), member.id, type_id, date(2027, 1, 1)) == ()
    assert against(db.session(), member.id, type_id, date(2027, 3, 31)) == ()
    assert against(db.session(), member.id, type_id, date(2027, 4, 1)) == (Against.NOT_AUTHORISED,)
    session = db.session()
    (story,) = authorisation_story.stories(session, now=in_march, voice=Voice.OWN, found=once(session))
    assert "It was extended once, by 3 months." in story.verdict
    assert story.expires_on == date(2027, 3, 31)


def test_before_it_begins_it_counts_for_planning_in_its_own_dates_and_in_no_others(database: str) -> None:
    """Nothing was taught in two years. The shortfall blocks the old dates; the extension is there to make it up."""
    member, revision = make.member(None, Role.INSTRUCTOR), make.published()
    held = make.authorisation(member, revision, valid_from=date(2025, 1, 1), expires_on=ENDS)
    by = make.actor(make.member(member.organisation, Role.COORDINATOR))
    member_id, type_id = member.id, held.certification_type_id

    def against(day: date) -> tuple[Against, ...]:
        return duties.stands_against(db.session(), member_id, type_id, day)

    duties.record_check(member_id, date(2027, 2, 15), today=NOON.date(), by=by, now=NOON)
    assert against(date(2027, 1, 1)) == (Against.NOT_AUTHORISED,)
    extensions.extend(member_id, held.id, 3, "Was ill.", by=by, now=NOON)
    assert against(ENDS) == (Against.TOO_FEW,)
    assert (against(date(2027, 1, 1)), against(date(2027, 2, 15))) == ((), ())
    # An authorisation that goes on says nothing of the background check.
    assert against(date(2027, 2, 16)) == (Against.CHECK_ENDED,)
    assert against(date(2027, 4, 1)) == (Against.NOT_AUTHORISED, Against.CHECK_ENDED)


def test_the_instructor_is_told_in_the_daytime_and_not_once_it_is_void(
    teacher: tuple[Membership, CourseRevision, int], by: Actor
) -> None:
    member, revision, old = teacher
    type_id = db.session().get_one(CourseRevision, revision.id).course.certification_type_id
    night = NOON.replace(hour=23)
    extensions.extend(member.id, old, 2, "Was ill in spring.", by=by, now=night)
    with pytest.raises(ExtensionError):
        extensions.extend(member.id, old, 2, "Was ill in spring.", by=by, now=night)
    session = db.session()
    message = session.scalars(select(Message)).one()
    here = session.get_one(Membership, member.id)
    assert (message.kind, message.account_id, message.organisation_id) == (
        extensions.KIND,
        here.account_id,
        here.organisation_id,
    )
    assert message.facts == {
        **{"name": here.name, "organisation": here.organisation.name, "path": "/account", "needed": 2},
        **{"type": session.get_one(CertificationType, type_id).name},
        **{"ended_on": "2026-12-31", "begins_on": "2027-01-01", "expires_on": "2027-02-28"},
    }
    assert night < message.due_at == humane_hour.first_from(night, here.organisation.timezone, 9)
    assert delivery_checks.unwanted(session, message, now=message.due_at) is None
    authorisations.grant(member.id, type_id, date(2028, 12, 31), by=by, now=NOON)
    message = db.session().scalars(select(Message)).one()
    assert delivery_checks.unwanted(db.session(), message, now=message.due_at)


def test_a_new_authorisation_takes_the_place_of_an_extension(
    teacher: tuple[Membership, CourseRevision, int], by: Actor
) -> None:
    member, revision, old = teacher
    type_id = db.session().get_one(CourseRevision, revision.id).course.certification_type_id
    extensions.extend(member.id, old, 1, "Until the course in January.", by=by, now=NOON)
    first_day = NOON.replace(year=2027, month=1, day=1)
    authorisations.grant(member.id, type_id, date(2028, 12, 31), by=by, now=first_day)
    (row,) = authorisations.of(db.session(), member.id, by=by, today=first_day.date())
    assert (row.expires_on, row.extension_months) == (date(2028, 12, 31), None)
    assert set(extensions.extendable([row], first_day.date())) == {row.id}


def test_a_new_authorisation_ends_an_extension_that_is_yet_to_begin(
    teacher: tuple[Membership, CourseRevision, int], by: Actor
) -> None:
    member, revision, old = teacher
    type_id = db.session().get_one(CourseRevision, revision.id).course.certification_type_id
    in_december = NOON.replace(month=12, day=2)
    extensions.extend(member.id, old, 1, "Until the course in January.", by=by, now=NOON)
    gone = db.session().scalars(select(AuthorisationExtension.authorisation_id)).one()
    until = date(2027, 1, 10)
    authorisations.grant(member.id, type_id, until, by=by, now=in_december)
    (row,) = authorisations.of(db.session(), member.id, by=by, today=in_december.date())
    assert (row.expires_on, row.extension_months, row.id == gone) == (until, None, False)
    against = duties.stands_against(db.session(), member.id, type_id, until + timedelta(days=15))
    assert Against.NOT_AUTHORISED in against
    # Its own end is reminded of, and it can be extended as any other.
    assert authorisation_reminders.post_due(now=in_december + timedelta(days=9)) == 1
    assert extensions.extend(member.id, row.id, 3, "Was ill.", by=by, now=in_december) == date(2027, 4, 10)


def test_only_coordinators_of_the_place_extend(teacher: tuple[Membership, CourseRevision, int]) -> None:
    member, _revision, old = teacher
    for who in (make.actor(make.member(None, Role.COORDINATOR)), make.actor(db.session().merge(member))):
        with pytest.raises(Forbidden):
            extensions.extend(member.id, old, 1, "For a friend.", by=who, now=NOON)


@given(st.dates(date(2020, 1, 1), date(2100, 1, 1)), st.integers(1, extensions.MOST_MONTHS))
def test_no_extension_is_longer_than_the_database_allows(ends: date, months: int) -> None:
    assert 28 <= (add_months(ends, months) - ends).days <= 92
