"""A certificate after its issue: drawn once, read by its holder, withdrawn, corrected, shown in initials."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session, contains_eager, joinedload

from mhfa_lms import clock
from mhfa_lms.db import session as reading
from mhfa_lms.db import transaction
from mhfa_lms.models import Certificate, CertificateCorrection, Correction, Membership, Organisation
from mhfa_lms.policy import Actor, Can, require
from mhfa_lms.services import audit, badge_lists, name_letters, names, outbox, paging, reminder_marks
from mhfa_lms.services.certification import announce, draw_later
from mhfa_lms.services.periods import Standing, standing
from mhfa_lms.services.secrets import new_code, read_code

LONGEST_REASON: Final = 500
# What a corrected certificate takes over from the one it replaces. The name and the code are its own.
CARRIED: Final = (
    "membership_id",
    "organisation_id",
    "certification_type_id",
    "type_name",
    "course_title",
    "organisation_name",
    "issuer_name",
    "locale",
    "minutes",
    "instructor_id",
    "instructor_name",
    "competencies",
    "paper",
    "look_id",
    "completed_on",
    "starts_on",
    "expires_on",
    "window_opens_on",
    "window_closes_on",
    "renewal_basis",
    "full_course_next",
    "earned_by",
    "initials_only",
    "renewed_by_id",
    "is_imported",
    "evidence",
    "import_id",
)


class UnknownCertificateError(LookupError):
    """There is no such certificate."""


class CertificateError(ValueError):
    """The certificate cannot be changed in this way; the message says why, in words for people."""


class SameNameError(CertificateError):
    """The name is the one that the certificate bears already."""


@dataclass(frozen=True, slots=True)
class Held:
    """One of somebody's own certificates, with where it stands today."""

    certificate: Certificate
    standing: Standing
    today: date

    @property
    def membership(self) -> Membership:
        """Whose it is: the policy asks."""
        return self.certificate.membership

    @property
    def is_drawn(self) -> bool:
        """Whether the PDF is there."""
        return self.certificate.file_id is not None


def by_code(session: Session, code: str, *, lock: bool = False) -> Certificate:
    """Return a certificate by its code, however typed. Raises `UnknownCertificateError`."""
    query = select(Certificate).where(Certificate.code == (read_code(code) or ""))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalars(query).one_or_none()
    if found is None:
        raise UnknownCertificateError("there is no certificate with this number")
    return found


def own(code: str, *, by: Actor, now: datetime) -> Held | None:
    """Return a certificate of the actor's own account, in any of their organisations; None when it is not theirs."""
    row = (
        reading()
        .execute(
            select(Certificate, Organisation.timezone)
            .join(Membership, Membership.id == Certificate.membership_id)
            .join(Organisation, Organisation.id == Certificate.organisation_id)
            .where(Certificate.code == (read_code(code) or ""), Membership.account_id == by.account_id)
            .options(contains_eager(Certificate.membership), joinedload(Certificate.file))
        )
        .one_or_none()
    )
    return held(row.Certificate, row.timezone, now) if row else None


def mine(*, by: Actor, now: datetime, before: int | None = None) -> tuple[list[Held], int | None]:
    """Return a page of the account's certificates, newest first, and the key of the next page if there is one."""
    query = (
        select(Certificate, Organisation.timezone)
        .join(Membership, Membership.id == Certificate.membership_id)
        .join(Organisation, Organisation.id == Certificate.organisation_id)
        .where(Membership.account_id == by.account_id)
        .order_by(Certificate.id.desc())
        .limit(paging.PAGE + 1)
    )
    if before is not None:
        query = query.where(Certificate.id < before)
    rows = reading().execute(query).all()
    found = [held(row.Certificate, row.timezone, now) for row in rows[: paging.PAGE]]
    return found, found[-1].certificate.id if len(rows) > paging.PAGE else None


def held(certificate: Certificate, timezone: str, now: datetime) -> Held:
    """Return a certificate with where it stands on the day of `now` in its organisation's zone."""
    today = clock.civil_date(now, timezone)
    return Held(certificate, standing(certificate, today), today)


def holder_is_gone(certificate: Certificate) -> bool:
    """Whether the certificate or its holder's account has been erased: it is neither drawn nor corrected any more."""
    return certificate.erased_at is not None or certificate.membership.account.erased_at is not None


def revoke(code: str, reason: str, *, by: Actor, now: datetime) -> None:
    """Withdraw a certificate, with a reason that only the organisation sees, and tell its holder that it was.

    A second call changes nothing.

    Raises `UnknownCertificateError`, `CertificateError` and `Forbidden`.
    """
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise CertificateError(f"Give a reason of at most {LONGEST_REASON} characters")
    with transaction() as session:
        certificate = by_code(session, code, lock=True)
        require(by, Can.REVOKE_CERTIFICATE, certificate)
        if certificate.revoked_at is not None:
            return
        if certificate.replaced_by_id is not None:
            raise CertificateError("This certificate was replaced: withdraw the one that replaced it")
        certificate.revoked_at, certificate.revoked_reason = now, reason
        certificate.revoked_by_id = by.account_id or None
        # What it renewed can be renewed again, and reminded of: the renewal counts no more.
        _repoint(session, certificate.id, None)
        reminder_marks.forget(session, [certificate.organisation_id])
        badge_lists.no_longer_counts(session, certificate.id, now=now)
        _tell_of_withdrawal(session, certificate, now)
        audit.about(session, "certificate-revoked", certificate, by=by, now=now)


def replace(
    code: str,
    name: str,
    *,
    by: Actor,
    now: datetime,
    because: Correction = Correction.NAME_CHANGED,
    in_record: bool = False,
) -> Certificate:
    """Correct the name: issue a new certificate with the same dates, under a new number, in place of this one.

    `because` decides whether whoever checks the old number is led to the new one; left out, they are not. `in_record`
    mends the name in the organisation's training record as well. The same name again is refused: there would be
    nothing to correct.

    Raises `UnknownCertificateError`, `CertificateError` and `Forbidden`.
    """
    name = " ".join(name.split())
    if not name:
        raise CertificateError("Give the name as it should be")
    if len(name) > names.LONGEST:
        raise CertificateError(f"Give a name of at most {names.LONGEST} characters")
    if said := name_letters.fault(name):
        raise CertificateError(said)
    with transaction() as session:
        old = by_code(session, code, lock=True)
        require(by, Can.REVOKE_CERTIFICATE, old)
        if old.revoked_at is not None or old.replaced_by_id is not None or holder_is_gone(old):
            raise CertificateError("This certificate no longer counts, so it cannot be corrected")
        if name == old.name:
            raise SameNameError("This is the name that the certificate has already")
        membership = session.get_one(Membership, old.membership_id, with_for_update=in_record)
        today = clock.civil_date(now, membership.organisation.timezone)
        new = Certificate(
            code=new_code(),
            name=name,
            sort_key=names.sort_key(name),
            issued_at=now,
            issued_on=today,
            **{column: getattr(old, column) for column in CARRIED},
        )
        session.add(new)
        session.flush()
        _repoint(session, old.id, new.id)
        old.replaced_by_id = new.id
        badge_lists.no_longer_counts(session, old.id, now=now)
        session.add(
            CertificateCorrection(
                certificate_id=old.id, because=because, corrected_at=now, corrected_by_id=by.account_id or None
            )
        )
        if in_record:
            membership.name, membership.sort_key = name, new.sort_key
            audit.about(session, "details-changed", membership, by=by, now=now)
        audit.about(session, "certificate-replaced", old, by=by, now=now, successor=new.id, because=because.value)
        announce(session, new, membership, by=by, now=now)
    return new


def set_initials(code: str, on: bool, *, by: Actor, now: datetime) -> None:
    """Show the holder's initials instead of the name to whoever checks the certificate, or the name again.

    Raises `UnknownCertificateError`, and `Forbidden` for anybody but the holder.
    """
    with transaction() as session:
        certificate = by_code(session, code, lock=True)
        require(by, Can.SEE_OWN_CERTIFICATE, certificate)
        if certificate.initials_only != on:
            certificate.initials_only = on
            audit.about(session, "certificate-initials", certificate, by=by, now=now, on=on)


def _tell_of_withdrawal(session: Session, certificate: Certificate, now: datetime) -> None:
    membership = session.get_one(Membership, certificate.membership_id)
    outbox.post(
        session,
        "certificate-withdrawn",
        key=f"certificate-withdrawn:{certificate.code}",
        due_at=now,
        now=now,
        account_id=membership.account_id,
        organisation_id=certificate.organisation_id,
        locale=membership.account.locale,
        facts={
            "name": certificate.name,
            "type": certificate.type_name,
            "organisation": certificate.organisation_name,
            "withdrawn_on": clock.civil_date(now, membership.organisation.timezone).isoformat(),
            "path": f"/certificates/{certificate.code}",
        },
    )


def have_drawn(code: str, *, by: Actor, now: datetime) -> None:
    """Have the PDF drawn for its holder, as when the record came from a table: those are drawn when they are wanted.

    Raises `UnknownCertificateError`, and `Forbidden` for anybody but the holder.
    """
    with transaction() as session:
        certificate = by_code(session, code)
        require(by, Can.SEE_OWN_CERTIFICATE, certificate)
        if certificate.file_id is None and not holder_is_gone(certificate):
            draw_later(session, certificate, account_id=by.account_id, now=now)


def _repoint(session: Session, old_id: int, new_id: int | None) -> None:
    """Let the certificates that one renewed point to another, or to none."""
    session.execute(update(Certificate).where(Certificate.renewed_by_id == old_id).values(renewed_by_id=new_id))
