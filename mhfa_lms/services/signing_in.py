"""Signing in and what ends it: a new password, and signing out everywhere."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mhfa_lms.db import session as reading
from mhfa_lms.db import transaction
from mhfa_lms.models import Account, LinkKind, LoginSession
from mhfa_lms.policy import Actor
from mhfa_lms.services import audit, half_open, links, outbox, passwords, second_steps, sessions
from mhfa_lms.services.names import email_key


class WrongPasswordError(Exception):
    """The address and the password are not those of an account that may sign in; which of them is wrong is not said."""


class NotConfirmedError(Exception):
    """The password is right, but the address has not been confirmed yet."""

    def __init__(self, account_id: int) -> None:
        super().__init__(account_id)
        self.account_id = account_id


class SecondStepNeededError(Exception):
    """The password is right, and the account asks for a second step; `secret` is of the sign-in that waits for it."""

    def __init__(self, secret: str) -> None:
        super().__init__("second step needed")
        self.secret = secret


@dataclass(frozen=True, slots=True)
class Browser:
    """A signed-in browser, as its owner sees it."""

    name: str
    since: datetime
    current: bool


def sign_in(email: str, password: str, *, now: datetime, browser: str = "") -> str:
    """Sign a person in. Returns the new session's secret.

    Every call costs one verification of a password, also for an address without an account.
    Raises `WrongPasswordError`, `NotConfirmedError` when only the confirmation is missing, and
    `SecondStepNeededError` when the account has a second step: then nothing is open yet.
    """
    found = reading().execute(
        select(Account.id, Account.password_hash, Account.confirmed_at, Account.deactivated_at).where(
            Account.email_key == email_key(email)
        )
    )
    row = found.one_or_none()
    right = passwords.verify(row.password_hash if row else None, password)
    if row is None or row.password_hash is None or not right or row.deactivated_at is not None:
        raise WrongPasswordError
    if row.confirmed_at is None:
        raise NotConfirmedError(row.id)
    fresh = passwords.hashed(password) if passwords.outdated(row.password_hash) else row.password_hash
    with transaction() as session:
        account = unchanged(session, row.id, row.password_hash)
        account.password_hash = fresh
        if not second_steps.count(session, row.id):
            audit.record(session, "signed-in", by=Actor(row.id), now=now, subject="account", subject_id=row.id)
            return sessions.begin(session, row.id, now=now, browser=browser, password_at=now)
        secret = half_open.begin(session, row.id, now=now, browser=browser)
    raise SecondStepNeededError(secret)


def type_again(password: str, *, by: Actor, now: datetime) -> None:
    """Note that the actor has just typed the password in this browser. Raises `WrongPasswordError`."""
    stored = confirmed_password(password, by=by)
    with transaction() as session:
        account = unchanged(session, by.account_id, stored)
        session.execute(
            update(LoginSession)
            .where(LoginSession.id == by.session_id, LoginSession.account_id == account.id)
            .values(password_at=now)
        )
        audit.record(session, "password-confirmed", by=by, now=now, subject="account", subject_id=account.id)


def change_password(current: str, new: str, *, by: Actor, now: datetime, browser: str = "") -> str:
    """Give an account a new password: every browser is signed out, and this one gets a new session.

    Returns its secret. Raises `WrongPasswordError` for the current password and `PasswordError` for the new one.
    """
    stored = confirmed_password(current, by=by)
    passwords.check(new, by.email)
    fresh = passwords.hashed(new)
    with transaction() as session:
        account = unchanged(session, by.account_id, stored)
        proven = session.scalars(
            select(LoginSession.second_step_at).where(
                LoginSession.id == by.session_id, LoginSession.account_id == account.id
            )
        ).one_or_none()
        put_password(session, account, fresh, now=now)
        audit.record(session, "password-changed", by=by, now=now, subject="account", subject_id=account.id)
        return sessions.begin(
            session,
            account.id,
            now=now,
            browser=browser,
            membership_id=by.membership_id,
            password_at=now,
            second_step_at=proven,
        )


def confirmed_password(password: str, *, by: Actor) -> str:
    """Return the hash of the actor's password when this is it. Raises `WrongPasswordError`."""
    stored = reading().scalars(select(Account.password_hash).where(Account.id == by.account_id)).one()
    if not passwords.verify(stored, password) or stored is None:
        raise WrongPasswordError
    return stored


def put_password(session: Session, account: Account, fresh: str, *, now: datetime) -> None:
    """Store a new hash in the caller's transaction, end all that the old password had opened, and say so by mail."""
    account.password_hash = fresh
    sessions.end_all(session, account.id, now=now)
    links.end(session, account.id, LinkKind.RESET, LinkKind.CHANGE_ADDRESS, now=now)
    outbox.post(
        session,
        "password-changed",
        key=f"password-changed:{account.id}:{now.isoformat()}",
        due_at=now,
        now=now,
        account_id=account.id,
        locale=account.locale,
    )


def sign_out_everywhere(*, by: Actor, now: datetime) -> int:
    """Sign the actor out of every browser, this one too; returns how many there were."""
    with transaction() as session:
        ended = sessions.end_all(session, by.account_id, now=now)
        audit.record(
            session, "signed-out-everywhere", by=by, now=now, subject="account", subject_id=by.account_id, ended=ended
        )
        return ended


def browsers(*, by: Actor, now: datetime) -> list[Browser]:
    """Return the browsers in which the actor is signed in, newest first; at most 25."""
    rows = reading().execute(
        select(LoginSession.id, LoginSession.browser, LoginSession.created_at)
        .where(
            LoginSession.account_id == by.account_id,
            LoginSession.ended_at.is_(None),
            LoginSession.expires_at > now,
        )
        .order_by(LoginSession.created_at.desc(), LoginSession.id.desc())
        .limit(25)
    )
    return [Browser(row.browser, row.created_at, row.id == by.session_id) for row in rows]


def unchanged(session: Session, account_id: int, stored: str) -> Account:
    """Return the locked account while its password is still the one with this hash. Raises `WrongPasswordError`."""
    # The password was verified outside the transaction: another request may have changed it since.
    account = session.get_one(Account, account_id, with_for_update={"key_share": True})
    if account.password_hash != stored or account.deactivated_at is not None:
        raise WrongPasswordError
    return account
