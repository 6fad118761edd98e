"""Checking a certificate by its code: what anybody who holds the code may know, and nothing else."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from mhfa_lms import clock
from mhfa_lms.db import session as reading
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import Account, Certificate, Membership, Organisation
from mhfa_lms.services import names
from mhfa_lms.services.periods import CERTIFIED, Standing, standing
from mhfa_lms.services.secrets import read_code


def statement(licence: str) -> str:
    """Return what is said of the licence everywhere: the operator's own words, else that there is none."""
    return licence or _("Independent; not affiliated with or licensed by MHFA International or any national provider.")


@dataclass(frozen=True, slots=True)
class Verified:
    """A certificate as the public sees it. `name` is None after erasure, and once another certificate replaced it."""

    code: str
    standing: Standing
    name: str | None
    is_initials: bool
    is_erased: bool
    type_name: str
    course_title: str
    minutes: int | None
    organisation_name: str
    issuer_name: str
    completed_on: date
    issued_on: date
    starts_on: date
    expires_on: date
    renewable_until: date
    revoked_on: date | None
    is_renewed: bool
    checked_on: date

    @property
    def is_certified(self) -> bool:
        """Whether the certificate counts today."""
        return self.standing in CERTIFIED


def look_up(typed: str, *, now: datetime) -> Verified | None:
    """Return what a typed code proves on the day of `now` in the organisation's zone; None when it proves nothing."""
    code = read_code(typed)
    if code is None:
        return None
    row = (
        reading()
        .execute(
            select(Certificate, Organisation.timezone, Account.erased_at)
            .join(Organisation, Organisation.id == Certificate.organisation_id)
            .join(Membership, Membership.id == Certificate.membership_id)
            .join(Account, Account.id == Membership.account_id)
            .where(Certificate.code == code)
        )
        .one_or_none()
    )
    return _verified(row.Certificate, row.timezone, now, holder_gone=row.erased_at is not None) if row else None


def _verified(certificate: Certificate, timezone: str, now: datetime, *, holder_gone: bool) -> Verified:
    # Whoever deleted their account is named to nobody, also while an organisation keeps its training record.
    erased = holder_gone or certificate.erased_at is not None
    today = clock.civil_date(now, timezone)
    found = standing(certificate, today)
    return Verified(
        code=certificate.code,
        standing=found,
        name=None if erased else _name(certificate),
        is_initials=certificate.initials_only,
        is_erased=erased,
        type_name=certificate.type_name,
        course_title=certificate.course_title,
        minutes=certificate.minutes,
        organisation_name=certificate.organisation_name,
        issuer_name=certificate.issuer_name,
        completed_on=certificate.completed_on,
        issued_on=certificate.issued_on,
        starts_on=certificate.starts_on,
        expires_on=certificate.expires_on,
        renewable_until=certificate.window_closes_on,
        revoked_on=clock.civil_date(certificate.revoked_at, timezone) if certificate.revoked_at else None,
        is_renewed=certificate.renewed_by_id is not None,
        checked_on=today,
    )


def _name(certificate: Certificate) -> str | None:
    # A corrected certificate may bear a name that its holder no longer uses: it is not told to anybody.
    if certificate.replaced_by_id is not None:
        return None
    return names.initials(certificate.name) if certificate.initials_only else certificate.name
