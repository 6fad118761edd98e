"""Deleting one's own account: what is said before, what goes, what an organisation keeps, and the last mail."""

import threading
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.adapters.mail import RecordingMailer
from mhfa_lms.jobs.delivery import send_waiting
from mhfa_lms.models import Account, Certificate, LoginSession, Membership, Message, Organisation, Role, WorkState
from mhfa_lms.policy import SYSTEM, Actor
from mhfa_lms.services import (
    accounts,
    erasure,
    leaving,
    outbox,
    passwords,
    register,
    rules,
    signing_in,
    upkeep,
    verification,
)
from mhfa_lms.services.paging import Place
from mhfa_lms.services.personal import NOBODY
from mhfa_lms.services.rules import Rule
from mhfa_lms.settings import Settings
from tests import make
from tests.jobs.mails import message, messages, post
from tests.make import NOON
from tests.services.test_accounts import together


def person(*roles: Role, owner: Organisation | None = None, **values: Any) -> Actor:
    holder = make.account(password_hash=passwords.hashed(make.PASSWORD), **values)
    return make.actor(make.member(owner, *roles, holder=holder, name="Amina Yusuf"))


def test_what_it_means_is_said_for_each_organisation(database: str) -> None:
    here, there = make.organisation("here", name="Here"), make.organisation("there", name="There")
    holder = make.account()
    member = make.member(here, holder=holder, name="Amina Yusuf")
    make.member(there, holder=holder, name="A. Yusuf")
    make.certificate(member)
    make.certificate(member, starts_on=date(2020, 1, 1), expires_on=date(2023, 1, 1), window_opens_on=date(2022, 7, 1),
                     window_closes_on=date(2023, 4, 1))  # fmt: skip
    found = leaving.consequences(by=make.actor(member), now=NOON)
    with_record, without = found.places
    assert (with_record.organisation, with_record.name, with_record.until) == (
        "Here",
        "Amina Yusuf",
        date(2032, 11, 21),
    )
    assert [one.counts for one in with_record.certificates] == [True, False]
    assert (without.organisation, without.until, without.certificates) == ("There", None, ())
    assert [one.expires_on for one in found.certified] == [date(2029, 11, 21)]
    assert not found.unled
    assert not found.last_administrator


def test_the_organisations_own_rule_says_until_when(database: str) -> None:
    by = person()
    make.certificate(db.session().get_one(Membership, by.membership_id))
    rules.put(Rule.RETENTION_MONTHS, 12, organisation_id=by.organisation_id, by=SYSTEM, now=NOON)
    assert leaving.consequences(by=by, now=NOON).places[0].until == date(2030, 11, 21)


def test_the_account_goes_and_the_training_record_stays(database: str) -> None:
    by = person()
    make.certificate(db.session().get_one(Membership, by.membership_id))
    done = leaving.delete_own_account(make.PASSWORD, by=by, now=NOON)
    session = db.session()
    assert session.get_one(Account, by.account_id).erased_at == NOON
    assert session.scalars(select(LoginSession)).all() == []
    assert session.scalars(select(Certificate.name)).one() == "Amina Yusuf"
    coordinator = make.actor(make.member(session.get_one(Organisation, by.organisation_id), Role.COORDINATOR))
    wanted = register.query(db.session(), register.Filters(), by=coordinator, now=NOON)
    assert [row.name for row in register.page(db.session(), wanted, Place()).rows] == ["Amina Yusuf"]
    found = verification.look_up(done.codes[0], now=NOON)
    assert found is not None
    assert (found.name, found.is_certified) == (None, True)
    with pytest.raises(signing_in.WrongPasswordError):
        signing_in.sign_in(by.email, make.PASSWORD, now=NOON)


def test_the_last_mail_goes_to_the_address_and_then_forgets_it(database: str, settings: Settings) -> None:
    by = person(locale="en-XA")
    make.certificate(db.session().get_one(Membership, by.membership_id))
    leaving.delete_own_account(make.PASSWORD, by=by, now=NOON)
    (waiting,) = messages("account-deleted")
    assert (waiting.to_address, waiting.account_id, waiting.locale) == (by.email, None, "en-XA")
    assert waiting.facts == {"kept": [by.organisation_name]}
    mailer = RecordingMailer()
    send_waiting(settings, lambda: NOON, mailer=mailer)
    (mail,) = mailer.sent
    assert mail["To"] == by.email
    assert by.organisation_name in mail.as_string()
    row = message(waiting.id)
    assert (row.state, row.to_address) == (WorkState.DONE, None)


def test_the_address_is_forgotten_also_when_the_last_mail_cannot_be_sent(database: str, settings: Settings) -> None:
    by = person()
    leaving.delete_own_account(make.PASSWORD, by=by, now=NOON)
    with db.transaction() as session:
        session.scalars(select(Message).where(Message.kind == "account-deleted")).one().attempts = 99
    send_waiting(settings, lambda: NOON, mailer=RecordingMailer())
    (row,) = messages("account-deleted")
    assert (row.state, row.to_address) == (WorkState.FAILED, None)


def test_the_address_is_forgotten_also_when_the_last_mail_is_cancelled(database: str) -> None:
    leaving.delete_own_account(make.PASSWORD, by=person(), now=NOON)
    (waiting,) = messages("account-deleted")
    assert outbox.cancel(waiting.id, by=SYSTEM, now=NOON)
    row = message(waiting.id)
    assert (row.state, row.to_address) == (WorkState.CANCELLED, None)


def test_the_address_is_forgotten_also_when_a_restore_ends_the_last_mail(database: str) -> None:
    leaving.delete_own_account(make.PASSWORD, by=person(), now=NOON)
    other = post("other")
    assert upkeep.hold_mails(now=NOON) == 1
    (row,) = messages("account-deleted")
    assert (row.state, row.to_address) == (WorkState.CANCELLED, None)
    # There is nobody to send it to any more; the other one is sent as before.
    assert outbox.release(by=SYSTEM, now=NOON) == 1
    assert message(other).to_address == "other@example.org"
    assert message(row.id).state is WorkState.CANCELLED


def test_a_wrong_password_changes_nothing(database: str) -> None:
    by = person()
    with pytest.raises(signing_in.WrongPasswordError):
        leaving.delete_own_account("another pass phrase", by=by, now=NOON)
    assert db.session().get_one(Account, by.account_id).erased_at is None
    assert messages("account-deleted") == []


def test_the_last_administrator_stays(database: str) -> None:
    by = person(is_admin=True)
    assert leaving.consequences(by=by, now=NOON).last_administrator
    with pytest.raises(accounts.LastAdministratorError):
        leaving.delete_own_account(make.PASSWORD, by=by, now=NOON)
    make.account(is_admin=True)
    assert not leaving.consequences(by=by, now=NOON).last_administrator
    leaving.delete_own_account(make.PASSWORD, by=by, now=NOON)


def test_the_only_coordinator_is_asked_to_hand_over(database: str) -> None:
    here = make.organisation("here", name="Here")
    by = person(Role.COORDINATOR, owner=here)
    assert leaving.consequences(by=by, now=NOON).unled == []  # nobody else is there
    other = make.member(db.session().get_one(Organisation, by.organisation_id))
    assert leaving.consequences(by=by, now=NOON).unled == ["Here"]
    with pytest.raises(leaving.NoHandoverError):
        leaving.delete_own_account(make.PASSWORD, by=by, now=NOON)
    second = make.member(db.session().get_one(Organisation, by.organisation_id), Role.COORDINATOR)
    assert leaving.consequences(by=by, now=NOON).unled == []
    assert other.id != second.id


def test_the_only_coordinator_may_go_all_the_same(database: str) -> None:
    by = person(Role.COORDINATOR)
    make.member(db.session().get_one(Organisation, by.organisation_id))
    leaving.delete_own_account(make.PASSWORD, by=by, now=NOON, without_handover=True)
    assert db.session().get_one(Account, by.account_id).erased_at == NOON


def test_an_administrator_may_end_the_record_that_an_organisation_kept(database: str) -> None:
    by = person()
    code = make.certificate(db.session().get_one(Membership, by.membership_id)).code
    leaving.delete_own_account(make.PASSWORD, by=by, now=NOON)
    # The address leads to the mail that says the account is gone, and to nothing else.
    gone = erasure.erase(by.email, by=SYSTEM, now=NOON)
    assert (gone.account_id, gone.reduced, gone.codes) == (NOBODY, {"message": 1}, [])
    assert db.session().scalars(select(Certificate.name)).one() != ""
    with pytest.raises(erasure.UnknownPersonError):
        erasure.erase(by.email, by=SYSTEM, now=NOON)
    erasure.erase(code, by=SYSTEM, now=NOON)
    assert db.session().scalars(select(Certificate.name)).one() == ""
    assert db.session().get_one(Membership, by.membership_id).name == ""


def slow_check(monkeypatch: pytest.MonkeyPatch, module: object, name: str) -> None:
    """Whoever has checked waits a moment for the other to have checked as well."""
    real, both = getattr(module, name), threading.Barrier(2)

    def checked(*args: Any) -> Any:
        found = real(*args)
        with suppress(threading.BrokenBarrierError):
            both.wait(1)
        return found

    monkeypatch.setattr(module, name, checked)


def test_of_two_administrators_who_go_at_once_one_stays(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = person(is_admin=True), person(is_admin=True)
    slow_check(monkeypatch, accounts, "is_last_administrator")
    refused: list[int] = []

    def own() -> None:
        try:
            leaving.delete_own_account(make.PASSWORD, by=first, now=NOON)
        except accounts.LastAdministratorError:
            refused.append(first.account_id)

    def by_command() -> None:
        try:
            erasure.erase(second.email, by=SYSTEM, now=NOON)
        except accounts.LastAdministratorError:
            refused.append(second.account_id)

    together(own, by_command)
    assert refused == db.session().scalars(select(Account.id).where(Account.is_admin)).all()
    assert len(refused) == 1


def test_of_two_coordinators_who_go_at_once_one_is_asked(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    here = make.organisation("here")
    make.member(here)
    both = person(Role.COORDINATOR, owner=here), person(Role.COORDINATOR, owner=here)
    slow_check(monkeypatch, leaving, "_unled")
    asked: list[int] = []

    def go(by: Actor) -> None:
        try:
            leaving.delete_own_account(make.PASSWORD, by=by, now=NOON)
        except leaving.NoHandoverError:
            asked.append(by.account_id)

    together(lambda: go(both[0]), lambda: go(both[1]))
    assert len(asked) == 1
