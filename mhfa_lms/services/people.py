"""The people of an organisation as its coordinator sees them: the list, one person's details, open invitations."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, ScalarSelect, Select, String, and_, cast, exists, func, literal, not_, or_, select
from sqlalchemy.orm import Session, joinedload

from mhfa_lms.db import rows, transaction
from mhfa_lms.models import (
    Audience,
    Certificate,
    Course,
    CourseRevision,
    Enrolment,
    EnrolmentState,
    Invitation,
    Membership,
    MembershipRole,
    MembershipState,
    Message,
    Role,
    Site,
    WorkState,
)
from mhfa_lms.policy import Actor, Can, require, scope
from mhfa_lms.services import audit, names, paging
from mhfa_lms.services.paging import Columns, Order, Page, Place, Total
from mhfa_lms.services.periods import counts_on

NO_SITE: Final = 0


class Training(StrEnum):
    """Where a person's training stands, as a filter."""

    CERTIFIED = "certified"
    IN_TRAINING = "training"
    NEITHER = "neither"


class UnknownSiteError(ValueError):
    """The site is not one of the organisation's."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Whom to show. Each one left empty lets everybody through, but for people who left: they are a list of their own.

    `site_id` 0 means people without a site.
    """

    text: str = ""
    site_id: int | None = None
    role: Role | None = None
    training: Training | None = None
    left: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One person in the list. `certified_until` is the last day of the certificate that counts longest."""

    id: int
    name: str
    site: str | None
    roles: tuple[Role, ...]
    courses: tuple[str, ...]
    certified_until: date | None
    listed: bool


@dataclass(frozen=True, slots=True)
class Details:
    """What the organisation notes about a member beside roles."""

    name: str
    site_id: int | None
    audience: Audience
    languages: str
    work_email: str


def _conditions(filters: Filters, today: date) -> Iterator[ColumnElement[bool]]:
    yield Membership.state == (MembershipState.LEFT if filters.left else MembershipState.ACTIVE)
    if "@" in filters.text:
        yield func.lower(Membership.work_email).contains(filters.text.lower(), autoescape=True)
    else:
        for word in names.sort_key(filters.text).split():
            yield Membership.sort_key.contains(word, autoescape=True)
    if filters.site_id is not None:
        yield Membership.site_id == filters.site_id if filters.site_id else Membership.site_id.is_(None)
    if filters.role is not None:
        yield exists().where(MembershipRole.membership_id == Membership.id, MembershipRole.role == filters.role)
    if filters.training is Training.CERTIFIED:
        yield _certified(today)
    elif filters.training is Training.IN_TRAINING:
        yield _in_training()
    elif filters.training is Training.NEITHER:
        yield and_(not_(_certified(today)), not_(_in_training()))


def _counts(today: date) -> ColumnElement[bool]:
    return and_(Certificate.membership_id == Membership.id, counts_on(today))


def _certified(today: date) -> ColumnElement[bool]:
    return exists().where(_counts(today))


def _in_training() -> ColumnElement[bool]:
    return exists().where(Enrolment.membership_id == Membership.id, Enrolment.state == EnrolmentState.ACTIVE)


def _until(today: date) -> ScalarSelect[Any]:
    return select(func.max(Certificate.expires_on)).where(_counts(today)).correlate(Membership).scalar_subquery()


def _chosen(columns: Columns, filters: Filters, *, by: Actor, today: date) -> Columns:
    return columns.where(scope(by, Membership), *_conditions(filters, today))


def total(session: Session, filters: Filters, *, by: Actor, today: date) -> Total:
    """Return how many people the filters let through, exactly up to 10,000."""
    return paging.count(session, _chosen(select(Membership.id), filters, by=by, today=today))


def page(session: Session, filters: Filters, place: Place, *, by: Actor, today: date) -> Page[Line]:
    """Return 25 people in the order of names. Raises `Forbidden`."""
    require(by, Can.SEE_PEOPLE)
    columns = select(
        Membership.id, Membership.name, Membership.listed_since, Site.name.label("site"), _until(today).label("until")
    ).outerjoin(Site, Site.id == Membership.site_id)
    order = Order(Membership.sort_key, Membership.id, scope(by, Membership))
    found = paging.page(session, _chosen(columns, filters, by=by, today=today), order, place)
    ids = [row.id for row in found.rows]
    roles, courses = _roles(session, ids), _courses(session, ids)
    lines = [
        Line(
            row.id,
            row.name,
            row.site,
            roles.get(row.id, ()),
            courses.get(row.id, ()),
            row.until,
            row.listed_since is not None,
        )
        for row in found.rows
    ]
    return Page(lines, found.before, found.after)


def _roles(session: Session, ids: list[int]) -> dict[int, tuple[Role, ...]]:
    held: dict[int, set[Role]] = {}
    roles = select(MembershipRole.membership_id, MembershipRole.role).where(MembershipRole.membership_id.in_(ids))
    for membership_id, role in rows(session, roles):
        held.setdefault(membership_id, set()).add(role)
    return {one: tuple(role for role in Role if role in some) for one, some in held.items()}


def _courses(session: Session, ids: list[int]) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    statement = (
        select(Enrolment.membership_id, CourseRevision.title)
        .join(CourseRevision, CourseRevision.id == Enrolment.revision_id)
        .where(Enrolment.membership_id.in_(ids), Enrolment.state == EnrolmentState.ACTIVE)
        .order_by(Enrolment.enrolled_at, Enrolment.id)
    )
    for membership_id, title in rows(session, statement):
        found[membership_id] = (*found.get(membership_id, ()), title)
    return found


def member(session: Session, membership_id: int, *, by: Actor) -> Membership | None:
    """Return a member of the actor's organisation with site, roles and organisation loaded, or None."""
    loaded = (joinedload(Membership.site), joinedload(Membership.organisation), joinedload(Membership.roles))
    found = session.scalars(
        select(Membership).options(*loaded).where(scope(by, Membership), Membership.id == membership_id)
    )
    return found.unique().one_or_none()


def set_details(membership_id: int, details: Details, *, by: Actor, now: datetime) -> None:
    """Change what the organisation notes about a member. Certificates keep the name they were issued in.

    Raises `Forbidden`, and `UnknownSiteError` for a site that is not the organisation's.
    """
    with transaction() as session:
        row = session.get_one(Membership, membership_id, with_for_update=True)
        require(by, Can.CHANGE_MEMBERSHIP, row)
        if details.site_id is not None and not _is_own_site(session, details.site_id, row.organisation_id):
            raise UnknownSiteError(details.site_id)
        row.name, row.sort_key = details.name.strip(), names.sort_key(details.name)
        row.site_id, row.audience = details.site_id, details.audience
        row.languages, row.work_email = details.languages.strip(), details.work_email.strip()
        audit.about(session, "details-changed", row, by=by, now=now)


def _is_own_site(session: Session, site_id: int, organisation_id: int) -> bool:
    query = select(Site.id).where(Site.id == site_id, Site.organisation_id == organisation_id)
    return session.scalars(query).one_or_none() is not None


def _open(by: Actor) -> ColumnElement[bool]:
    return and_(scope(by, Invitation), Invitation.accepted_at.is_(None), Invitation.withdrawn_at.is_(None))


def _undelivered() -> ColumnElement[bool]:
    """Whether the invitation's mail failed for good: its key is what `invitations.invite` posts it under."""
    key = literal("invitation:") + cast(Invitation.id, String)
    return exists().where(Message.key == key, Message.state == WorkState.FAILED)


def _matching(by: Actor, text: str) -> ColumnElement[bool]:
    """Return the condition for open invitations whose name or address holds every word of a text."""
    words = (
        or_(
            Invitation.email_key.contains(word, autoescape=True),
            func.lower(Invitation.name).contains(word, autoescape=True),
        )
        for word in text.lower().split()
    )
    return and_(_open(by), *words)


def invitations_found(session: Session, text: str, *, by: Actor) -> Total:
    """Return how many open invitations, expired ones among them, hold the words of a text."""
    return paging.count(session, select(Invitation.id).where(_matching(by, text)))


def invitations(session: Session, place: Place, *, by: Actor, text: str = "") -> Page[Any]:
    """Return 25 invitations that were neither accepted nor withdrawn, by address; expired ones are among them."""
    require(by, Can.INVITE)
    newest: Select[Any] = (
        select(CourseRevision.title)
        .where(CourseRevision.course_id == Course.id)
        .order_by(CourseRevision.number.desc())
        .limit(1)
    )
    columns = (
        select(
            Invitation.id,
            Invitation.name,
            Invitation.email,
            Invitation.created_at,
            Invitation.expires_at,
            newest.correlate(Course).scalar_subquery().label("course"),
            _undelivered().label("undelivered"),
        )
        .outerjoin(Course, Course.id == Invitation.course_id)
        .where(_matching(by, text))
    )
    return paging.page(session, columns, Order(Invitation.email_key, Invitation.id, _open(by)), place)


def invitations_total(session: Session, *, by: Actor, now: datetime) -> Total:
    """Return how many invitations can still be accepted: open, and not expired."""
    return paging.count(session, select(Invitation.id).where(_open(by), Invitation.expires_at > now))


def invitation(session: Session, invitation_id: int, *, by: Actor) -> Invitation | None:
    """Return an open invitation of the actor's organisation, or None."""
    return session.scalars(select(Invitation).where(_open(by), Invitation.id == invitation_id)).one_or_none()
