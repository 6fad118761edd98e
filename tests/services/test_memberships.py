"""Memberships: roles, leaving and coming back, and choices nobody makes for another."""

import threading
from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from mhfa_lms import db
from mhfa_lms.models import Account, Audience, AuditEvent, Membership, MembershipState, Role
from mhfa_lms.policy import SYSTEM, Forbidden
from mhfa_lms.services import erasure, memberships, sessions
from tests import make
from tests.make import NOON

pytestmark = pytest.mark.usefixtures("database")


def row(membership_id: int) -> Membership:
    db.session().rollback()
    return db.session().scalars(select(Membership).where(Membership.id == membership_id)).one()


def secret_of(account_id: int) -> str:
    with db.transaction() as session:
        return sessions.begin(session, account_id, now=NOON)


def test_a_change_of_role_ends_every_session() -> None:
    owner = make.organisation()
    by = make.actor(make.member(owner, Role.COORDINATOR))
    member = make.member(owner)
    membership_id, secret = member.id, secret_of(member.account_id)
    memberships.set_roles(membership_id, [Role.LEARNER], by=by, now=NOON)
    assert sessions.resume(secret, now=NOON), "nothing changed, so nobody is signed out"
    memberships.set_roles(membership_id, [Role.LEARNER, Role.INSTRUCTOR], by=by, now=NOON)
    assert sessions.resume(secret, now=NOON) is None
    assert {held.role for held in row(membership_id).roles} == {Role.LEARNER, Role.INSTRUCTOR}
    memberships.set_roles(membership_id, [], by=by, now=NOON)
    assert {held.role for held in row(membership_id).roles} == {Role.LEARNER}


def test_coordinators_change_their_own_organisation_only() -> None:
    theirs = make.member().id
    by = make.actor(make.member(None, Role.COORDINATOR))
    learner = make.actor(make.member())
    for actor in (by, learner):
        with pytest.raises(Forbidden):
            memberships.set_roles(theirs, [Role.COORDINATOR], by=actor, now=NOON)
        with pytest.raises(Forbidden):
            memberships.leave(theirs, by=actor, now=NOON)


def test_leaving_keeps_the_record_and_takes_the_rest() -> None:
    owner = make.organisation()
    by = make.actor(make.member(owner, Role.COORDINATOR))
    member = make.member(owner, listed_since=NOON)
    membership_id, account_id, owner_id = member.id, member.account_id, owner.id
    secret = secret_of(account_id)
    memberships.leave(membership_id, by=by, now=NOON)
    left = row(membership_id)
    assert (left.state, left.left_at, left.listed_since) == (MembershipState.LEFT, NOON, None)
    assert sessions.resume(secret, now=NOON) is None
    memberships.leave(membership_id, by=by, now=NOON)
    with db.transaction() as session:
        back = memberships.add(
            session, account_id, owner_id, "B. Back", roles=[Role.INSTRUCTOR], audience=Audience.OTHER, now=NOON, by=by
        )
        assert back.id == membership_id
    found = row(membership_id)
    assert (found.state, found.name, {held.role for held in found.roles}) == (
        MembershipState.ACTIVE,
        "B. Back",
        {Role.INSTRUCTOR},
    )


def test_somebody_who_leaves_stays_signed_in_without_it() -> None:
    by = make.actor(make.member())
    assert by.membership_id
    memberships.leave(by.membership_id, by=by, now=NOON)
    assert memberships.of_account(by.account_id) == []


def test_consent_is_nobody_elses_to_give() -> None:
    owner = make.organisation()
    member = make.member(owner).id
    coordinator = make.actor(make.member(owner, Role.COORDINATOR))
    with pytest.raises(Forbidden):
        memberships.set_listed(member, True, by=coordinator, now=NOON)
    with pytest.raises(Forbidden):
        memberships.set_reminders(member, False, by=coordinator, now=NOON)
    assert row(member).listed_since is None


def test_consent_is_dated_and_on_record_once() -> None:
    member = make.member()
    by = make.actor(member)
    for listed in (True, True, False):
        memberships.set_listed(member.id, listed, by=by, now=NOON)
    memberships.set_reminders(member.id, False, by=by, now=NOON)
    assert row(member.id).reminders_stopped_at == NOON
    verbs = db.session().scalars(select(AuditEvent.verb).order_by(AuditEvent.id)).all()
    assert list(verbs) == ["listing-agreed", "listing-withdrawn", "reminders-stopped"]


def test_the_installation_may_set_up_a_demonstration() -> None:
    member = make.member().id
    memberships.set_listed(member, True, by=SYSTEM, now=NOON)
    assert row(member).listed_since == NOON


@pytest.mark.parametrize("change", ["set_roles", "make_coordinator", "leave"])
def test_a_change_while_the_person_is_erased_waits_its_turn(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = make.organisation()
    member = make.member(owner)
    make.account("admin@example.org", is_admin=True)
    owner_id, membership_id, account_id, email = owner.id, member.id, member.account_id, member.account.email
    secret_of(account_id)
    changes: dict[str, Callable[[], object]] = {
        "set_roles": lambda: memberships.set_roles(membership_id, [Role.COORDINATOR], by=SYSTEM, now=NOON),
        "make_coordinator": lambda: memberships.make_coordinator(owner_id, email, by=SYSTEM, now=NOON),
        "leave": lambda: memberships.leave(membership_id, by=SYSTEM, now=NOON),
    }
    db.session().rollback()
    failed: list[BaseException] = []
    before_sessions, pause = threading.Event(), threading.Event()
    real = sessions.end_all

    def end_all(session: Session, account: int, *, now: datetime, but: int | None = None) -> int:
        # The change holds what it locked, and the erasure comes as far as it can.
        before_sessions.set()
        pause.wait(1)
        return real(session, account, now=now, but=but)

    monkeypatch.setattr(sessions, "end_all", end_all)

    def run(work: Callable[[], object]) -> None:
        try:
            work()
        except DBAPIError as error:
            failed.append(error)
        finally:
            db.sessions.remove()

    changing = threading.Thread(target=run, args=(changes[change],))
    changing.start()
    assert before_sessions.wait(120)
    run(lambda: erasure.erase(email, by=SYSTEM, now=NOON))
    changing.join(120)
    assert not failed
    assert db.session().get_one(Account, account_id).erased_at == NOON
    assert row(membership_id).state == MembershipState.LEFT
