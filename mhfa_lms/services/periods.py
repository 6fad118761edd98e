"""Certification periods: pure date arithmetic, and the same standing as a condition for queries.

All dates are civil dates in the organisation's time zone. `expires_on` and both ends of the renewal window are
inclusive. Dates are computed here, once, and stored: databases add months to 29 February each in its own way.
"""

import calendar
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache, lru_cache
from typing import Final, Protocol

from sqlalchemy import ColumnElement, Exists, and_, case, literal, or_, select
from sqlalchemy.orm import aliased

from mhfa_lms.models import Certificate

MONTHS_A_YEAR: Final = 12


class Standing(StrEnum):
    """Where a certificate stands on a day."""

    VALID = "valid"
    DUE = "due"  # valid, and its renewal window is open
    GRACE = "grace"  # expired, and its renewal window is still open
    LAPSED = "lapsed"
    REVOKED = "revoked"
    REPLACED = "replaced"  # corrected by another certificate


# Somebody is certified while a certificate of the type stands so. Grace is never shown as current.
CERTIFIED: Final = frozenset({Standing.VALID, Standing.DUE})


class Dated(Protocol):
    """What a standing depends on: a certificate, or anything with the same dates."""

    @property
    def window_opens_on(self) -> date: ...
    @property
    def expires_on(self) -> date: ...
    @property
    def window_closes_on(self) -> date: ...
    @property
    def revoked_at(self) -> datetime | None: ...
    @property
    def replaced_by_id(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Period:
    """From when to when a certificate counts, and when it can be renewed; every date is included."""

    starts_on: date
    expires_on: date
    window_opens_on: date
    window_closes_on: date


@dataclass(frozen=True, slots=True)
class Terms:
    """The rules that fix a period: all in calendar months."""

    valid_months: int
    window_before_months: int
    window_after_months: int


def add_months(day: date, months: int) -> date:
    """Return the same day so many calendar months later (or earlier, when negative).

    A day that the month lacks becomes its last: 29 February plus 36 months is 28 February.
    """
    total = day.year * MONTHS_A_YEAR + day.month - 1 + months
    year, month = divmod(total, MONTHS_A_YEAR)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def period(starts_on: date, terms: Terms) -> Period:
    """Return the period that starts on a day."""
    expires_on = add_months(starts_on, terms.valid_months)
    return Period(
        starts_on,
        expires_on,
        # A window longer than the period cannot open before there is something to renew.
        max(starts_on, add_months(expires_on, -terms.window_before_months)),
        add_months(expires_on, terms.window_after_months),
    )


def renewal(completed_on: date, old_expiry: date, terms: Terms, *, from_old_expiry: bool) -> Period:
    """Return the period of a renewal completed inside the window: from its completion, or from the old expiry.

    Where counting from the old expiry would give a certificate that has ended already, it counts from completion.
    """
    if from_old_expiry:
        found = period(old_expiry, terms)
        if found.expires_on >= completed_on:
            return found
    return period(completed_on, terms)


def in_window(certificate: Dated, day: date) -> bool:
    """Whether a day lies in the renewal window."""
    return certificate.window_opens_on <= day <= certificate.window_closes_on


def standing(certificate: Dated, today: date) -> Standing:
    """Return where a certificate stands on a day. A renewed one keeps its own standing."""
    if certificate.revoked_at is not None:
        return Standing.REVOKED
    if certificate.replaced_by_id is not None:
        return Standing.REPLACED
    if today > certificate.window_closes_on:
        return Standing.LAPSED
    if today > certificate.expires_on:
        return Standing.GRACE
    return Standing.DUE if today >= certificate.window_opens_on else Standing.VALID


@lru_cache(maxsize=64)
def standing_condition(wanted: Standing, today: date) -> ColumnElement[bool]:
    """Return `standing(certificate, today) == wanted` as a condition on `Certificate`.

    Kept for the day: putting it together takes longer than asking it.
    """
    if wanted is Standing.REVOKED:
        return Certificate.revoked_at.is_not(None)
    if wanted is Standing.REPLACED:
        return and_(Certificate.revoked_at.is_(None), Certificate.replaced_by_id.is_not(None))
    dates = {
        Standing.VALID: and_(Certificate.window_opens_on > today, Certificate.expires_on >= today),
        Standing.DUE: and_(Certificate.window_opens_on <= today, Certificate.expires_on >= today),
        Standing.GRACE: and_(Certificate.expires_on < today, Certificate.window_closes_on >= today),
        Standing.LAPSED: Certificate.window_closes_on < today,
    }
    return and_(Certificate.revoked_at.is_(None), Certificate.replaced_by_id.is_(None), dates[wanted])


def counts_on(today: date) -> ColumnElement[bool]:
    """Return the condition that a certificate's standing is one of `CERTIFIED`, in as few columns as can say it."""
    return and_(Certificate.expires_on >= today, Certificate.revoked_at.is_(None), Certificate.replaced_by_id.is_(None))


@lru_cache(maxsize=8)
def standing_column(today: date) -> ColumnElement[str]:
    """Return the standing as a column to select, as the word that `Standing` holds."""
    return case(
        *((standing_condition(one, today), literal(one.value)) for one in Standing if one is not Standing.LAPSED),
        else_=literal(Standing.LAPSED.value),
    ).label("standing")


@cache
def has_newer() -> Exists:
    """Return the condition that the holder has a certificate of the same type that lasts longer and counts.

    Built once: building it takes longer than asking it, and every reminder that is delivered asks it.
    """
    other = aliased(Certificate)
    return (
        select(other.id)
        .where(
            other.membership_id == Certificate.membership_id,
            # Follows from the membership; named because the index goes on with it.
            other.organisation_id == Certificate.organisation_id,
            other.certification_type_id == Certificate.certification_type_id,
            or_(
                other.expires_on > Certificate.expires_on,
                and_(other.expires_on == Certificate.expires_on, other.id > Certificate.id),
            ),
            other.revoked_at.is_(None),
            other.replaced_by_id.is_(None),
        )
        .exists()
    )
