"""Checking a certificate by its code: what anybody who holds the code may know, and nothing else."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import aliased

from mhfa_lms import clock
from mhfa_lms.db import session as reading
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import Account, Certificate, CertificateCorrection, Correction, Membership, Organisation
from mhfa_lms.services import names
from mhfa_lms.services.periods import CERTIFIED, Standing, standing
from mhfa_lms.services.secrets import read_code

# How many numbers can be checked at once.
MOST: Final = 50


class Then(StrEnum):
    """How it was with a certificate on a day."""

    NOT_YET = "not-yet"
    COUNTED = "counted"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    REPLACED = "replaced"


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
    replaced_on: date | None
    # The number of the corrected certificate, where a misspelt name was all that was wrong.
    replaced_by: str | None
    is_renewed: bool
    checked_on: date
    # Renewals are told without their numbers: a newer or older one may bear a name that its holder does not share.
    renewed_until: date | None = None
    renews: bool = False
    is_imported: bool = False

    @property
    def is_certified(self) -> bool:
        """Whether the certificate counts today."""
        return self.standing in CERTIFIED

    @property
    def origin(self) -> str:
        """What is to be said of where the record comes from; nothing of a certificate that was earned here."""
        if not self.is_imported:
            return ""
        return _("Recorded from earlier records by %(organisation)s", organisation=self.organisation_name)

    def on(self, day: date) -> Then:
        """Return how it was on a day; of a day to come: how it will be if nothing happens until then.

        From the day of a withdrawal or a correction on, it does not count: on that day it ended.
        """
        if day < self.starts_on:
            return Then.NOT_YET
        if self.revoked_on is not None and day >= self.revoked_on:
            return Then.WITHDRAWN
        if self.replaced_on is not None and day >= self.replaced_on:
            return Then.REPLACED
        return Then.COUNTED if day <= self.expires_on else Then.EXPIRED


def read_many(text: str) -> list[str]:
    """Return the numbers in a pasted text, each once, in order: one a line, or with commas, semicolons or tabs between.

    An address that ends in a number counts as the number, and so does a number with a name beside it. What cannot be a
    number is returned as it is.
    """
    found: dict[str, str] = {}
    for piece in re.split(r"[\n\r,;\t]+", text):
        typed = " ".join(piece.rsplit("/v/", 1)[-1].split())
        found.update((read_code(one) or one, one) for one in _parts(typed) if one)
    return list(found.values())


def _parts(line: str) -> list[str]:
    """Return what a line asks for: itself, or the numbers in it with nothing beside them but words, such as a name.

    Whatever else has a digit may be a number that was mistyped: then the line stays whole, so that none goes missing.
    """
    words = line.split()
    numbers = [word for word in words if read_code(word)]
    beside = "".join(word for word in words if not read_code(word))
    return [line] if read_code(line) or not numbers or any(map(str.isdigit, beside)) else numbers


def look_up(typed: str, *, now: datetime) -> Verified | None:
    """Return what a typed code proves on the day of `now` in the organisation's zone; None when it proves nothing."""
    return look_up_many([typed], now=now)[0]


def look_up_many(typed: list[str], *, now: datetime) -> list[Verified | None]:
    """Return what each of several typed codes proves, in their order, with one query. At most `MOST`."""
    codes = [read_code(one) for one in typed[:MOST]]
    query = _facts().where(Certificate.code.in_({code for code in codes if code}))
    found = {row.Certificate.code: _verified(row, now) for row in reading().execute(query)}
    return [found.get(code or "") for code in codes]


def _facts() -> Select[*tuple[Any, ...]]:
    newer, renewal, earlier = aliased(Certificate), aliased(Certificate), aliased(Certificate)
    renews = select(earlier.id).where(
        earlier.renewed_by_id == Certificate.id, earlier.membership_id == Certificate.membership_id
    )
    return (
        select(
            Certificate,
            Organisation.timezone,
            Account.erased_at.label("holder_gone_at"),
            CertificateCorrection.corrected_at,
            CertificateCorrection.because,
            newer.code.label("newer_code"),
            newer.issued_on.label("newer_on"),
            renewal.expires_on.label("renewed_until"),
            renews.exists().label("renews"),
        )
        .join(Organisation, Organisation.id == Certificate.organisation_id)
        .join(Membership, Membership.id == Certificate.membership_id)
        .join(Account, Account.id == Membership.account_id)
        .outerjoin(newer, newer.id == Certificate.replaced_by_id)
        .outerjoin(renewal, renewal.id == Certificate.renewed_by_id)
        .outerjoin(
            CertificateCorrection,
            and_(CertificateCorrection.certificate_id == Certificate.id, Certificate.replaced_by_id.is_not(None)),
        )
    )


def _verified(row: Any, now: datetime) -> Verified:
    certificate, timezone = row.Certificate, row.timezone
    holder_gone = row.holder_gone_at is not None
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
        replaced_on=clock.civil_date(row.corrected_at, timezone) if row.corrected_at else row.newer_on,
        replaced_by=row.newer_code if row.because is Correction.MISSPELT and not erased else None,
        is_renewed=certificate.renewed_by_id is not None,
        is_imported=certificate.is_imported,
        checked_on=today,
        renewed_until=row.renewed_until,
        renews=bool(row.renews),
    )


def _name(certificate: Certificate) -> str | None:
    # A corrected certificate may bear a name that its holder no longer uses: it is not told to anybody.
    if certificate.replaced_by_id is not None:
        return None
    return names.initials(certificate.name) if certificate.initials_only else certificate.name
