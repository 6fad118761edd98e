"""Checking a certificate by its code: what anybody who holds the code may know, and nothing else."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final

from sqlalchemy import Select, and_, bindparam, select
from sqlalchemy.orm import aliased

from mhfa_lms import clock, db
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
    asked = {"codes": list({code for code in codes if code})}
    found = {row.code: _verified(row, now) for row in db.rows(db.session(), _facts(), asked)}
    return [found.get(code or "") for code in codes]


_FACTS: Final = (
    Certificate.code,
    Certificate.name,
    Certificate.initials_only,
    Certificate.erased_at,
    Certificate.type_name,
    Certificate.course_title,
    Certificate.minutes,
    Certificate.organisation_name,
    Certificate.issuer_name,
    Certificate.completed_on,
    Certificate.issued_on,
    Certificate.starts_on,
    Certificate.expires_on,
    Certificate.window_opens_on,
    Certificate.window_closes_on,
    Certificate.revoked_at,
    Certificate.replaced_by_id,
    Certificate.renewed_by_id,
    Certificate.is_imported,
)


@cache
def _facts() -> Select[*tuple[Any, ...]]:
    """Return the query for the facts of certificates by their `codes`.

    Built once: four times the same table, it took longer to build than everything else that a page does.
    """
    newer, renewal, earlier = aliased(Certificate), aliased(Certificate), aliased(Certificate)
    renews = select(earlier.id).where(
        earlier.renewed_by_id == Certificate.id, earlier.membership_id == Certificate.membership_id
    )
    return (
        select(
            *_FACTS,
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
        .where(Certificate.code.in_(bindparam("codes", expanding=True)))
    )


def _verified(row: Any, now: datetime) -> Verified:
    # Whoever deleted their account is named to nobody, also while an organisation keeps its training record.
    erased = row.holder_gone_at is not None or row.erased_at is not None
    today = clock.civil_date(now, row.timezone)
    return Verified(
        code=row.code,
        standing=standing(row, today),
        name=None if erased else _name(row),
        is_initials=row.initials_only,
        is_erased=erased,
        type_name=row.type_name,
        course_title=row.course_title,
        minutes=row.minutes,
        organisation_name=row.organisation_name,
        issuer_name=row.issuer_name,
        completed_on=row.completed_on,
        issued_on=row.issued_on,
        starts_on=row.starts_on,
        expires_on=row.expires_on,
        renewable_until=row.window_closes_on,
        revoked_on=clock.civil_date(row.revoked_at, row.timezone) if row.revoked_at else None,
        replaced_on=clock.civil_date(row.corrected_at, row.timezone) if row.corrected_at else row.newer_on,
        replaced_by=row.newer_code if row.because is Correction.MISSPELT and not erased else None,
        is_renewed=row.renewed_by_id is not None,
        is_imported=row.is_imported,
        checked_on=today,
        renewed_until=row.renewed_until,
        renews=bool(row.renews),
    )


def _name(row: Any) -> str | None:
    # A corrected certificate may bear a name that its holder no longer uses: it is not told to anybody.
    if row.replaced_by_id is not None:
        return None
    return names.initials(row.name) if row.initials_only else row.name
