"""Who was erased, in a form that says nothing about them: to be kept outside the database and applied after a restore.

A line holds the account's number and a digest of number and the instant it was made. It names nobody to whoever does
not hold a backup with the person in it; and a new account that later gets the same number has another digest. Of
somebody without an account, a line for each earlier certificate that waited for them does the same.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms.db import session as reading
from mhfa_lms.db import transaction
from mhfa_lms.models import Account, AuditEvent, AwaitedCertificate, Certificate, Membership
from mhfa_lms.policy import Actor, Can, require
from mhfa_lms.services.erasure import KEPT, PERSON_ERASED, WAITING_ERASED, digest, erase_account, erase_address


@dataclass(frozen=True, slots=True, order=True)
class Erasure:
    """One person's erasure. `records` says that organisations kept their training record (`keep_records`).

    `waiting` says that earlier certificates still wait for the address (`keep_awaited`).
    """

    account: int
    digest: str
    records: bool
    waiting: bool = False

    def line(self) -> dict[str, Any]:
        """Return it as plain values."""
        values = asdict(self)
        return values if self.waiting else {name: value for name, value in values.items() if name != "waiting"}


@dataclass(frozen=True, slots=True, order=True)
class WaitingErased:
    """An earlier certificate that waited for somebody without an account, and was erased with them."""

    awaited_certificate: int
    digest: str

    def line(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


Line = Erasure | WaitingErased


def listed(session: Session) -> list[Line]:
    """Return everybody who has been erased in the database in use."""
    kept = set(
        session.scalars(
            select(Membership.account_id)
            .join(Certificate, Certificate.membership_id == Membership.id)
            .join(Account, Account.id == Membership.account_id)
            .where(Account.erased_at.is_not(None), Certificate.erased_at.is_(None))
        )
    )
    still = set(
        session.scalars(
            select(AuditEvent.subject_id).where(
                AuditEvent.verb == PERSON_ERASED, AuditEvent.data["waiting"].as_string() == KEPT
            )
        )
    )
    found = session.scalars(select(Account).where(Account.erased_at.is_not(None)).order_by(Account.id))
    people = [Erasure(account.id, digest(account), account.id in kept, account.id in still) for account in found]
    return [*people, *_waiting(session)]


def _waiting(session: Session) -> Iterator[WaitingErased]:
    query = select(AuditEvent.subject_id, AuditEvent.data).where(AuditEvent.verb == WAITING_ERASED)
    for row in session.execute(query.order_by(AuditEvent.id)):
        yield WaitingErased(row.subject_id, str(row.data["digest"]))


def read(lines: Iterable[dict[str, Any]]) -> list[Line]:
    """Return the erasures that lines hold; of two about one account the one that goes further."""
    found: dict[tuple[int, str], Erasure] = {}
    waiting: set[WaitingErased] = set()
    for line in lines:
        try:
            if "awaited_certificate" in line:
                waiting.add(WaitingErased(int(line["awaited_certificate"]), str(line["digest"])))
                continue
            one = Erasure(int(line["account"]), str(line["digest"]), bool(line["records"]), bool(line.get("waiting")))
        except (KeyError, TypeError, ValueError):
            continue
        before = found.get((one.account, one.digest), one)
        records, still = one.records and before.records, one.waiting and before.waiting
        found[one.account, one.digest] = Erasure(one.account, one.digest, records, still)
    return [*sorted(found.values()), *sorted(waiting)]


def apply_again(erasures: Iterable[Line], *, by: Actor, now: datetime) -> int:
    """Erase whoever of them is in the database in use and not erased; returns how many. One transaction each.

    The last administrator goes as well: what a person was promised stands above it, and the command line makes another.
    """
    require(by, Can.ADMINISTER)
    there = {_account(one) for one in listed(reading()) if isinstance(one, Erasure)}
    reading().rollback()
    erased = 0
    # In the order of the list: an account that was erased may have left certificates waiting that were erased later.
    for one in erasures:
        if isinstance(one, WaitingErased):
            erased += _erase_waiting(one, by=by, now=now)
        elif _account(one) not in there:
            erased += _erase(one, by=by, now=now)
    return erased


def _account(one: Erasure) -> tuple[int, str, bool]:
    return one.account, one.digest, one.records


def _erase(one: Erasure, *, by: Actor, now: datetime) -> bool:
    with transaction() as session:
        account = session.get(Account, one.account, with_for_update={"key_share": True})
        if account is None or digest(account) != one.digest or (one.records and account.erased_at is not None):
            return False
        account.is_admin = False
        session.flush()
        erase_account(session, account, by=by, now=now, keep_records=one.records, keep_awaited=one.waiting)
        return True


def _erase_waiting(one: WaitingErased, *, by: Actor, now: datetime) -> bool:
    with transaction() as session:
        row = session.get(AwaitedCertificate, one.awaited_certificate)
        if row is None or digest(row) != one.digest:
            return False
        erase_address(session, row.email_key, by=by, now=now)
        return True
