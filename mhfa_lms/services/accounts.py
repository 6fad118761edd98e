"""Accounts: made, found, deactivated; the first administrator; the language a person chose."""

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms import i18n
from mhfa_lms.db import insert, take_turns, transaction
from mhfa_lms.db import session as reading
from mhfa_lms.models import Account, Audience, LinkKind, Membership, Role
from mhfa_lms.policy import SYSTEM, Actor, Can, require
from mhfa_lms.services import (
    audit,
    humane_hour,
    links,
    memberships,
    organisations,
    passwords,
    reminder_marks,
    sessions,
)
from mhfa_lms.services.names import email_key
from mhfa_lms.services.privacy import PRIVACY_VERSION

# Any number of its own will do. Whoever may be an installation's last administrator, or an organisation's last
# coordinator, goes while nobody else does: of two at once neither would see that the other goes too.
LAST_ONE_LOCK: Final = 4_260_919


class LastAdministratorError(RuntimeError):
    """The only administrator cannot go: nobody could run the installation."""


class AccountExistsError(ValueError):
    """There is an account with this address already."""


def create_account(
    session: Session,
    email: str,
    *,
    now: datetime,
    locale: str,
    password: str | None = None,
    password_hash: str | None = None,
    confirmed: bool = False,
    is_admin: bool = False,
) -> Account:
    """Make an account in the caller's transaction.

    Hand in `password_hash` where many people may write at once: hashing takes long. Raises `AccountExistsError`.
    """
    account_id = session.scalars(
        insert(session, Account)
        .values(
            email=email.strip(),
            email_key=email_key(email),
            password_hash=passwords.hashed(password) if password is not None else password_hash,
            locale=locale,
            is_admin=is_admin,
            created_at=now,
            confirmed_at=now if confirmed else None,
        )
        # Two people who use one address at the same moment: the second waits here, and then finds the first.
        .on_conflict_do_nothing(index_elements=["email_key"])
        .returning(Account.id)
    ).one_or_none()
    if account_id is None:
        raise AccountExistsError("there is an account with this address already")
    audit.record(session, "account-made", by=Actor(account_id), now=now, subject="account", subject_id=account_id)
    return session.get_one(Account, account_id)


def find(session: Session, email: str, *, lock: bool = False) -> Account | None:
    """Return the account of an address, however it is written, or None."""
    query = select(Account).where(Account.email_key == email_key(email))
    return session.scalars(query.with_for_update(key_share=True) if lock else query).one_or_none()


def proven(session: Session, account_id: int) -> set[str]:
    """Return the address that an account has proven to be its own, to compare; empty while it is not confirmed."""
    account = session.get_one(Account, account_id)
    return {account.email_key} if account.confirmed_at is not None else set()


def accept_terms(account: Account, *, now: datetime) -> None:
    """Record that the person is old enough and has accepted the privacy notice as it stands today."""
    account.age_confirmed_at = account.age_confirmed_at or now
    account.privacy_version, account.privacy_accepted_at = PRIVACY_VERSION, now


def is_last_administrator(session: Session, account_id: int) -> bool:
    """Whether an account is the only one that can run the installation."""
    living = select(Account.id).where(Account.is_admin, Account.deactivated_at.is_(None))
    found = session.scalars(living.order_by(Account.id != account_id).limit(2)).all()
    return list(found) == [account_id]


def deactivate(account_id: int, *, by: Actor, now: datetime) -> None:
    """Close an account: every browser is signed out at once and no link works any more.

    Raises `LastAdministratorError`.
    """
    require(by, Can.ADMINISTER)
    with transaction() as session:
        take_turns(session, LAST_ONE_LOCK)
        account = session.get_one(Account, account_id, with_for_update=True)
        if is_last_administrator(session, account_id):
            raise LastAdministratorError(account_id)
        if account.deactivated_at is None:
            account.deactivated_at = now
            audit.record(session, "account-deactivated", by=by, now=now, subject="account", subject_id=account_id)
        sessions.end_all(session, account_id, now=now)
        links.end(session, account_id, LinkKind.CONFIRM, LinkKind.RESET, LinkKind.CHANGE_ADDRESS, now=now)


def reactivate(account_id: int, *, by: Actor, now: datetime) -> None:
    """Open a closed account again; its holder signs in anew. One that was erased stays closed."""
    require(by, Can.ADMINISTER)
    with transaction() as session:
        account = session.get_one(Account, account_id, with_for_update=True)
        if account.deactivated_at is not None and account.erased_at is None:
            account.deactivated_at = None
            theirs = select(Membership.organisation_id).where(Membership.account_id == account_id)
            # Reminders may be due again.
            reminder_marks.forget(session, session.scalars(theirs).all())
            audit.record(session, "account-reactivated", by=by, now=now, subject="account", subject_id=account_id)


def set_locale(locale: str, *, by: Actor, now: datetime) -> None:
    """Keep the language a person chose; an unknown one changes nothing."""
    if i18n.known(locale) is None:
        return
    with transaction() as session:
        session.get_one(Account, by.account_id).locale = locale
        audit.record(
            session, "language-chosen", by=by, now=now, subject="account", subject_id=by.account_id, locale=locale
        )


def timezone_of(actor: Actor) -> str | None:
    """Return the time zone a person chose for themselves, or None."""
    return reading().scalars(select(Account.timezone).where(Account.id == actor.account_id)).one_or_none()


def set_timezone(zone: str | None, *, by: Actor, now: datetime) -> None:
    """Keep the time zone a person lives in; None for their organisation's. Raises `ValueError` for an unknown one."""
    if zone is not None and not humane_hour.exists(zone):
        raise ValueError("there is no such time zone")
    with transaction() as session:
        session.get_one(Account, by.account_id).timezone = zone
        # Where somebody lives is no matter for the trail: it says that they chose, not what.
        audit.record(session, "time-zone-chosen", by=by, now=now, subject="account", subject_id=by.account_id)


def first_admin_link(now: datetime) -> str | None:
    """Return the secret of a new link /setup/<secret>, or None when there is an administrator; earlier ones die."""
    with transaction() as session:
        if _has_administrator(session):
            return None
        links.end(session, None, LinkKind.FIRST_ADMIN, now=now)
        return links.issue(session, LinkKind.FIRST_ADMIN, None, now=now).secret


def create_first_admin(
    secret: str,
    email: str,
    name: str,
    password: str,
    now: datetime,
    *,
    locale: str = "en",
    organisation: str = "",
    timezone: str = "UTC",
) -> int:
    """Make the first administrator, who coordinates the organisation named (a name belongs to a membership).

    Returns the account's id. Raises `DeadLinkError`, `PasswordError` and `AccountExistsError`.
    """
    passwords.check(password, email)
    stored = passwords.hashed(password)
    with transaction() as session:
        links.use(session, LinkKind.FIRST_ADMIN, secret, now=now)
        if _has_administrator(session):
            raise links.DeadLinkError("first-admin")
        account = create_account(
            session, email, now=now, locale=locale, password_hash=stored, confirmed=True, is_admin=True
        )
        accept_terms(account, now=now)
        if organisation:
            made = organisations.add(session, organisation, by=SYSTEM, now=now, timezone=timezone, locale=locale)
            roles = [Role.LEARNER, Role.COORDINATOR]
            by = Actor(account.id, is_admin=True)
            memberships.add(session, account.id, made.id, name, roles=roles, audience=Audience.OTHER, now=now, by=by)
        audit.record(session, "first-administrator-made", by=SYSTEM, now=now, subject="account", subject_id=account.id)
        return account.id


def _has_administrator(session: Session) -> bool:
    living = select(Account.id).where(Account.is_admin, Account.deactivated_at.is_(None)).limit(1)
    return session.scalars(living).one_or_none() is not None
