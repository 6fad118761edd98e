"""The demonstration's organisations, their sites and help lines, and their members as they joined."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms.models import HelpLine, Membership, Organisation, Role, Site
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import accounts, memberships, names, organisations
from mhfa_lms.services.demo_people import LINES, PLACES, Person

FOUNDED: Final = timedelta(days=1900)


def places(session: Session, now: datetime) -> None:
    for place in PLACES:
        made = organisations.add(
            session,
            place.name,
            slug=place.slug,
            by=SYSTEM,
            now=now - FOUNDED,
            parent=place.parent,
            timezone=place.timezone,
            country=place.country,
            open_to_join=place.open_to_join,
        )
        session.add_all(Site(organisation_id=made.id, name=name, sort_key=names.sort_key(name)) for name in place.sites)
        _lines(session, made, now)
    session.flush()


def _lines(session: Session, place: Organisation, now: datetime) -> None:
    session.add_all(
        HelpLine(organisation_id=place.id, checked_at=now - timedelta(days=days), **words)
        for slug, words, days in LINES
        if slug == place.slug
    )


def member(session: Session, person: Person, password_hash: str, now: datetime) -> Membership:
    joined = _joined(person, now)
    account = accounts.find(session, person.email)
    if account is None:
        account = accounts.create_account(
            session,
            person.email,
            now=joined,
            locale="en",
            password_hash=password_hash,
            confirmed=True,
            is_admin=person.admin,
        )
        accounts.accept_terms(account, now=joined)
    place = session.scalars(select(Organisation).where(Organisation.slug == person.place)).one()
    site_id = session.scalars(
        select(Site.id).where(Site.organisation_id == place.id, Site.name == person.site)
    ).one_or_none()
    membership = memberships.add(
        session,
        account.id,
        place.id,
        person.name,
        roles={Role.LEARNER, *person.roles},
        audience=person.audience,
        now=joined,
        by=SYSTEM,
        site_id=site_id,
    )
    membership.languages, membership.work_email = person.languages, person.email
    return membership


def _joined(person: Person, now: datetime) -> datetime:
    """Return when somebody joined: before the first thing they did."""
    if person.now:
        return now - timedelta(days=person.now.days_ago + 1)
    oldest = max((1130 - story.expires_in for story in person.past), default=700)
    return now - timedelta(days=oldest)
