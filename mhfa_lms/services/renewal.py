"""How a certificate is renewed: by a refresher inside its window, else by a full course of the same type."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import and_, bindparam, select
from sqlalchemy.orm import Session

from mhfa_lms.db import rows
from mhfa_lms.models import Certificate, Course, CourseKind, CourseRevision, Enrolment, EnrolmentState
from mhfa_lms.services.periods import Standing, in_window, standing

_GOING: Final = and_(
    Enrolment.course_id == Course.id,
    Enrolment.membership_id == bindparam("membership_id"),
    Enrolment.state == EnrolmentState.ACTIVE,
)
# Made once, as home runs it: putting it together takes longer than running it.
_OFFERED: Final = (
    select(Course.id, Course.kind, CourseRevision.title, Enrolment.id.label("enrolment_id"))
    .join(CourseRevision, CourseRevision.course_id == Course.id)
    .outerjoin(Enrolment, _GOING)
    .where(Course.certification_type_id == bindparam("type_id"), CourseRevision.open.is_(True))
    .order_by(Course.id, CourseRevision.number.desc())
)


@dataclass(frozen=True, slots=True)
class Renewal:
    """The course that renews a certificate; `enrolment_id` when its holder is on it already."""

    course_id: int
    title: str
    enrolment_id: int | None


def course_for(session: Session, certificate: Certificate, today: date) -> Renewal | None:
    """Return the course to take now, or None when there is nothing to renew yet or no course to do it with.

    One query. A certificate that was renewed, withdrawn or replaced is not renewed again.
    """
    if certificate.renewed_by_id or standing(certificate, today) not in {
        Standing.DUE,
        Standing.GRACE,
        Standing.LAPSED,
    }:
        return None
    refreshers = in_window(certificate, today) and not certificate.full_course_next
    offered = _offered(session, certificate, refreshers=refreshers)
    # Whoever is on one of them already goes on with that.
    return next((one for one in offered if one.enrolment_id), offered[0] if offered else None)


def _offered(session: Session, certificate: Certificate, *, refreshers: bool) -> list[Renewal]:
    """Return the published courses of a certificate's type with their newest titles, refreshers first where they count.

    Each comes with its holder's active enrolment, of which there is at most one a course.
    """
    wanted = {"membership_id": certificate.membership_id, "type_id": certificate.certification_type_id}
    found = rows(session, _OFFERED, wanted).all()
    newest = {row.id: row for row in reversed(found)}
    kinds = [CourseKind.REFRESHER, CourseKind.FULL] if refreshers else [CourseKind.FULL]
    return [
        Renewal(row.id, row.title, row.enrolment_id) for kind in kinds for row in newest.values() if row.kind is kind
    ]
