"""Making organisations and accounts from the command line."""

import json

import pytest
from sqlalchemy import select

from mhfa_lms import clock, db
from mhfa_lms.models import Account, Membership, Organisation, Role, SecondStep
from mhfa_lms.services import passwords, sessions
from tests import make
from tests.cli.conftest import Run

PASSWORD = "three plain words\n"


def test_an_organisation_is_made_with_its_parent(run: Run) -> None:
    assert run("organisations", "create", "county", "--name", "The County").exit_code == 0
    made = run(
        "organisations", "create", "harbour", "--name", "Harbour Schools", "--parent", "county",
        "--timezone", "Europe/London", "--country", "gb", "--json",
    )  # fmt: skip
    assert made.exit_code == 0
    assert json.loads(made.stdout)["slug"] == "harbour"
    row = db.session().scalars(select(Organisation).where(Organisation.slug == "harbour")).one()
    assert (row.country, row.timezone) == ("GB", "Europe/London")
    assert row.parent_id is not None


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("harbour",), "already"),
        (("Not A Slug",), "small letters"),
        (("other", "--parent", "nowhere"), "no organisation nowhere"),
        (("other", "--timezone", "Mars/Base"), "time zone"),
    ],
)
def test_an_organisation_that_cannot_be_made_is_refused_in_words(run: Run, words: tuple[str, ...], told: str) -> None:
    assert run("organisations", "create", "harbour", "--name", "Harbour").exit_code == 0
    result = run("organisations", "create", *words, "--name", "Other")
    assert result.exit_code == 1
    assert told in result.stderr


def test_a_coordinator_can_sign_in_with_the_password_given(run: Run) -> None:
    run("organisations", "create", "harbour", "--name", "Harbour Schools")
    result = run(
        "users", "create", "--email", "Pat@Example.org", "--name", "Pat Lee", "--organisation", "harbour",
        "--role", "coordinator", "--password-stdin", fed=PASSWORD,
    )  # fmt: skip
    assert result.exit_code == 0
    account = db.session().scalars(select(Account)).one()
    assert account.confirmed_at is not None
    assert not account.is_admin
    assert passwords.verify(account.password_hash, PASSWORD.strip())
    membership = db.session().scalars(select(Membership)).one()
    assert membership.name == "Pat Lee"
    assert {held.role for held in membership.roles} == {Role.LEARNER, Role.COORDINATOR}


def test_the_password_is_asked_for_twice(run: Run) -> None:
    result = run("users", "create", "--email", "a@example.org", "--name", "A", "--admin", fed=PASSWORD * 2)
    assert result.exit_code == 0
    assert PASSWORD.strip() not in result.output
    assert db.session().scalars(select(Account)).one().is_admin


@pytest.mark.parametrize(
    ("words", "fed", "told"),
    [
        (("--organisation", "nowhere"), PASSWORD, "no organisation nowhere"),
        (("--admin",), "short\n", "at least 10 characters"),
        ((), PASSWORD, "--organisation"),
        (("--admin", "--name", "  "), PASSWORD, "Give a name"),
        (("--admin", "--name", "A" * 121), PASSWORD, "at most 120 characters"),
        (("--admin", "--email", "not an address"), PASSWORD, "not an e-mail address"),
    ],
)
def test_an_account_that_cannot_be_made_leaves_nothing_behind(
    run: Run, words: tuple[str, ...], fed: str, told: str
) -> None:
    result = run("users", "create", "--email", "a@example.org", "--name", "A", "--password-stdin", *words, fed=fed)
    assert result.exit_code == 1
    assert told in result.stderr
    assert db.session().scalars(select(Account)).all() == []


def test_an_address_is_used_once_however_it_is_written(run: Run) -> None:
    words = ("users", "create", "--name", "A", "--admin", "--password-stdin", "--email")
    assert run(*words, "a@example.org", fed=PASSWORD).exit_code == 0
    result = run(*words, "A@EXAMPLE.ORG", fed=PASSWORD)
    assert result.exit_code == 1
    assert "already" in result.stderr


def test_an_account_is_closed_and_opened_again(run: Run) -> None:
    person = make.member()
    cookie = make.signed_in_secret(person)
    email = person.account.email
    assert run("users", "deactivate", "--email", email.upper()).exit_code == 0
    assert sessions.resume(cookie, now=clock.now()) is None
    closed = db.session().scalars(select(Account.deactivated_at)).one()
    assert closed is not None
    db.session().rollback()
    assert json.loads(run("users", "reactivate", "--email", email, "--json").stdout)["active"] is True
    assert db.session().scalars(select(Account.deactivated_at)).one() is None
    assert sessions.resume(cookie, now=clock.now()) is None


def test_a_lost_second_step_is_removed(run: Run) -> None:
    person = make.member()
    email, account_id = person.account.email, person.account_id
    cookie = make.signed_in_secret(person)
    make.second_step(account_id)
    answer = run("users", "reset-second-step", "--email", email.upper(), "--json")
    assert json.loads(answer.stdout) == {"id": account_id, "removed": 1}
    assert sessions.resume(cookie, now=clock.now()) is None
    assert db.session().scalars(select(SecondStep)).all() == []
    db.session().rollback()
    assert "had no second step" in run("users", "reset-second-step", "--email", email).stdout
    assert run("users", "reset-second-step", "--email", "nobody@example.org").exit_code == 1


def test_an_account_that_is_not_there_cannot_be_closed(run: Run) -> None:
    result = run("users", "deactivate", "--email", "nobody@example.org")
    assert result.exit_code == 1
    assert "no account" in result.stderr
