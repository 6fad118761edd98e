"""Ten codes to keep on paper: each takes the place of the second step once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from mhfa_lms.db import session as reading
from mhfa_lms.db import transaction
from mhfa_lms.models import RecoveryCode
from mhfa_lms.policy import Actor
from mhfa_lms.services import audit, second_steps
from mhfa_lms.services.secrets import hashed, new_code, read_code

COUNT: Final = 10


class NoStepError(RuntimeError):
    """Recovery codes stand in for a second step, and the account has none."""


def make(*, by: Actor, now: datetime) -> Sequence[str]:
    """Give the actor ten new codes; earlier ones die. They are returned this once and stored as hashes.

    Raises what `second_steps.changing` raises, and `NoStepError`.
    """
    codes = [new_code() for _number in range(COUNT)]
    with transaction() as session:
        account = second_steps.changing(session, by=by, now=now)
        if not second_steps.count(session, account.id):
            raise NoStepError
        session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account.id))
        session.add_all(RecoveryCode(account_id=account.id, code_hash=hashed(code), created_at=now) for code in codes)
        audit.record(session, "recovery-codes-made", by=by, now=now, subject="account", subject_id=account.id)
        second_steps.tell(session, account, "codes-made", now=now)
    return codes


def use(session: Session, account_id: int, typed: str, *, now: datetime) -> bool:
    """Use a code up, in the caller's transaction, which has locked the account. Whether there was such a code."""
    code = read_code(typed)
    if code is None:
        return False
    used = session.scalars(
        update(RecoveryCode)
        .where(
            RecoveryCode.account_id == account_id,
            RecoveryCode.code_hash == hashed(code),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now)
        .returning(RecoveryCode.id)
    )
    return bool(used.all())


def left(account_id: int) -> int:
    """Return how many of an account's codes have not been used."""
    query = select(func.count()).where(RecoveryCode.account_id == account_id, RecoveryCode.used_at.is_(None))
    return reading().scalars(query).one()
