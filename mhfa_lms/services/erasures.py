"""Who was erased, in a form that says nothing about them: to be kept outside the database and applied after a restore.

A line holds the account's number and a digest of number and the instant it was made. It names nobody to whoever does
not hold a backup with the person in it; and a new account that later gets the same number has another digest.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms.db import session as reading
from mhfa_lms.db import transaction
from mhfa_lms.models import Account, Certificate, Membership
from mhfa_lms.policy import Actor, Can, require
from mhfa_lms.services.erasure import erase_account


@dataclass(frozen=True, slots=True)
class Erasure:
    """One person's erasure. `records` says that organisations kept their training record (`keep_records`)."""

    account: int
    digest: str
    records: bool

    def line(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


def digest(account: Account) -> str:
    """Return what tells an account from any other that ever had its number."""
    made = account.created_at.astimezone(UTC).isoformat(timespec="microseconds")
    return hashlib.sha256(f"{account.id}:{made}".encode()).hexdigest()


def listed(session: Session) -> list[Erasure]:
    """Return everybody who has been erased in the database in use."""
    kept = set(
        session.scalars(
            select(Membership.account_id)
            .join(Certificate, Certificate.membership_id == Membership.id)
            .join(Account, Account.id == Membership.account_id)
            .where(Account.erased_at.is_not(None), Certificate.erased_at.is_(None))
        )
    )
    found = session.scalars(select(Account).where(Account.erased_at.is_not(None)).order_by(Account.id))
    return [Erasure(account.id, digest(account), account.id in kept) for account in found]


def read(lines: Iterable[dict[str, Any]]) -> list[Erasure]:
    """Return the erasures that lines hold; of two about one account the one that goes further."""
    found: dict[tuple[int, str], Erasure] = {}
    for line in lines:
        try:
            one = Erasure(int(line["account"]), str(line["digest"]), bool(line["records"]))
        except (KeyError, TypeError, ValueError):
            continue
        key = (one.account, one.digest)
        if key not in found or not one.records:
            found[key] = one
    return sorted(found.values(), key=lambda one: one.account)


def apply_again(erasures: Iterable[Erasure], *, by: Actor, now: datetime) -> int:
    """Erase whoever of them is in the database in use and not erased; returns how many. One transaction each.

    The last administrator goes as well: what a person was promised stands above it, and the command line makes another.
    """
    require(by, Can.ADMINISTER)
    missing = set(erasures) - set(listed(reading()))
    reading().rollback()
    return sum(_erase(one, by=by, now=now) for one in sorted(missing, key=lambda one: one.account))


def _erase(one: Erasure, *, by: Actor, now: datetime) -> bool:
    with transaction() as session:
        account = session.get(Account, one.account, with_for_update={"key_share": True})
        if account is None or digest(account) != one.digest or (one.records and account.erased_at is not None):
            return False
        account.is_admin = False
        session.flush()
        erase_account(session, account, by=by, now=now, keep_records=one.records)
        return True
