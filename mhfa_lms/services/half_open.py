"""Sign-ins between the password and the second step: ten minutes, one browser, and nothing opened yet."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from mhfa_lms.db import session as reading
from mhfa_lms.db import transaction
from mhfa_lms.models import Account, HalfOpenLogin, PasskeyChallenge, SecondStep, StepKind
from mhfa_lms.policy import Actor
from mhfa_lms.services import audit, code_apps, recovery_codes, second_steps, sessions
from mhfa_lms.services.secret_box import SecretBox
from mhfa_lms.services.secrets import hashed, new_secret

LASTS: Final = timedelta(minutes=10)


class GoneError(Exception):
    """The sign-in was finished, took too long, or never began: the password comes first again."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A sign-in that owes its second step, and what the account could prove it with."""

    id: int
    account_id: int
    kinds: frozenset[StepKind]


def begin(session: Session, account_id: int, *, now: datetime, browser: str) -> str:
    """Note in the caller's transaction that the password was right. Returns the secret for the browser's cookie."""
    secret = new_secret()
    session.add(
        HalfOpenLogin(
            account_id=account_id,
            secret_hash=hashed(secret),
            browser=browser[:120],
            created_at=now,
            expires_at=now + LASTS,
        )
    )
    audit.record(session, "second-step-asked", by=Actor(account_id), now=now, subject="account", subject_id=account_id)
    return secret


def find(secret: str, *, now: datetime) -> Waiting | None:
    """Return the sign-in that a browser's secret stands for, or None when it is over."""
    rows = (
        reading()
        .execute(
            select(HalfOpenLogin.id, HalfOpenLogin.account_id, SecondStep.kind)
            .join(Account, Account.id == HalfOpenLogin.account_id)
            .join(SecondStep, SecondStep.account_id == Account.id)
            .where(
                HalfOpenLogin.secret_hash == hashed(secret),
                HalfOpenLogin.expires_at > now,
                Account.deactivated_at.is_(None),
            )
        )
        .all()
    )
    if not rows:
        return None
    first = rows[0]
    return Waiting(first.id, first.account_id, frozenset(row.kind for row in rows))


def finish_with_code(secret: str, typed: str, box: SecretBox, *, now: datetime) -> str:
    """Sign in with the code that an app shows. Returns the session's secret.

    Raises `GoneError` and `code_apps.WrongCodeError`.
    """
    with transaction() as session:
        login = locked(session, secret, now=now)
        if not code_apps.check(session, box, login.account_id, typed, now=now):
            raise code_apps.WrongCodeError
        return finish(session, login, "app", now=now)


def finish_with_recovery_code(secret: str, typed: str, *, now: datetime) -> str:
    """Sign in with a recovery code, which is then used up, and tell its owner. Returns the session's secret.

    Raises `GoneError` and `code_apps.WrongCodeError`.
    """
    with transaction() as session:
        login = locked(session, secret, now=now)
        if not recovery_codes.use(session, login.account_id, typed, now=now):
            raise code_apps.WrongCodeError
        account = session.get_one(Account, login.account_id)
        second_steps.tell(session, account, "code-used", now=now)
        return finish(session, login, "recovery-code", now=now)


def locked(session: Session, secret: str, *, now: datetime) -> HalfOpenLogin:
    """Return a sign-in that is not over, with its account locked, in the caller's transaction. Raises `GoneError`."""
    living = select(HalfOpenLogin).where(HalfOpenLogin.secret_hash == hashed(secret), HalfOpenLogin.expires_at > now)
    found = session.scalars(living).one_or_none()
    if found is None:
        raise GoneError
    # Two answers at once take turns here; the second finds the sign-in finished, its code used.
    account = session.get_one(Account, found.account_id, with_for_update={"key_share": True}, populate_existing=True)
    again = session.scalars(living.execution_options(populate_existing=True)).one_or_none()
    if again is None or account.deactivated_at is not None:
        raise GoneError
    return again


def finish(session: Session, login: HalfOpenLogin, way: str, *, now: datetime) -> str:
    """Turn a sign-in into a session, in the caller's transaction. Returns the session's secret, a new one."""
    session.execute(delete(HalfOpenLogin).where(HalfOpenLogin.id == login.id))
    audit.record(
        session,
        "signed-in",
        by=Actor(login.account_id),
        now=now,
        subject="account",
        subject_id=login.account_id,
        second_step=way,
    )
    return sessions.begin(
        session,
        login.account_id,
        now=now,
        browser=login.browser,
        password_at=login.created_at,
        second_step_at=now,
    )


def sweep(*, now: datetime) -> None:
    """Delete what is too old to count: sign-ins nobody finished, and challenges nobody answered."""
    with transaction() as session:
        session.execute(delete(PasskeyChallenge).where(PasskeyChallenge.expires_at < now))
        session.execute(delete(HalfOpenLogin).where(HalfOpenLogin.expires_at < now))
