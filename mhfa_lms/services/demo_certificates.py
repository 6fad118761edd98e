"""How the demonstration's people came to their certificates: earned, withdrawn, corrected, recorded from before.

Everything runs in the caller's transaction, at times in the past.
"""

from datetime import date, timedelta
from typing import Final

from sqlalchemy import update

from mhfa_lms.models import Certificate, CertificateCorrection, CertificationType, Correction, Membership, Message
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import certification, demo_answers, names, outbox
from mhfa_lms.services.certificates import CARRIED
from mhfa_lms.services.demo_learning import attempt, enrol, hand_in, mark, read_steps
from mhfa_lms.services.demo_people import Certified
from mhfa_lms.services.demo_world import World
from mhfa_lms.services.periods import Terms, add_months, period

VALID_MONTHS: Final = 36


def completed_on(world: World, story: Certified) -> date:
    """Return the day on which a certificate was earned that expires as the story says."""
    return add_months(world.today + timedelta(days=story.expires_in), -VALID_MONTHS)


def certify(world: World, membership: Membership, story: Certified) -> Certificate:
    """Take somebody through the whole course, in the past, to a certificate of the wanted age; or record it."""
    if story.evidence:
        return _record(world, membership, story)
    done_at = world.at(completed_on(world, story))
    done_at = min(done_at, world.now - timedelta(minutes=20))
    enrolment = enrol(world, membership, done_at - timedelta(days=24))
    read_steps(world, enrolment, len(list(world.content.steps())), done_at - timedelta(days=23), practise=False)
    attempt(world, enrolment, 1, world.chance.randint(12, 15), done_at - timedelta(days=4))
    written = world.chance.choice(demo_answers.load().good)
    answer = hand_in(world, enrolment, 1, written, done_at - timedelta(days=3), seen_at=done_at)
    mark(world, enrolment, answer, written, done_at)
    certificate = certification.complete_if_ready(world.session, enrolment.id, now=done_at)
    if certificate is None:
        raise RuntimeError("the demonstration's story does not meet the course's requirements")
    _renumber(world, certificate)
    if story.revoked:
        certificate.revoked_at = min(done_at + timedelta(days=8), world.now)
        certificate.revoked_reason = story.revoked
    if story.corrected:
        certificate = _correct(world, certificate, membership, story.corrected)
    return certificate


def _renumber(world: World, certificate: Certificate) -> None:
    """Give a new certificate a number that is the same at every first start of the same day, for pictures."""
    old, certificate.code = certificate.code, world.code()
    world.session.flush()
    world.session.execute(
        update(Message)
        .where(Message.key == f"certificate-ready:{old}")
        .values(
            facts={
                "name": certificate.name,
                "type": certificate.type_name,
                "organisation": certificate.organisation_name,
                "expires_on": certificate.expires_on.isoformat(),
                "path": f"/certificates/{certificate.code}",
            },
            key=f"certificate-ready:{certificate.code}",
            internet_id=outbox.message_id(f"certificate-ready:{certificate.code}"),
        )
        .execution_options(synchronize_session=False)
    )


def _correct(world: World, old: Certificate, membership: Membership, name: str) -> Certificate:
    """Replace a certificate by one with the name as it should have been."""
    at = world.now - timedelta(days=6)
    new = Certificate(
        code=world.code(),
        name=name,
        sort_key=names.sort_key(name),
        issued_at=at,
        issued_on=at.date(),
        **{column: getattr(old, column) for column in CARRIED},
    )
    world.session.add(new)
    world.session.flush()
    old.replaced_by_id = new.id
    world.session.add(CertificateCorrection(certificate_id=old.id, because=Correction.MISSPELT, corrected_at=at))
    membership.name, membership.sort_key = name, new.sort_key
    certification.announce(world.session, new, membership, by=SYSTEM, now=at)
    return new


def _record(world: World, membership: Membership, story: Certified) -> Certificate:
    """Record a certificate from before, as if read from a coordinator's table a while ago."""
    done, organisation = completed_on(world, story), membership.organisation
    dates = period(done, Terms(VALID_MONTHS, 6, 3))
    certificate = Certificate(
        code=world.code(),
        is_imported=True,
        imported_key=f"{membership.id}:{world.revision.course.certification_type_id}:{done}",
        evidence=story.evidence,
        membership_id=membership.id,
        organisation_id=organisation.id,
        certification_type_id=world.revision.course.certification_type_id,
        name=membership.name,
        sort_key=membership.sort_key,
        type_name=world.session.get_one(CertificationType, world.revision.course.certification_type_id).name,
        course_title=world.revision.title,
        organisation_name=organisation.name,
        issuer_name=organisation.name,
        locale=organisation.locale,
        completed_on=done,
        starts_on=dates.starts_on,
        expires_on=dates.expires_on,
        window_opens_on=dates.window_opens_on,
        window_closes_on=dates.window_closes_on,
        issued_at=world.now - timedelta(days=90),
        issued_on=done,
    )
    world.session.add(certificate)
    world.session.flush()
    return certificate
