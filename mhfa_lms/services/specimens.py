"""A specimen of an organisation's certificates: as one would look today, of nobody, and kept nowhere as a certificate.

The worker draws it, as it draws certificates: into a file that lasts a week.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from mhfa_lms import clock, db, i18n
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import Certificate, CertificationType, CourseKind, CourseRevision, Organisation
from mhfa_lms.policy import Actor, Can, require
from mhfa_lms.services import catalogue, certification, looks, printed_facts, work

FILE_NAME = "specimen.pdf"


class NoCourseError(RuntimeError):
    """No course is open, so there is nothing that a certificate could be about."""


def begin(*, by: Actor, now: datetime) -> int:
    """Have the worker draw a specimen; returns the work's id.

    Raises `Forbidden`, `NoCourseError` and `work.TooMuchError`.
    """
    require(by, Can.COORDINATE)
    with db.transaction() as session:
        _revision(session)
        return work.begin(
            session,
            work.CERTIFICATE_SPECIMEN,
            by=by,
            now=now,
            payload={"name": FILE_NAME},
            organisation_id=by.organisation_id,
        )


def certificate(session: Session, *, by: Actor, now: datetime) -> Certificate:
    """Return what somebody would be certified who completed a full course today, without a number and for no session.

    Raises `Forbidden` and `NoCourseError`.
    """
    require(by, Can.COORDINATE)
    owner = session.get_one(Organisation, by.organisation_id)
    revision, today = _revision(session), clock.civil_date(now, owner.timezone)
    course, look = catalogue.course(revision), looks.current(session, owner.id)
    locale = i18n.known(course.language) or owner.locale
    dates = certification.new_period(certification.resolved(session, owner.id, revision.course_id, course), None, today)
    with i18n.use(locale):
        holder, instructor = _("Name of the person"), _("Name of the instructor")
    return Certificate(
        code="",
        name=holder,
        type_name=session.get_one(CertificationType, revision.course.certification_type_id).name,
        course_title=course.title,
        organisation_name=owner.name,
        issuer_name=certification.issuer_of(owner),
        locale=locale,
        minutes=round(course.hours * 60) or None,
        instructor_name=instructor,
        competencies=list(printed_facts.competencies(course, {one.id for one in course.scenarios}, locale)),
        paper=printed_facts.paper_of(owner, look),
        look=look,
        completed_on=today,
        starts_on=dates.starts_on,
        expires_on=dates.expires_on,
        issued_at=now,
        issued_on=today,
    )


def _revision(session: Session) -> CourseRevision:
    """Return the newest of the full courses, or of the refreshers where there are no others."""
    found = catalogue.newest(session)
    if not found:
        raise NoCourseError
    return max(found, key=lambda one: (one.course.kind is CourseKind.FULL, one.id))
