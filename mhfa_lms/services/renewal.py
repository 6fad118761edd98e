"""How a certificate is renewed: by a refresher inside its window, else by a full course of the same type."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms.models import Certificate, Course, CourseKind, CourseRevision, Enrolment, EnrolmentState
from mhfa_lms.services.periods import Standing, in_window, standing


@dataclass(frozen=True, slots=True)
class Renewal:
    """The course that renews a certificate; `enrolment_id` when its holder is on it already."""

    course_id: int
    title: str
    enrolment_id: int | None


def course_for(session: Session, certificate: Certificate, today: date) -> Renewal | None:
    """Return the course to take now, or None when there is nothing to renew yet or no course to do it with.

    Two queries. A certificate that was renewed, withdrawn or replaced is not renewed again.
    """
    if certificate.renewed_by_id or standing(certificate, today) not in {
        Standing.DUE,
        Standing.GRACE,
        Standing.LAPSED,
    }:
        return None
    offered = _offered(session, certificate.certification_type_id, refreshers=in_window(certificate, today))
    if not offered:
        return None
    rows = session.execute(
        select(Enrolment.course_id, Enrolment.id).where(
            Enrolment.membership_id == certificate.membership_id,
            Enrolment.course_id.in_(offered),
            Enrolment.state == EnrolmentState.ACTIVE,
        )
    )
    going = {row.course_id: row.id for row in rows}
    course_id = next((one for one in offered if one in going), next(iter(offered)))
    return Renewal(course_id, offered[course_id], going.get(course_id))


def _offered(session: Session, type_id: int, *, refreshers: bool) -> dict[int, str]:
    """Return the published courses of a type by id with their newest titles, refreshers first where they count."""
    rows = session.execute(
        select(Course.id, Course.kind, CourseRevision.title)
        .join(CourseRevision, CourseRevision.course_id == Course.id)
        .where(Course.certification_type_id == type_id, CourseRevision.open.is_(True))
        .order_by(Course.id, CourseRevision.number.desc())
    ).all()
    newest = {row.id: row for row in reversed(rows)}
    kinds = [CourseKind.REFRESHER, CourseKind.FULL] if refreshers else [CourseKind.FULL]
    return {row.id: row.title for kind in kinds for row in newest.values() if row.kind is kind}
