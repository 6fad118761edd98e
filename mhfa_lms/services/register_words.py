"""The register for commands: who acts, and filters written as words."""

from dataclasses import replace
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms.models import CertificationType, Cohort, Course, Organisation, Role, Site
from mhfa_lms.policy import SYSTEM, Actor, scope
from mhfa_lms.services import names
from mhfa_lms.services.periods import Standing
from mhfa_lms.services.register import Filters


class UnknownFilterError(ValueError):
    """There is no such organisation, site, course or standing; the message says which."""


def acting_for(session: Session, slug: str) -> Actor:
    """Return the installation acting inside one organisation, for commands. Raises `UnknownFilterError`."""
    found = session.scalars(select(Organisation).where(Organisation.slug == slug)).one_or_none()
    if found is None:
        raise UnknownFilterError(f"there is no organisation {slug!r}")
    return replace(
        SYSTEM,
        organisation_id=found.id,
        organisation_name=found.name,
        roles=frozenset({Role.COORDINATOR}),
        timezone=found.timezone,
    )


def read_filters(
    session: Session,
    by: Actor,
    *,
    site: str | None,
    course: str | None,
    standings: str | None,
    listed: bool | None = None,
    cohort: str | None = None,
    issued: tuple[date | None, date | None] = (None, None),
) -> Filters:
    """Return filters from words: a site's or cohort's name, a course's or certification type's slug, standings with
    commas. `issued` are the first and the last day.

    Raises `UnknownFilterError`.
    """
    course_id, type_id = _course_or_type(session, course) if course else (None, None)
    return Filters(
        site_id=_site(session, by, site) if site else None,
        course_id=course_id,
        type_id=type_id,
        standings=read_standings(standings or ""),
        listed=listed,
        issued_from=issued[0],
        issued_to=issued[1],
        cohort_id=_cohort(session, by, cohort) if cohort else None,
    )


def read_standings(words: str) -> frozenset[Standing]:
    """Return standings written with commas between. Raises `UnknownFilterError`."""
    found = [word.strip() for word in words.split(",") if word.strip()]
    for word in found:
        if word not in set(Standing):
            raise UnknownFilterError(f"there is no standing {word!r}; there are: {', '.join(Standing)}")
    return frozenset(Standing(word) for word in found)


def _site(session: Session, by: Actor, name: str) -> int:
    key = names.sort_key(name)
    found = session.scalars(select(Site.id).where(scope(by, Site), Site.sort_key == key)).first()
    if found is None:
        raise UnknownFilterError(f"the organisation has no site {name!r}")
    return found


def _cohort(session: Session, by: Actor, name: str) -> int:
    found = session.scalars(select(Cohort.id).where(scope(by, Cohort), Cohort.name == name)).one_or_none()
    if found is None:
        raise UnknownFilterError(f"the organisation has no cohort {name!r}")
    return found


def _course_or_type(session: Session, slug: str) -> tuple[int | None, int | None]:
    course = session.scalars(select(Course.id).where(Course.slug == slug)).one_or_none()
    if course is not None:
        return course, None
    kind = session.scalars(select(CertificationType.id).where(CertificationType.slug == slug)).one_or_none()
    if kind is None:
        raise UnknownFilterError(f"there is no course or certification type {slug!r}")
    return None, kind
