"""`mhfa-lms users`."""

import sys

import click
from email_validator import EmailNotValidError, validate_email
from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms import clock, db
from mhfa_lms.cli.base import Failed, emit, installation, json_option
from mhfa_lms.cli.organisations import sentence
from mhfa_lms.models import Account, Audience, Organisation, Role
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import accounts, memberships, name_letters, names, organisations, passwords, second_steps
from mhfa_lms.settings import Settings


@click.group()
def users() -> None:
    """Make accounts, close them and open them again."""


@users.command()
@click.option("--email", required=True, metavar="E", help="The address to sign in with.")
@click.option("--name", required=True, metavar="N", help="The name used in the organisation.")
@click.option("--organisation", metavar="SLUG", help="The organisation to belong to.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice([role.value for role in Role]),
    help="A role there; may be given several times. Everybody is a learner.",
)
@click.option(
    "--audience", type=click.Choice([one.value for one in Audience]), default=Audience.OTHER.value, show_default=True
)
@click.option("--admin", is_flag=True, help="Let the person run the installation.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking.")
@json_option
def create(
    email: str,
    name: str,
    organisation: str | None,
    roles: tuple[str, ...],
    audience: str,
    admin: bool,
    password_stdin: bool,
    as_json: bool,
) -> None:
    """Make an account that can sign in at once, and its membership of an organisation.

    Without an organisation only an administrator makes sense. An account that exists is an error.
    """
    if not organisation and (roles or not admin):
        raise Failed("Name the organisation to belong to with --organisation, or make an administrator with --admin.")
    name = checked_name(name)
    with installation() as settings:
        address = checked_address(email)
        password = read_password(from_stdin=password_stdin)
        try:
            passwords.check(password, address)
        except passwords.PasswordError as error:
            raise Failed(f"{error.message}.") from error
        stored = passwords.hashed(password)
        with db.transaction() as session:
            where = find_organisation(session, organisation)
            account = make_account(session, address, stored, settings, admin=admin)
            data = {"id": account.id, "email": account.email, "admin": admin, "organisation": organisation}
            if where:
                wanted = {Role.LEARNER, *(Role(role) for role in roles)}
                memberships.add(
                    session,
                    account.id,
                    where.id,
                    name,
                    roles=wanted,
                    audience=Audience(audience),
                    now=clock.now(),
                    by=SYSTEM,
                )
                data["roles"] = sorted(role.value for role in wanted)
    emit(as_json, data, f"Made the account {address}.")


@users.command()
@click.option("--email", required=True, metavar="E", help="The address of the account.")
@json_option
def deactivate(email: str, as_json: bool) -> None:
    """Close an account: every browser is signed out at once, and nobody can sign in with it. Its records stay."""
    with installation():
        account_id = existing(email)
        try:
            accounts.deactivate(account_id, by=SYSTEM, now=clock.now())
        except accounts.LastAdministratorError as error:
            raise Failed("This is the only administrator. Make another one first: mhfa-lms users create") from error
    emit(as_json, {"id": account_id, "active": False}, f"Closed the account {email} and signed it out everywhere.")


@users.command()
@click.option("--email", required=True, metavar="E", help="The address of the account.")
@json_option
def reactivate(email: str, as_json: bool) -> None:
    """Open a closed account again."""
    with installation():
        account_id = existing(email)
        accounts.reactivate(account_id, by=SYSTEM, now=clock.now())
    emit(as_json, {"id": account_id, "active": True}, f"Opened the account {email} again.")


@users.command("reset-second-step")
@click.option("--email", required=True, metavar="E", help="The address of the account.")
@json_option
def reset_second_step(email: str, as_json: bool) -> None:
    """Remove an account's second steps and recovery codes, sign it out everywhere, and tell the person by mail.

    For somebody who lost them all. Make sure first that it is really that person who asks.
    """
    with installation():
        account_id = existing(email)
        removed = second_steps.reset(account_id, by=SYSTEM, now=clock.now())
    steps = "1 second step" if removed == 1 else f"{removed} second steps"
    text = f"Removed {steps} and all recovery codes of {email}, and signed it out everywhere."
    if not removed:
        text = f"{email} had no second step. It was signed out everywhere."
    emit(as_json, {"id": account_id, "removed": removed}, text)


def existing(email: str) -> int:
    """Return the id of the account with an address. Raises `Failed` when there is none."""
    key = names.email_key(email)
    found = db.session().scalars(select(Account.id).where(Account.email_key == key, Account.erased_at.is_(None)))
    account_id = found.one_or_none()
    if account_id is None:
        raise Failed(f"There is no account with the address {email}.")
    return account_id


def checked_name(name: str) -> str:
    """Return a name on one line. Raises `Failed` when there is none or it is too long."""
    name = " ".join(name.split())
    if not name or len(name) > names.LONGEST:
        raise Failed(f"Give a name of at most {names.LONGEST} characters with --name.")
    if said := name_letters.fault(name):
        raise Failed(said)
    return name


def checked_address(email: str) -> str:
    """Return an e-mail address in its normal form. Raises `Failed`."""
    try:
        return validate_email(email, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as error:
        raise Failed(f"{email} is not an e-mail address. {sentence(error)}") from error


def read_password(*, from_stdin: bool) -> str:
    """Ask for the password twice, or read one line from standard input."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt="Once more", err=True))


def find_organisation(session: Session, slug: str | None) -> Organisation | None:
    """Return the organisation named, or None when none was. Raises `Failed` for one that does not exist."""
    if slug is None:
        return None
    found = organisations.by_slug(session, slug)
    if found is None:
        raise Failed(f"There is no organisation {slug}. Make it with: mhfa-lms organisations create {slug} --name NAME")
    return found


def make_account(session: Session, email: str, stored: str, settings: Settings, *, admin: bool) -> Account:
    """Make a confirmed account in the caller's transaction. Raises `Failed` when there is one."""
    try:
        return accounts.create_account(
            session,
            email,
            now=clock.now(),
            locale=settings.default_locale,
            password_hash=stored,
            confirmed=True,
            is_admin=admin,
        )
    except accounts.AccountExistsError as error:
        raise Failed(f"There is an account with the address {email} already.") from error
