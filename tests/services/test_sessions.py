"""Signed-in browsers: what a cookie's secret is worth, and until when."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.models import LoginSession, MembershipState, Role
from mhfa_lms.policy import Forbidden
from mhfa_lms.services import sessions
from tests import make
from tests.make import NOON

pytestmark = pytest.mark.usefixtures("database")


def begin(account_id: int, *, membership_id: int | None = None) -> str:
    with db.transaction() as session:
        return sessions.begin(session, account_id, now=NOON, membership_id=membership_id)


def test_a_secret_is_stored_as_a_hash_and_lasts_two_weeks() -> None:
    secret = begin(make.account().id)
    row = db.session().scalars(select(LoginSession)).one()
    assert secret not in row.secret_hash
    assert sessions.resume(secret, now=NOON + timedelta(days=14, seconds=-1))
    assert sessions.resume(secret, now=NOON + timedelta(days=14)) is None
    assert sessions.resume(row.secret_hash, now=NOON) is None
    assert sessions.resume("", now=NOON) is None


def test_the_first_organisation_by_name_is_in_use_unless_one_is_named() -> None:
    holder = make.account()
    account_id = holder.id
    later = make.member(make.organisation(name="Zebra"), holder=holder).id
    first = make.member(make.organisation(name="Ant"), holder=holder).id
    found = sessions.resume(begin(account_id), now=NOON)
    named = sessions.resume(begin(account_id, membership_id=later), now=NOON)
    assert found
    assert named
    assert (found.membership_id, named.membership_id, found.memberships_count) == (first, later, 2)


def test_a_membership_that_ended_gives_nothing() -> None:
    member = make.member(None, Role.COORDINATOR)
    secret = begin(member.account_id)
    with db.transaction() as session:
        row = session.merge(member)
        row.state, row.left_at = MembershipState.LEFT, NOON
    found = sessions.resume(secret, now=NOON)
    assert found
    assert (found.membership_id, found.organisation_id, found.roles) == (None, None, frozenset())


def test_signing_out_ends_one_browser_of_ones_own() -> None:
    member = make.member()
    by, other = make.actor(member), make.actor(make.member())
    secret = begin(member.account_id)
    mine = db.session().scalars(select(LoginSession.id).order_by(LoginSession.id.desc()).limit(1)).one()
    sessions.end(mine, by=other, now=NOON)
    assert sessions.resume(secret, now=NOON)
    sessions.end(mine, by=by, now=NOON)
    assert sessions.resume(secret, now=NOON) is None


def test_ending_all_but_one() -> None:
    account_id = make.account().id
    secrets = [begin(account_id) for _number in range(3)]
    kept = sessions.resume(secrets[1], now=NOON)
    assert kept
    with db.transaction() as session:
        assert sessions.end_all(session, account_id, now=NOON, but=kept.session_id) == 2
    assert [sessions.resume(secret, now=NOON) is not None for secret in secrets] == [False, True, False]


def test_nobody_switches_to_anothers_membership() -> None:
    by = make.actor(make.member())
    theirs = make.member().id
    with pytest.raises(Forbidden):
        sessions.switch(theirs, by=by, now=NOON)


def test_an_authorisation_counts_on_its_days_only() -> None:
    revision = make.published()
    instructor = make.member(make.organisation(timezone="Pacific/Auckland"), Role.INSTRUCTOR)
    make.authorisation(instructor, revision, valid_from=date(2026, 11, 22), expires_on=date(2026, 11, 22))
    secret = begin(instructor.account_id)
    # Noon in London on the 21st is one in the morning of the 22nd in Auckland.
    days = [sessions.resume(secret, now=NOON + timedelta(hours=hours)) for hours in (-2, 0, 22, 23)]
    assert [bool(found and found.authorised_types) for found in days] == [False, True, True, False]
