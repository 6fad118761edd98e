"""An organisation's sites: schools, depots, offices."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mhfa_lms.db import rows, transaction
from mhfa_lms.models import Membership, MembershipState, Organisation, Site
from mhfa_lms.policy import Actor, Can, require, scope
from mhfa_lms.services import audit, names, paging
from mhfa_lms.services.paging import Order, Page, Place

LONGEST_NAME: Final = 100


class SiteExistsError(ValueError):
    """The organisation has a site of this name."""


def add(name: str, *, by: Actor, now: datetime) -> int:
    """Add a site to the actor's organisation. Returns its id. Raises `SiteExistsError` and `Forbidden`."""
    require(by, Can.COORDINATE)
    name = " ".join(name.split())
    key = names.sort_key(name)
    with transaction() as session:
        # Two coordinators adding the same site at once: the second waits, then finds the first one's.
        owner = session.get_one(Organisation, by.organisation_id, with_for_update={"key_share": True})
        if session.scalars(select(Site.id).where(scope(by, Site), Site.sort_key == key)).first() is not None:
            raise SiteExistsError(name)
        row = Site(organisation_id=owner.id, name=name, sort_key=key)
        session.add(row)
        session.flush()
        audit.about(session, "site-added", row, by=by, now=now)
        return row.id


def listed(session: Session, *, by: Actor) -> list[Any]:
    """Return the sites of the actor's organisation in order, for drop-downs: id and name."""
    return list(rows(session, select(Site.id, Site.name).where(scope(by, Site)).order_by(Site.sort_key, Site.id)))


def of(session: Session, organisation_id: int) -> list[Any]:
    """Return the sites of an organisation that people join by themselves, in order: id and name."""
    own = select(Site.id, Site.name).where(Site.organisation_id == organisation_id)
    return list(session.execute(own.order_by(Site.sort_key, Site.id)))


def page(session: Session, place: Place, *, by: Actor) -> Page[Any]:
    """Return 25 sites in order, each with how many people are there."""
    people = (
        select(func.count(Membership.id))
        .where(Membership.site_id == Site.id, Membership.state == MembershipState.ACTIVE)
        .correlate(Site)
        .scalar_subquery()
    )
    columns = select(Site.id, Site.name, people.label("people")).where(scope(by, Site))
    return paging.page(session, columns, Order(Site.sort_key, Site.id, scope(by, Site)), place)
