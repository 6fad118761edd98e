"""What a mail says comes next, and by when: from the same place as the pages, asked at the moment it is sent."""

import re
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from mhfa_lms import clock, i18n
from mhfa_lms.models import Certificate, Enrolment, Membership, Message, Organisation
from mhfa_lms.services import journey, renewal
from mhfa_lms.services.journey import Journey, Next

# Mails about a course, and those about a certificate; the address they lead to names which one.
ABOUT_COURSES: Final = frozenset({"attempt-released", "scenario-result", "activity-decided"})
ABOUT_CERTIFICATES: Final = frozenset({"certificate-ready", "reminder"})
COURSE: Final = re.compile(r"/learn/(\d+)(?:/.*)?")
CERTIFICATE: Final = re.compile(r"/certificates/(\w+)(?:/renew)?")


def facts(session: Session, message: Message, *, now: datetime) -> dict[str, Any]:
    """Return the facts that a mail's part about what comes next asks for; none for a mail that needs no such part.

    `next` is what to do (`services.pathway.Next`) and the others what goes with it; texts of the course are in the
    mail's language.
    """
    path = str(message.facts.get("path", ""))
    if message.kind in ABOUT_COURSES and (found := COURSE.fullmatch(path)):
        return _of_course(session, message, int(found[1]))
    if message.kind in ABOUT_CERTIFICATES and (found := CERTIFICATE.fullmatch(path)):
        return _of_certificate(session, message, found[1], now)
    return {}


def _of_course(session: Session, message: Message, enrolment_id: int) -> dict[str, Any]:
    enrolment = session.scalars(
        select(Enrolment)
        .join(Membership, Membership.id == Enrolment.membership_id)
        .where(Enrolment.id == enrolment_id, Membership.account_id == message.account_id)
        .options(joinedload(Enrolment.revision))
    ).one_or_none()
    if enrolment is None:
        return {}
    with i18n.use(message.locale):
        return _told(journey.of(session, enrolment))


def _told(here: Journey) -> dict[str, Any]:
    left = here.path.left
    told: dict[str, Any] = {
        "next": here.next.value,
        "steps_left": len(left.steps),
        "minutes_left": left.minutes,
        "next_title": "",
        "aim_on": here.aim.isoformat() if here.aim else "",
    }
    if here.next is Next.STEP and here.step is not None:
        told["next_title"] = here.step[1].title
    if here.next is Next.SCENARIO and here.to_write is not None:
        told["next_title"] = here.to_write.scenario.title
    return told


def _of_certificate(session: Session, message: Message, code: str, now: datetime) -> dict[str, Any]:
    row = session.execute(
        select(Certificate, Organisation.timezone)
        .join(Membership, Membership.id == Certificate.membership_id)
        .join(Organisation, Organisation.id == Certificate.organisation_id)
        .where(Certificate.code == code, Membership.account_id == message.account_id)
    ).one_or_none()
    if row is None:
        return {}
    held = row.Certificate
    if message.kind == "certificate-ready":
        return {"renew_from_on": held.window_opens_on.isoformat(), "renew_until_on": held.window_closes_on.isoformat()}
    with i18n.use(message.locale):
        course = renewal.course_for(session, held, clock.civil_date(now, row.timezone))
    if course is None:
        return {}
    return {"renew_with": course.title, "renew_begun": course.enrolment_id is not None}
