"""The second step of signing in: who must have one, what an account has, and taking it away.

Required of administrators and of whoever has the safeguarding role anywhere; everybody else may choose it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from mhfa_lms.db import rows, transaction
from mhfa_lms.db import session as reading
from mhfa_lms.models import Account, LoginSession, RecoveryCode, SecondStep, StepKind
from mhfa_lms.policy import Actor, Can, Forbidden, require
from mhfa_lms.services import audit, outbox, sessions
from mhfa_lms.services.secret_box import SecretBox, SecretBoxError

# How long after typing the password somebody may change their second steps without typing it again.
FRESH: Final = timedelta(minutes=10)
# Adding one takes a while: whoever began in time may finish.
FINISH: Final = timedelta(minutes=25)
MOST: Final = 10
_COUNT: Final = select(func.count()).where(SecondStep.account_id == bindparam("account_id"))


class PasswordNeededError(Exception):
    """The password was typed too long ago, or not in this browser."""


class NotProvenError(Exception):
    """The account has a second step, and this browser signed in before it had one: only a new sign-in helps."""


class LastStepError(Exception):
    """Somebody who must have a second step cannot remove the only one."""


class TooManyStepsError(Exception):
    """Nobody needs more of them."""


def of_account(account_id: int) -> list[SecondStep]:
    """Return an account's second steps, in the order in which they were added."""
    query = select(SecondStep).where(SecondStep.account_id == account_id).order_by(SecondStep.id)
    return list(reading().scalars(query))


def own(actor: Actor, second_step_id: int) -> SecondStep | None:
    """Return one of the actor's own second steps, or None."""
    query = select(SecondStep).where(SecondStep.id == second_step_id, SecondStep.account_id == actor.account_id)
    return reading().scalars(query).one_or_none()


def password_is_fresh(*, by: Actor, now: datetime) -> bool:
    """Whether the actor typed the password in this browser within the last ten minutes."""
    typed = reading().scalars(select(LoginSession.password_at).where(LoginSession.id == by.session_id)).one_or_none()
    return typed is not None and now - FRESH < typed


def count(session: Session, account_id: int) -> int:
    """Return how many second steps an account has."""
    return int(rows(session, _COUNT, {"account_id": account_id}).scalar_one())


def changing(session: Session, *, by: Actor, now: datetime, within: timedelta = FRESH) -> Account:
    """Return the actor's account, locked, in the caller's transaction, when its second steps may be changed now.

    The password must have been typed in this browser `within` that time.
    Raises `PasswordNeededError`, `NotProvenError` and `Forbidden`.
    """
    account = session.get_one(Account, by.account_id, with_for_update={"key_share": True})
    mine = session.get(LoginSession, by.session_id) if by.session_id is not None else None
    if mine is None or mine.account_id != account.id or mine.ended_at is not None:
        raise Forbidden("second-step")
    if mine.password_at is None or mine.password_at <= now - within:
        raise PasswordNeededError
    if mine.second_step_at is None and count(session, account.id):
        raise NotProvenError
    return account


def add(session: Session, account: Account, step: SecondStep, *, by: Actor, now: datetime) -> str:
    """Add a second step that was just proven, in the caller's transaction. Returns the session's new secret.

    The first one ends every other session: one begun with a stolen password would go on without it.
    Raises `TooManyStepsError`.
    """
    had = count(session, account.id)
    if had >= MOST:
        raise TooManyStepsError
    if not had:
        sessions.end_all(session, account.id, now=now, but=by.session_id)
    session.add(step)
    session.flush()
    audit.record(
        session, "second-step-added", by=by, now=now, subject="second_step", subject_id=step.id, kind=step.kind.value
    )
    tell(session, account, f"{step.kind.value}-added", now=now)
    return sessions.prove(session, by.session_id or 0, now=now)


def remove(step_id: int, *, by: Actor, now: datetime) -> None:
    """Remove one of the actor's own second steps; the recovery codes go with the last.

    Raises `LastStepError`, `Forbidden` for somebody else's, and what `changing` raises.
    """
    with transaction() as session:
        account = changing(session, by=by, now=now)
        step = session.get(SecondStep, step_id)
        if step is None or step.account_id != account.id:
            raise Forbidden("second-step")
        last = count(session, account.id) == 1
        if last and by.second_step_required:
            raise LastStepError
        kind = step.kind.value
        session.delete(step)
        if last:
            _forget(session, account.id)
        audit.record(
            session, "second-step-removed", by=by, now=now, subject="second_step", subject_id=step_id, kind=kind
        )
        tell(session, account, f"{kind}-removed", now=now)


def reset(account_id: int, *, by: Actor, now: datetime) -> int:
    """Remove all of an account's second steps and codes, and sign it out everywhere. Returns how many steps it had.

    For somebody who lost them all: whoever runs the installation makes sure first that it is really that person.
    """
    require(by, Can.ADMINISTER)
    with transaction() as session:
        account = session.get_one(Account, account_id, with_for_update={"key_share": True})
        had = session.scalars(
            delete(SecondStep).where(SecondStep.account_id == account_id).returning(SecondStep.id)
        ).all()
        _forget(session, account_id)
        sessions.end_all(session, account_id, now=now)
        audit.record(
            session, "second-steps-reset", by=by, now=now, subject="account", subject_id=account_id, removed=len(had)
        )
        if had:
            tell(session, account, "reset", now=now)
        return len(had)


def reseal(keys: Sequence[str], *, now: datetime) -> int:
    """Seal secrets under the newest key that lie under an older one; returns how many were.

    So an older key can be taken out of use even where nobody has signed in since. One that no key opens stays as it is.
    """
    apps = select(SecondStep).where(SecondStep.kind == StepKind.APP)
    if not keys or reading().scalars(apps.with_only_columns(SecondStep.id).limit(1)).first() is None:
        return 0
    box = SecretBox(keys)
    older = apps.where(SecondStep.sealed_with != box.name)
    # Looked at before writing, so that a secret whose key was lost does not cost a transaction at every tick.
    if not any(_sealed_anew(box, step, now) for step in reading().scalars(older)):
        return 0
    with transaction() as session:
        found = [(step, _sealed_anew(box, step, now)) for step in session.scalars(older.with_for_update())]
        done = [(step, sealed) for step, sealed in found if sealed]
        for step, sealed in done:
            step.sealed_secret, step.sealed_with = sealed, box.name
        return len(done)


def _sealed_anew(box: SecretBox, step: SecondStep, now: datetime) -> str | None:
    owner = str(step.account_id)
    try:
        return box.seal(box.open(step.sealed_secret or "", owner=owner), owner=owner, now=now)
    except SecretBoxError:
        return None


def tell(session: Session, account: Account, what: str, *, now: datetime) -> None:
    """Tell an account's holder by mail that something about their second step changed, in the caller's transaction."""
    outbox.post(
        session,
        "second-step",
        key=f"second-step:{what}:{account.id}:{now.isoformat()}",
        due_at=now,
        now=now,
        account_id=account.id,
        locale=account.locale,
        facts={"what": what, "path": "/account/second-step"},
    )


def _forget(session: Session, account_id: int) -> None:
    # Without a second step no browser has proven one: whoever must have one is then held at the next request.
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    session.execute(
        update(LoginSession)
        .where(LoginSession.account_id == account_id)
        .values(second_step_at=None)
        .execution_options(synchronize_session=False)
    )
