"""Accounts: one per address, confirmed by who owns it, ended at once; and the first administrator."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select

from mhfa_lms import db
from mhfa_lms.models import Account, Audience, AuditEvent, LinkKind, Membership, Message, OneTimeLink, Role
from mhfa_lms.policy import SYSTEM, Actor, Forbidden
from mhfa_lms.services import accounts, joining, links, passwords, recovery, sessions, signing_in
from tests import make
from tests.make import NOON

EMAIL = "amina@example.org"
TOKEN = "the browser's own secret"
pytestmark = pytest.mark.usefixtures("database")


def secret_in(kind: str) -> str:
    db.session().rollback()
    newest = select(Message.facts).where(Message.kind == kind).order_by(Message.id.desc()).limit(1)
    return str(db.session().scalars(newest).one()["path"]).rsplit("/", 1)[1]


def wish(**values: Any) -> joining.Wish:
    return joining.Wish(
        **{"email": EMAIL, "name": "Amina", "password": make.PASSWORD, **values, "audience": Audience.OTHER}
    )


def confirmed(email: str = EMAIL, password: str = make.PASSWORD) -> int:
    """An account that can sign in; its id."""
    return make.account(email, password_hash=passwords.hashed(password)).id


def together(*works: Callable[[], object]) -> None:
    """Run functions at the same moment in threads of their own."""
    start = Barrier(len(works))
    failed: list[BaseException] = []

    def run(work: Callable[[], object]) -> None:
        try:
            start.wait()
            work()
        except BaseException as error:  # shown by the assertion below
            failed.append(error)
        finally:
            db.sessions.remove()

    threads = [Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session().rollback()
    assert failed == []


def count(model: type[db.Base]) -> int:
    return db.session().scalars(select(func.count()).select_from(model)).one()


def test_one_address_is_one_account_however_it_is_written() -> None:
    with db.transaction() as session:
        made = accounts.create_account(session, "Amina@Example.org ", now=NOON, locale="en", password=make.PASSWORD)
        found = accounts.find(session, "AMINA@example.ORG")
        assert found is made
        with pytest.raises(accounts.AccountExistsError):
            accounts.create_account(session, "amina@example.org", now=NOON, locale="en")


def test_joining_at_the_same_moment_makes_one_account() -> None:
    owner = make.organisation(open_to_join=True).id
    together(*[lambda: joining.join(owner, wish(), token=TOKEN, locale="en", now=NOON)] * 4)
    assert count(Account) == 1
    assert count(OneTimeLink) == 4
    first = db.session().scalars(select(Message.facts).where(Message.kind == "confirm-address")).all()
    secrets = [str(facts["path"]).rsplit("/", 1)[1] for facts in first]
    ended: list[str] = []

    def press(secret: str) -> None:
        try:
            ended.append(joining.confirm(secret, token=TOKEN, password="", now=NOON))
        except links.DeadLinkError:
            ended.append("dead")

    together(*[lambda secret=secret: press(secret) for secret in secrets])
    assert sorted(word == "dead" for word in ended) == [False, True, True, True]
    assert count(Membership) == 1


def test_links_die_of_age() -> None:
    owner = make.organisation(open_to_join=True).id
    joining.join(owner, wish(), token=TOKEN, locale="en", now=NOON)
    confirm = secret_in("confirm-address")
    assert joining.known_browser(confirm, TOKEN, now=NOON + timedelta(days=3, seconds=-1)) is True
    assert joining.known_browser(confirm, "another", now=NOON) is False
    with pytest.raises(links.DeadLinkError):
        joining.confirm(confirm, token=TOKEN, password="", now=NOON + timedelta(days=3))
    recovery.ask_reset(EMAIL, now=NOON)
    reset = secret_in("reset-password")
    assert recovery.reset_address(reset, now=NOON + timedelta(minutes=59)) == EMAIL
    with pytest.raises(links.DeadLinkError):
        recovery.reset(reset, "another long pass phrase", now=NOON + timedelta(hours=1))


def test_secrets_are_stored_as_hashes_only() -> None:
    confirmed()
    recovery.ask_reset(EMAIL, now=NOON)
    secret = secret_in("reset-password")
    row = db.session().scalars(select(OneTimeLink)).one()
    assert secret not in (row.secret_hash, str(row.data))
    assert len(row.secret_hash) == 64


def test_a_forgotten_password_proves_the_address_and_keeps_the_wish_to_join() -> None:
    owner = make.organisation(open_to_join=True).id
    joining.join(owner, wish(), token=TOKEN, locale="en", now=NOON)
    confirm = secret_in("confirm-address")
    recovery.ask_reset(EMAIL, now=NOON)
    recovery.reset(secret_in("reset-password"), "another long pass phrase", now=NOON)
    assert signing_in.sign_in(EMAIL, "another long pass phrase", now=NOON)
    assert db.session().scalars(select(Membership.organisation_id)).all() == [owner]
    assert joining.known_browser(confirm, TOKEN, now=NOON) is None


def test_a_reset_link_dies_when_the_password_is_changed_by_another_way() -> None:
    account_id = confirmed()
    recovery.ask_reset(EMAIL, now=NOON)
    by = Actor(account_id, email=EMAIL)
    signing_in.change_password(make.PASSWORD, "another long pass phrase", by=by, now=NOON)
    assert recovery.reset_address(secret_in("reset-password"), now=NOON) is None


def test_a_link_in_the_old_mailbox_dies_with_the_change_of_address() -> None:
    account_id = confirmed()
    recovery.ask_address("new@example.org", make.PASSWORD, by=Actor(account_id, email=EMAIL), now=NOON)
    recovery.ask_reset(EMAIL, now=NOON)
    recovery.confirm_address(secret_in("change-address"), now=NOON)
    assert recovery.reset_address(secret_in("reset-password"), now=NOON) is None


def test_a_second_wish_for_an_address_ends_the_first() -> None:
    by = Actor(confirmed(), email=EMAIL)
    recovery.ask_address("first@example.org", make.PASSWORD, by=by, now=NOON)
    first = secret_in("change-address")
    recovery.ask_address("second@example.org", make.PASSWORD, by=by, now=NOON)
    assert recovery.new_address(first, now=NOON) is None
    assert recovery.new_address(secret_in("change-address"), now=NOON) == "second@example.org"
    with pytest.raises(recovery.SameAddressError):
        recovery.ask_address("AMINA@example.org", make.PASSWORD, by=by, now=NOON)


def test_an_address_taken_meanwhile_is_not_taken_over() -> None:
    account_id = confirmed()
    recovery.ask_address("new@example.org", make.PASSWORD, by=Actor(account_id, email=EMAIL), now=NOON)
    secret = secret_in("change-address")
    make.account("new@example.org")
    with pytest.raises(links.DeadLinkError):
        recovery.confirm_address(secret, now=NOON)
    db.session().rollback()
    assert db.session().scalars(select(Account.email).where(Account.id == account_id)).one() == EMAIL


def test_old_hashes_are_made_anew_at_sign_in() -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(make.PASSWORD)
    account_id = make.account(EMAIL, password_hash=old).id
    signing_in.sign_in(EMAIL, make.PASSWORD, now=NOON)
    stored = db.session().scalars(select(Account.password_hash).where(Account.id == account_id)).one()
    assert stored
    assert stored != old
    assert not passwords.outdated(stored)
    assert passwords.verify(stored, make.PASSWORD)


def test_a_deactivated_account_is_out_at_once() -> None:
    account_id = confirmed()
    secret = signing_in.sign_in(EMAIL, make.PASSWORD, now=NOON)
    recovery.ask_reset(EMAIL, now=NOON)
    with pytest.raises(Forbidden):
        accounts.deactivate(account_id, by=Actor(account_id), now=NOON)
    accounts.deactivate(account_id, by=SYSTEM, now=NOON)
    assert sessions.resume(secret, now=NOON) is None
    assert recovery.reset_address(secret_in("reset-password"), now=NOON) is None
    with pytest.raises(signing_in.WrongPasswordError):
        signing_in.sign_in(EMAIL, make.PASSWORD, now=NOON)


def test_the_only_administrator_cannot_be_closed_out() -> None:
    first = make.account("admin@example.org", is_admin=True).id
    with pytest.raises(accounts.LastAdministratorError):
        accounts.deactivate(first, by=SYSTEM, now=NOON)
    second = make.account("second@example.org", is_admin=True).id
    accounts.deactivate(first, by=SYSTEM, now=NOON)
    with pytest.raises(accounts.LastAdministratorError):
        accounts.deactivate(second, by=SYSTEM, now=NOON)


def test_there_is_one_first_administrator() -> None:
    old = accounts.first_admin_link(NOON)
    secret = accounts.first_admin_link(NOON)
    assert old
    assert secret
    with pytest.raises(links.DeadLinkError):
        accounts.create_first_admin(old, EMAIL, "Ada", make.PASSWORD, NOON)
    with pytest.raises(passwords.PasswordError):
        accounts.create_first_admin(secret, EMAIL, "Ada", "short", NOON)
    account_id = accounts.create_first_admin(secret, EMAIL, "Ada", make.PASSWORD, NOON, organisation="Hill School")
    actor = sessions.resume(signing_in.sign_in(EMAIL, make.PASSWORD, now=NOON), now=NOON)
    assert actor
    assert (actor.account_id, actor.is_admin, actor.name) == (account_id, True, "Ada")
    assert actor.roles == {Role.LEARNER, Role.COORDINATOR}
    assert accounts.first_admin_link(NOON) is None
    assert links.peek(LinkKind.FIRST_ADMIN, secret, now=NOON) is None


def test_the_trail_holds_ids_and_no_addresses_or_names() -> None:
    owner = make.organisation(open_to_join=True).id
    joining.join(owner, wish(), token=TOKEN, locale="en", now=NOON)
    joining.confirm(secret_in("confirm-address"), token=TOKEN, password="", now=NOON)
    signing_in.sign_in(EMAIL, make.PASSWORD, now=NOON)
    events = db.session().scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
    assert [event.verb for event in events] == ["account-made", "address-confirmed", "membership-added", "signed-in"]
    assert not any("amina" in str(event.data).lower() for event in events)
