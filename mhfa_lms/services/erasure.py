"""Erasing a person: rows that are about nobody else go, the others keep what records and verification need.

A certificate keeps its number, dates and standing, and loses the name. Marks, attempts and the audit trail keep ids.

With `keep_records`, as when people delete their own account, an organisation keeps its training record: the name used
there, site and certificates of a membership that has one, until the retention period ends. The public sees no name of
theirs from then on, because their account is erased (`verification`).
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from mhfa_lms.db import take_turns, transaction
from mhfa_lms.models import (
    Account,
    AwaitedCertificate,
    Certificate,
    Enrolment,
    EnrolmentState,
    Job,
    Membership,
    Message,
    StoredFile,
    WorkState,
)
from mhfa_lms.policy import Actor, Can, require
from mhfa_lms.services import accounts, audit, names, work
from mhfa_lms.services.erased_rows import DELETED, KEEPING, REDUCED, remove
from mhfa_lms.services.personal import NOBODY, ROWS, Person, is_known
from mhfa_lms.services.secrets import read_code

REMOVE_FILES: Final = work.REMOVE_FILES
PERSON_ERASED: Final = "person-erased"
# The list of erasures is made of these two events (`erasures`).
WAITING_ERASED: Final = "awaited-certificate-erased"
KEPT: Final = "kept"


class UnknownPersonError(LookupError):
    """There is no account with this address, and nothing else that belongs to it."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What was done to an account: rows by table, the codes of its certificates, the keys of files to remove.

    Of an address without an account the number is `personal.NOBODY`.
    """

    account_id: int
    deleted: dict[str, int]
    reduced: dict[str, int]
    codes: list[str]
    files: list[str]


def digest(row: Any) -> str:
    """Return what tells a row from any other that ever had its number, and says nothing about it."""
    made = row.created_at.astimezone(UTC).isoformat(timespec="microseconds")
    return hashlib.sha256(f"{row.id}:{made}".encode()).hexdigest()


def erase(email: str, *, by: Actor, now: datetime) -> Erased:
    """Erase the person of an address, in one transaction; a job removes the files of their certificates.

    Instead of the address the number of a certificate will do: who deleted their account has no address any more, while
    an organisation may still keep their training record. Of an address without an account goes what is held by it:
    earlier certificates that wait, invitations, mails.

    Raises `UnknownPersonError`, `accounts.LastAdministratorError` and `Forbidden`.
    """
    require(by, Can.ADMINISTER)
    with transaction() as session:
        take_turns(session, accounts.LAST_ONE_LOCK)
        account = accounts.find(session, email, lock=True) or _holder(session, email)
        if account is None:
            return erase_address(session, names.email_key(email), by=by, now=now)
        return erase_account(session, account, by=by, now=now)


def _holder(session: Session, code: str) -> Account | None:
    query = (
        select(Account)
        .join(Membership, Membership.account_id == Account.id)
        .join(Certificate, Certificate.membership_id == Membership.id)
        .where(Certificate.code == (read_code(code) or ""))
    )
    return session.scalars(query.with_for_update(key_share=True, of=Account)).one_or_none()


def erase_address(session: Session, email_key: str, *, by: Actor, now: datetime) -> Erased:
    """Erase somebody who has no account, in the caller's transaction. Raises `UnknownPersonError`."""
    who = Person.of_address(session, email_key)
    if not is_known(session, who):
        raise UnknownPersonError(email_key)
    waiting = select(AwaitedCertificate).where(ROWS[AwaitedCertificate](who)).order_by(AwaitedCertificate.id)
    for row in session.scalars(waiting.with_for_update()):
        audit.about(session, WAITING_ERASED, row, by=by, now=now, digest=digest(row))
    session.flush()
    _stop(session, who, now)
    deleted = {model.__tablename__: remove(session, model, who) for model in DELETED}
    reduced = {Message.__tablename__: REDUCED[Message](session, who, now)}
    audit.record(session, "address-erased", by=by, now=now, subject="installation", subject_id=0)
    return Erased(NOBODY, deleted, reduced, [], [])


def erase_account(
    session: Session,
    account: Account,
    *,
    by: Actor,
    now: datetime,
    keep_records: bool = False,
    keep_awaited: bool = False,
) -> Erased:
    """Erase the person of a locked account, in the caller's transaction. Raises `accounts.LastAdministratorError`.

    With `keep_awaited` earlier certificates still wait for whoever proves the address: this account did not.

    Where the account can be an administrator's, the caller takes turns on `accounts.LAST_ONE_LOCK` before locking it.
    """
    if accounts.is_last_administrator(session, account.id):
        raise accounts.LastAdministratorError(account.id)
    who = Person.of(session, account)
    # Before the list of files: work that ends with one does so before this, and is in the list, or not at all.
    _stop(session, who, now)
    codes = list(session.scalars(select(Certificate.code).where(ROWS[Certificate](who))))
    files = {row.id: row.key for row in session.execute(select(StoredFile.id, StoredFile.key).where(who.has_file))}
    going = [model for model in DELETED if not (keep_awaited and model is AwaitedCertificate)]
    deleted = {model.__tablename__: remove(session, model, who) for model in going}
    _taught(session, who)
    emptied = REDUCED | KEEPING if keep_records else REDUCED
    reduced = {model.__tablename__: empty(session, who, now) for model, empty in emptied.items()}
    deleted[StoredFile.__tablename__] = len(files)
    session.execute(delete(StoredFile).where(StoredFile.id.in_(files)))
    gone = {"codes": codes, "keys": list(files.values())}
    work.post(session, REMOVE_FILES, key=f"remove-files:{account.id}", now=now, payload=gone)
    facts: dict[str, Any] = {"waiting": KEPT} if keep_awaited else {}
    audit.record(session, PERSON_ERASED, by=by, now=now, subject="account", subject_id=account.id, **facts)
    return Erased(account.id, deleted, reduced, codes, list(files.values()))


def _stop(session: Session, who: Person, now: datetime) -> None:
    """End what is under way, so that nothing goes on about a person who is no longer there."""
    session.execute(
        update(Enrolment)
        .where(ROWS[Enrolment](who), Enrolment.state == EnrolmentState.ACTIVE)
        .values(state=EnrolmentState.WITHDRAWN, ended_at=now)
    )
    session.execute(
        update(Message)
        .where(ROWS[Message](who), Message.state == WorkState.WAITING)
        .values(state=WorkState.CANCELLED, done_at=now, leased_until=None)
    )
    session.execute(
        update(Job)
        .where(ROWS[Job](who), Job.state == WorkState.WAITING)
        .values(state=WorkState.CANCELLED, done_at=now, leased_until=None)
    )


def _taught(session: Session, who: Person) -> None:
    """Take an instructor's name out of the records of certificates they gave. What was printed stays its holder's."""
    bear = update(Certificate).where(Certificate.instructor_id.in_(who.memberships), Certificate.instructor_name != "")
    session.execute(bear.values(instructor_name="").execution_options(synchronize_session=False))
