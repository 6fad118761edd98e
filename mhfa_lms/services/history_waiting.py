"""Earlier certificates that wait for people to join, and where a recorded one came from, as coordinators see them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import func, select

from mhfa_lms.db import session as reading
from mhfa_lms.db import transaction
from mhfa_lms.models import Account, AwaitedCertificate, Certificate, CertificateImport, Membership
from mhfa_lms.policy import Actor, Can, require, scope
from mhfa_lms.services import audit

PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Awaited:
    """A certificate that waits for its holder."""

    id: int
    name: str
    email: str
    type_name: str
    completed_on: date
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Source:
    """Where an earlier certificate came from. Nobody by whom: the command line, or somebody who is gone."""

    file_name: str
    recorded_at: datetime
    recorded_by: str
    evidence: list[str]


def count(*, by: Actor) -> int:
    """Return how many certificates wait for people to join the organisation. One query."""
    return reading().scalar(select(func.count(AwaitedCertificate.id)).where(scope(by, AwaitedCertificate))) or 0


def waiting(*, by: Actor, after: int = 0) -> tuple[list[Awaited], int | None]:
    """Return a page of those that wait, oldest first, and the key of the next page if there is one."""
    require(by, Can.RECORD_HISTORY)
    kept = AwaitedCertificate
    query = select(kept).where(scope(by, kept), kept.id > after).order_by(kept.id).limit(PAGE + 1)
    rows = [
        Awaited(one.id, one.name, one.email, str(one.facts["type_name"]), one.completed_on, one.created_at)
        for one in reading().scalars(query)
    ]
    return rows[:PAGE], rows[PAGE - 1].id if len(rows) > PAGE else None


def let_go(awaited_id: int, *, by: Actor, now: datetime) -> bool:
    """Remove a certificate that waits. Returns whether it was still there. Raises `Forbidden`."""
    with transaction() as session:
        row = session.get(AwaitedCertificate, awaited_id, with_for_update=True)
        if row is None:
            return False
        require(by, Can.RECORD_HISTORY, row)
        audit.about(session, "awaited-certificate-removed", row, by=by, now=now)
        session.delete(row)
        return True


def source(certificate: Certificate) -> Source | None:
    """Return where a certificate came from; None for one that was earned here. Two queries."""
    if not certificate.is_imported:
        return None
    evidence = certificate.evidence.splitlines()
    if certificate.import_id is None:
        return Source("", certificate.issued_at, "", evidence)
    table = reading().get_one(CertificateImport, certificate.import_id)
    who = (
        select(Membership.name)
        .join(Account, Account.id == Membership.account_id)
        .where(Membership.organisation_id == table.organisation_id, Membership.account_id == table.account_id)
    )
    return Source(table.file_name, table.begun_at, reading().scalar(who) or "", evidence)
