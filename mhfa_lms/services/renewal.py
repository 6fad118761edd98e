"""How a certificate is renewed: by a refresher inside its window, else by a full course of the same type."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import and_, bindparam, select
from sqlalchemy.orm import Session

from mhfa_lms import clock
from mhfa_lms.db import rows
from mhfa_lms.models import Certificate, Course, CourseKind, CourseRevision, Enrolment, EnrolmentState, Membership
from mhfa_lms.services.periods import Dated, Standing, in_window, standing

_GOING: Final = and_(
    Enrolment.course_id == Course.id,
    Enrolment.membership_id == bindparam("membership_id"),
    Enrolment.state == EnrolmentState.ACTIVE,
)
# Made once, as home runs it: putting it together takes longer than running it.
_OFFERED: Final = (
    select(Course.id, Course.kind, CourseRevision.title, Enrolment.id.label("enrolment_id"), Enrolment.ready_since)
    .join(CourseRevision, CourseRevision.course_id == Course.id)
    .outerjoin(Enrolment, _GOING)
    .where(Course.certification_type_id == bindparam("type_id"), CourseRevision.open.is_(True))
    .order_by(Course.id, CourseRevision.number.desc())
)
TO_RENEW: Final = frozenset({Standing.DUE, Standing.GRACE, Standing.LAPSED})


class WhyNot(StrEnum):
    """Why a refresher does not renew a certificate today."""

    NOTHING = "nothing-to-renew"
    NOT_YET = "not-yet"
    OVER = "over"
    FULL_COURSE_NEXT = "full-course-next"


@dataclass(frozen=True, slots=True)
class Renewal:
    """A course that renews a certificate; `enrolment_id` when its holder is on it already.

    `waits` when they have finished it, and it will renew on its own once the window opens.
    """

    course_id: int
    title: str
    enrolment_id: int | None
    kind: CourseKind
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a refresher renews nothing of somebody's, and the certificate that decides so, if there is one."""

    why: WhyNot
    certificate: Certificate | None = None


class RefresherError(RuntimeError):
    """A refresher would renew nothing for whoever wanted to begin it; `refused` says why."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.why.value)
        self.refused = refused


def course_for(session: Session, certificate: Certificate, today: date) -> Renewal | None:
    """Return the course to take now, or None when there is nothing to renew yet or no course to do it with.

    One query. A certificate that was renewed, withdrawn or replaced is not renewed again.
    """
    if certificate.renewed_by_id or standing(certificate, today) not in TO_RENEW:
        return None
    found = offered(session, certificate, refreshers=why_not(certificate, today) is None)
    # Whoever is on one of them already goes on with that.
    return next((one for one in found if one.enrolment_id), found[0] if found else None)


def why_not(certificate: Dated, today: date) -> WhyNot | None:
    """Return why a refresher does not renew a certificate on a day; None when it does."""
    if getattr(certificate, "full_course_next", False):
        return WhyNot.FULL_COURSE_NEXT
    if in_window(certificate, today):
        return None
    return WhyNot.NOT_YET if today < certificate.window_opens_on else WhyNot.OVER


def offered(session: Session, certificate: Certificate, *, refreshers: bool) -> list[Renewal]:
    """Return the published courses of a certificate's type with their newest titles, refreshers first where they count.

    Each comes with its holder's active enrolment, of which there is at most one a course. One query.
    """
    wanted = {"membership_id": certificate.membership_id, "type_id": certificate.certification_type_id}
    found = rows(session, _OFFERED, wanted).all()
    newest = {row.id: row for row in reversed(found)}
    kinds = [CourseKind.REFRESHER, CourseKind.FULL] if refreshers else [CourseKind.FULL]
    return [
        Renewal(row.id, row.title, row.enrolment_id, kind, row.ready_since is not None)
        for kind in kinds
        for row in newest.values()
        if row.kind is kind
    ]


def refused(session: Session, membership_id: int, course_id: int, now: datetime) -> Refused | None:
    """Return why a course would renew nothing for a member today; None for a full course and a refresher that counts.

    At most four queries.
    """
    course = session.get(Course, course_id)
    if course is None or course.kind is CourseKind.FULL:
        return None
    held = session.scalars(
        select(Certificate)
        .where(
            Certificate.membership_id == membership_id,
            Certificate.certification_type_id == course.certification_type_id,
            Certificate.revoked_at.is_(None),
            Certificate.replaced_by_id.is_(None),
            Certificate.renewed_by_id.is_(None),
        )
        .order_by(Certificate.expires_on.desc(), Certificate.id.desc())
    ).all()
    if not held:
        return Refused(WhyNot.NOTHING)
    today = clock.civil_date(now, session.get_one(Membership, membership_id).organisation.timezone)
    # What completing would renew: the one in its window that lasts longest.
    deciding = next((one for one in held if in_window(one, today)), held[0])
    why = why_not(deciding, today)
    return Refused(why, deciding) if why else None


def opens_later(session: Session, membership: Membership, type_id: int, today: date, ready_on: date) -> bool:
    """Whether somebody holds a certificate that a refresher finished on a day will renew: one earned before that."""
    found = session.scalars(
        select(Certificate.id)
        .where(
            Certificate.membership_id == membership.id,
            Certificate.completed_on <= ready_on,
            Certificate.certification_type_id == type_id,
            Certificate.revoked_at.is_(None),
            Certificate.replaced_by_id.is_(None),
            Certificate.renewed_by_id.is_(None),
            Certificate.full_course_next.is_(False),
            Certificate.window_opens_on > today,
        )
        .limit(1)
    )
    return found.first() is not None
