"""Organisations: made, and found by the name in their address."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms import i18n
from mhfa_lms.db import session as reading
from mhfa_lms.db import transaction
from mhfa_lms.models import Organisation
from mhfa_lms.policy import Actor, Can, require
from mhfa_lms.services import audit

SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LONGEST_SLUG: Final = 60


class OrganisationError(ValueError):
    """An organisation cannot be made like this; the text says why."""


class CircleError(OrganisationError):
    """An organisation cannot stand inside itself, nor inside one that stands inside it."""


def create(
    slug: str,
    name: str,
    *,
    by: Actor,
    now: datetime,
    parent: str | None = None,
    timezone: str = "UTC",
    country: str | None = None,
    locale: str = "en",
    open_to_join: bool = False,
) -> Organisation:
    """Make an organisation; `parent` is the slug of the one above it, `country` two letters of ISO 3166.

    Raises `OrganisationError` for values it cannot have, and `Forbidden`.
    """
    require(by, Can.ADMINISTER)
    with transaction() as session:
        return add(
            session,
            name,
            slug=slug,
            by=by,
            now=now,
            parent=parent,
            timezone=timezone,
            country=country,
            locale=locale,
            open_to_join=open_to_join,
        )


def add(
    session: Session,
    name: str,
    *,
    by: Actor,
    now: datetime,
    slug: str = "",
    parent: str | None = None,
    timezone: str = "UTC",
    country: str | None = None,
    locale: str = "en",
    open_to_join: bool = False,
) -> Organisation:
    """Make an organisation in the caller's transaction; without a slug one is made from the name."""
    slug = slug or slug_of(name)
    _check(slug, name, timezone, country, locale)
    if by_slug(session, slug) is not None:
        raise OrganisationError(f"there is an organisation {slug} already")
    above = by_slug(session, parent) if parent else None
    if parent and above is None:
        raise OrganisationError(f"there is no organisation {parent}")
    row = Organisation(
        slug=slug,
        name=name.strip(),
        parent_id=above.id if above else None,
        timezone=timezone,
        country=country.upper() if country else None,
        locale=locale,
        open_to_join=open_to_join,
        created_at=now,
    )
    session.add(row)
    session.flush()
    audit.record(
        session,
        "organisation-made",
        by=by,
        now=now,
        subject="organisation",
        subject_id=row.id,
        organisation_id=row.id,
    )
    return row


def change(
    organisation_id: int,
    *,
    name: str,
    parent: str | None,
    timezone: str,
    country: str | None,
    open_to_join: bool,
    by: Actor,
    now: datetime,
) -> None:
    """Change what an organisation is called, where it stands and its zone. Its short name stays: addresses hold it.

    Dates of certificates that were issued stay as they are. Raises `OrganisationError`, `CircleError` and `Forbidden`.
    """
    require(by, Can.ADMINISTER)
    with transaction() as session:
        # All of them below another one: two changes at once could otherwise close a circle, each having seen none.
        query = select(Organisation).order_by(Organisation.id).with_for_update(key_share=True)
        rows = session.scalars(query if parent else query.where(Organisation.id == organisation_id)).all()
        row = next(one for one in rows if one.id == organisation_id)
        _check(row.slug, name, timezone, country, row.locale)
        row.parent_id = _above(rows, row, parent) if parent else None
        row.name, row.timezone, row.open_to_join = name.strip(), timezone, open_to_join
        row.country = country.upper() if country else None
        audit.record(
            session,
            "organisation-changed",
            by=by,
            now=now,
            subject="organisation",
            subject_id=row.id,
            organisation_id=row.id,
        )


def _above(rows: Sequence[Organisation], row: Organisation, parent: str) -> int:
    above = next((one for one in rows if one.slug == parent), None)
    if above is None:
        raise OrganisationError(f"there is no organisation {parent}")
    parents = {one.id: one.parent_id for one in rows}
    here: int | None = above.id
    while here is not None:
        if here == row.id:
            raise CircleError(f"{parent} stands inside {row.slug}")
        here = parents.pop(here, None)
    return above.id


def by_slug(session: Session, slug: str) -> Organisation | None:
    """Return an organisation by the name in its address, or None."""
    return session.scalars(select(Organisation).where(Organisation.slug == slug)).one_or_none()


def by_id(session: Session, organisation_id: int) -> Organisation | None:
    """Return an organisation by its number, or None. For administrators, who see all of them."""
    return session.scalars(select(Organisation).where(Organisation.id == organisation_id)).one_or_none()


def open_by_slug(slug: str) -> Organisation | None:
    """Return an organisation that anybody may join, or None."""
    found = by_slug(reading(), slug)
    return found if found and found.open_to_join else None


def open_ones(limit: int = 10) -> list[Organisation]:
    """Return the first organisations, by name, that anybody may join."""
    query = select(Organisation).where(Organisation.open_to_join).order_by(Organisation.name, Organisation.id)
    return list(reading().scalars(query.limit(limit)))


def slug_of(name: str) -> str:
    """Return a name in the form used in addresses: small letters and digits, joined by hyphens."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_SLUG].strip("-") or "organisation"


def _check(slug: str, name: str, timezone: str, country: str | None, locale: str) -> None:
    if not SLUG.fullmatch(slug) or len(slug) > LONGEST_SLUG:
        raise OrganisationError("the short name has small letters, digits and single hyphens only")
    if not name.strip():
        raise OrganisationError("the name is missing")
    try:
        ZoneInfo(timezone)
    except (KeyError, ValueError, OSError) as error:
        raise OrganisationError(f"{timezone} is not the name of a time zone, such as Europe/London") from error
    if country and not re.fullmatch(r"[A-Za-z]{2}", country):
        raise OrganisationError("the country is two letters, such as GB")
    if i18n.known(locale) is None:
        raise OrganisationError(f"{locale} is not a language of this program")
