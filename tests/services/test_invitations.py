"""Invitations: who may send them, what they give, and that they work once."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.models import Account, Audience, Enrolment, Invitation, Membership, Message, Role
from mhfa_lms.policy import Actor, Forbidden
from mhfa_lms.services import accounts, invitations, links, passwords, sessions
from mhfa_lms.services.limits import TooManyTriesError
from tests import make
from tests.make import NOON
from tests.services.test_accounts import count, secret_in, together

EMAIL = "amina@example.org"
pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def by() -> Actor:
    """A coordinator."""
    return make.actor(make.member(make.organisation("school", name="Hill School"), Role.COORDINATOR, name="Cora"))


def invite(by: Actor, email: str = EMAIL, **values: Any) -> str:
    """Invite somebody; the secret in the mail."""
    given = {"roles": [Role.LEARNER], "audience": Audience.OTHER, "site_id": None, "course_id": None, **values}
    given.setdefault("organisation_id", by.organisation_id)
    invitations.invite(given.pop("organisation_id"), email, "Amina", **given, by=by, now=NOON)
    return secret_in("invitation")


def test_the_mail_says_who_invites_to_what(by: Actor) -> None:
    revision = make.published()
    title = revision.title
    secret = invite(by, course_id=revision.course_id)
    mail = db.session().scalars(select(Message)).one()
    assert (mail.to_address, mail.account_id) == (EMAIL, None)
    assert mail.facts == {
        "name": "Amina",
        "organisation": "Hill School",
        "inviter": "Cora",
        "course": title,
        "coordinator": False,
        "path": f"/invitation/{secret}",
    }
    assert secret not in db.session().scalars(select(Invitation.secret_hash)).one()


def test_what_is_offered_is_what_is_given(by: Actor) -> None:
    revision = make.published()
    course_id, site = revision.course_id, make.site(db.session().merge(make.organisation("other")))
    with pytest.raises(invitations.InvitationError):
        invite(by, site_id=site.id)
    secret = invite(by, roles=[Role.INSTRUCTOR, Role.LEARNER], audience=Audience.EDUCATOR, course_id=course_id)
    opened = invitations.accept_as_new(secret, name="Amina Yusuf", password=make.PASSWORD, locale="en", now=NOON)
    actor = sessions.resume(opened, now=NOON)
    assert actor
    assert (actor.name, actor.organisation_id) == ("Amina Yusuf", by.organisation_id)
    assert actor.roles == {Role.INSTRUCTOR, Role.LEARNER}
    assert db.session().scalars(select(Enrolment.course_id)).all() == [course_id]
    account = db.session().scalars(select(Account).where(Account.email == EMAIL)).one()
    assert (account.confirmed_at, account.age_confirmed_at, account.privacy_accepted_at) == (NOON, NOON, NOON)


def test_only_coordinators_of_the_organisation_invite(by: Actor) -> None:
    learner = make.actor(make.member(make.organisation()))
    with pytest.raises(Forbidden):
        invite(learner)
    with pytest.raises(Forbidden):
        invite(by, organisation_id=learner.organisation_id)


def test_it_ends_with_time_with_withdrawal_and_with_the_next_one(by: Actor) -> None:
    first = invite(by)
    second = invite(by, "AMINA@example.org")
    assert invitations.offer(first, now=NOON) is None
    assert invitations.offer(second, now=NOON + timedelta(days=14, seconds=-1))
    assert invitations.offer(second, now=NOON + timedelta(days=14)) is None
    newest = db.session().scalars(select(Invitation.id).order_by(Invitation.id.desc()).limit(1)).one()
    with pytest.raises(Forbidden):
        invitations.withdraw(newest, by=make.actor(make.member(None, Role.COORDINATOR)), now=NOON)
    invitations.withdraw(newest, by=by, now=NOON)
    with pytest.raises(links.DeadLinkError):
        invitations.accept_as_new(second, name="A", password=make.PASSWORD, locale="en", now=NOON)


def test_a_member_is_not_invited_again_but_an_account_elsewhere_makes_no_difference(by: Actor) -> None:
    elsewhere = make.account(EMAIL)
    make.member(holder=elsewhere)
    invite(by)
    make.member(db.session().merge(make.organisation("third")), holder=make.account("third@example.org"))
    colleague = make.account("colleague@example.org")
    with db.transaction() as session:
        session.add(
            Membership(
                account_id=colleague.id,
                organisation_id=by.organisation_id,
                name="Cole",
                sort_key="cole",
                joined_at=NOON,
            )
        )
    with pytest.raises(invitations.InvitationError):
        invite(by, "colleague@example.org")


def test_one_mailbox_is_not_filled(by: Actor) -> None:
    for _again in range(4):
        invite(by)
    with pytest.raises(TooManyTriesError) as caught:
        invite(by, "Amina@Example.org")
    assert caught.value.retry_after == 60 * 60 + 1
    invite(by, "berta@example.org")


def test_two_acceptances_at_once_make_one_membership(by: Actor) -> None:
    secret = invite(by)
    before = count(Membership)
    ended: list[str] = []

    def accept() -> None:
        try:
            invitations.accept_as_new(secret, name="Amina", password=make.PASSWORD, locale="en", now=NOON)
            ended.append("accepted")
        except links.DeadLinkError:
            ended.append("dead")

    together(*[accept] * 4)
    assert sorted(ended) == ["accepted", "dead", "dead", "dead"]
    assert count(Membership) == before + 1


def test_an_unproven_account_is_taken_over_by_who_owns_the_mailbox(by: Actor) -> None:
    with db.transaction() as session:
        accounts.create_account(session, EMAIL, now=NOON, locale="en", password="the stranger's own words")
    secret = invite(by)
    invitations.accept_as_new(secret, name="Amina", password=make.PASSWORD, locale="en", now=NOON)
    account = db.session().scalars(select(Account).where(Account.email == EMAIL)).one()
    assert passwords.verify(account.password_hash, make.PASSWORD)
    assert not passwords.verify(account.password_hash, "the stranger's own words")
