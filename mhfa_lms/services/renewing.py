"""One certificate's renewal: what to do, by when and why, from when the new one would count, and beginning it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from mhfa_lms import clock
from mhfa_lms.db import session as reading
from mhfa_lms.db import transaction
from mhfa_lms.models import (
    Certificate,
    Course,
    CourseKind,
    CourseRevision,
    Enrolment,
    EnrolmentState,
    Membership,
    MembershipState,
    Organisation,
)
from mhfa_lms.policy import Actor, Can, require
from mhfa_lms.services import catalogue, certificates, certification, enrolments, renewal
from mhfa_lms.services.pathway import Left
from mhfa_lms.services.periods import Period, Standing
from mhfa_lms.services.renewal import Renewal, WhyNot

# A tick comes every minute.
OVERDUE: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class IfFinished:
    """The period that finishing on a day would earn; `gap` when the old one has ended by then."""

    day: date
    period: Period
    gap: bool


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a certificate's holder must do.

    `course` is the one to take, None when it is too early or none is offered; `refresher` says why no refresher counts,
    None when one would; `has_refresher` whether one is offered here at all; `early` is a course that its holder is on
    although it is too early to renew; `left` how far somebody is who is on `course`.
    """

    course: Renewal | None
    early: Renewal | None
    refresher: WhyNot | None
    has_refresher: bool
    left: Left | None
    finished: tuple[IfFinished, ...]


def look(session: Session, held: certificates.Held) -> Outlook:
    """Return what is to be done about a certificate. Up to eight queries."""
    certificate, today = held.certificate, held.today
    why = renewal.why_not(certificate, today)
    offered = renewal.offered(session, certificate, refreshers=True)
    counting = [one for one in offered if why in {None, WhyNot.NOT_YET} or one.kind is CourseKind.FULL]
    course = next((one for one in counting if one.enrolment_id), counting[0] if counting else None)
    return Outlook(
        course=course if held.standing in renewal.TO_RENEW else None,
        early=course if held.standing is Standing.VALID and course and course.enrolment_id else None,
        refresher=why,
        has_refresher=any(one.kind is CourseKind.REFRESHER for one in offered),
        left=_left(session, course) if course and course.enrolment_id and held.standing in renewal.TO_RENEW else None,
        finished=_finished(session, held, course) if course and not certificate.renewed_by_id else (),
    )


def _left(session: Session, course: Renewal) -> Left:
    enrolment = session.get_one(Enrolment, course.enrolment_id)
    return certification.requirements(session, enrolment, catalogue.course(enrolment.revision))


def _finished(session: Session, held: certificates.Held, course: Renewal) -> tuple[IfFinished, ...]:
    """Work out the days somebody may want to know: the first one possible, the last without a gap, the last of all."""
    certificate, today = held.certificate, held.today
    revision = _revision(session, course)
    if revision is None:
        return ()
    found = certification.resolved(session, certificate.organisation_id, course.course_id, catalogue.course(revision))
    return tuple(
        IfFinished(
            day,
            certification.new_period(found, None if held.standing is Standing.LAPSED else certificate, day),
            gap=day > certificate.expires_on,
        )
        for day in _days(certificate, today)
    )


def _revision(session: Session, course: Renewal) -> CourseRevision | None:
    if course.enrolment_id:
        return session.get_one(Enrolment, course.enrolment_id).revision
    return catalogue.newest_of(session, course.course_id)


def _days(certificate: Certificate, today: date) -> list[date]:
    if today > certificate.window_closes_on:
        return [today]
    first = max(today, certificate.window_opens_on)
    return sorted({day for day in (first, certificate.expires_on, certificate.window_closes_on) if day >= first})


def begin(code: str, *, by: Actor, now: datetime) -> int | None:
    """Put a certificate's holder on the course that renews it; who is on it stays. Returns the enrolment's id.

    None when there is nothing to renew now, or no course to do it with. A refresher that was finished before the window
    opened counts from now on. Raises `Forbidden`, and what `enrolments.enrol_in` raises.
    """
    with transaction() as session:
        certificate = certificates.by_code(session, code)
        require(by, Can.SEE_OWN_CERTIFICATE, certificate)
        require(by, Can.LEARN, certificate)
        held = certificates.held(certificate, certificate.membership.organisation.timezone, now)
        course = renewal.course_for(session, certificate, held.today)
        if course is None:
            return None
        membership = session.get_one(Membership, certificate.membership_id)
        enrolment = enrolments.enrol_in(session, membership, course.course_id, by=by, now=now)
        certification.complete_if_ready(session, enrolment.id, by=by, now=now)
        return enrolment.id


def issue_waiting(*, now: datetime, failed: Callable[[int, Exception], object]) -> int:
    """Renew what waited for its window, which has opened: refreshers that were finished before. Returns how many.

    One transaction each; a second worker finds nothing left to do. What can renew nothing any more is over as it is.
    One that raises stops no other: `failed` hears of its enrolment and the error, and the next call tries again.
    """
    issued = 0
    waiting = _waiting(reading(), now)
    reading().rollback()
    for enrolment_id in waiting:
        try:
            with transaction() as session:
                issued += certification.complete_if_ready(session, enrolment_id, now=now) is not None
        except Exception as error:
            failed(enrolment_id, error)
    return issued


def overdue(session: Session, *, now: datetime) -> int:
    """Return how many waiting renewals were due some minutes ago and are not issued. One query."""
    return len(_waiting(session, now - OVERDUE))


def _waiting(session: Session, now: datetime) -> list[int]:
    """Return the waiting enrolments whose learner's certificate can be renewed today, or never."""
    opens = func.min(Certificate.window_opens_on)
    found = session.execute(
        select(Enrolment.id, Organisation.timezone, opens.label("opens"))
        .join(Course, Course.id == Enrolment.course_id)
        .join(Organisation, Organisation.id == Enrolment.organisation_id)
        .join(Membership, Membership.id == Enrolment.membership_id)
        .outerjoin(
            Certificate,
            and_(
                Certificate.membership_id == Enrolment.membership_id,
                Certificate.certification_type_id == Course.certification_type_id,
                Certificate.revoked_at.is_(None),
                Certificate.replaced_by_id.is_(None),
                Certificate.renewed_by_id.is_(None),
                # A day earlier than here, it may be open still.
                Certificate.window_closes_on >= now.date() - timedelta(days=1),
            ),
        )
        .where(
            Enrolment.state == EnrolmentState.ACTIVE,
            Enrolment.ready_since.is_not(None),
            Membership.state == MembershipState.ACTIVE,
        )
        .group_by(Enrolment.id, Organisation.timezone)
        .having(or_(opens.is_(None), opens <= now.date() + timedelta(days=1)))
        .order_by(Enrolment.id)
    ).all()
    return [row.id for row in found if row.opens is None or row.opens <= clock.civil_date(now, row.timezone)]


def relatives(session: Session, certificate: Certificate) -> tuple[Certificate | None, Certificate | None]:
    """Return the certificate that this one renewed, and the one that renewed it. At most two queries."""
    earlier = session.scalars(
        select(Certificate).where(
            Certificate.renewed_by_id == certificate.id,
            Certificate.membership_id == certificate.membership_id,
            Certificate.replaced_by_id.is_(None),
        )
    ).first()
    return earlier, successor(session, certificate)


def successor(session: Session, certificate: Certificate) -> Certificate | None:
    """Return the certificate that renewed this one. At most one query."""
    return session.get(Certificate, certificate.renewed_by_id) if certificate.renewed_by_id else None
