"""What a course asks people to have before it, and what of that somebody lacks."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms.content.gating import NOTHING, Prerequisites
from mhfa_lms.content.schema import Course as Content
from mhfa_lms.models import Certificate, CertificationType, Course, CourseRevision, Enrolment, EnrolmentState


class PrerequisitesError(RuntimeError):
    """Somebody lacks what a course asks for; `missing` is what."""

    def __init__(self, missing: Prerequisites) -> None:
        super().__init__(str(missing))
        self.missing = missing


def missing(session: Session, enrolment_id: int, course: Content) -> Prerequisites:
    """Return what an enrolment's person lacks. No query where nothing is asked, else up to three.

    Certifications count that were valid on the day of enrolling or were earned since: what was met at the start stays
    met while somebody learns.
    """
    if not course.prerequisites.any:
        return NOTHING
    enrolment = session.get_one(Enrolment, enrolment_id)
    return lacking(session, enrolment.membership_id, course.prerequisites, on=enrolment.enrolled_at.date())


def lacking(session: Session, membership_id: int, asked: Prerequisites, *, on: date) -> Prerequisites:
    """Return what of `asked` a member lacks; certifications must not have ended before `on`. Up to two queries."""
    return Prerequisites(
        certifications=_without(asked.certifications, _held(session, membership_id, asked, on)),
        courses=_without(asked.courses, _completed(session, membership_id, asked)),
    )


def _without(asked: tuple[str, ...], found: frozenset[str]) -> tuple[str, ...]:
    return tuple(one for one in asked if one not in found)


def _held(session: Session, membership_id: int, asked: Prerequisites, on: date) -> frozenset[str]:
    if not asked.certifications:
        return frozenset()
    return frozenset(
        session.scalars(
            select(CertificationType.slug)
            .join(Certificate, Certificate.certification_type_id == CertificationType.id)
            .where(
                Certificate.membership_id == membership_id,
                CertificationType.slug.in_(asked.certifications),
                Certificate.expires_on >= on,
                Certificate.revoked_at.is_(None),
                Certificate.replaced_by_id.is_(None),
            )
        )
    )


def _completed(session: Session, membership_id: int, asked: Prerequisites) -> frozenset[str]:
    if not asked.courses:
        return frozenset()
    return frozenset(
        session.scalars(
            select(Course.slug)
            .join(Enrolment, Enrolment.course_id == Course.id)
            .where(
                Enrolment.membership_id == membership_id,
                Enrolment.state == EnrolmentState.COMPLETED,
                Course.slug.in_(asked.courses),
            )
        )
    )


@dataclass(frozen=True, slots=True)
class Named:
    """Prerequisites as people call them."""

    certifications: tuple[str, ...]
    courses: tuple[str, ...]


def before(session: Session, membership_id: int, course: Content, *, on: date) -> Named | None:
    """Return by name what somebody who is not on a course lacks to begin it on a day; None when nothing."""
    if not course.prerequisites.any:
        return None
    found = lacking(session, membership_id, course.prerequisites, on=on)
    return named(session, found) if found.any else None


def named(session: Session, asked: Prerequisites) -> Named:
    """Return the names of what is asked for; what this installation does not know keeps its slug. Two queries."""
    types = session.execute(
        select(CertificationType.slug, CertificationType.name).where(CertificationType.slug.in_(asked.certifications))
    )
    titles = session.execute(
        select(Course.slug, CourseRevision.title)
        .join(CourseRevision, CourseRevision.course_id == Course.id)
        .where(Course.slug.in_(asked.courses))
        .order_by(CourseRevision.number)
    )
    by_type = {row.slug: row.name for row in types}
    by_course = {row.slug: row.title for row in titles}
    return Named(
        certifications=tuple(by_type.get(one, one) for one in asked.certifications),
        courses=tuple(by_course.get(one, one) for one in asked.courses),
    )
