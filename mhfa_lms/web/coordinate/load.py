"""Loaders: every id is looked up through the coordinator's own organisation, so that another's is simply not there."""

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms import clock, db
from mhfa_lms.models import AwaitedCertificate, Certificate, Invitation, Membership, Message, Organisation
from mhfa_lms.policy import Actor, scope
from mhfa_lms.services import extensions, history_work, mail_life, people
from mhfa_lms.services.history_work import Looked
from mhfa_lms.services.secrets import read_code


def member(actor: Actor, membership_id: int) -> Membership | None:
    """Return a member of the organisation."""
    return people.member(db.session(), membership_id, by=actor)


def invitation(actor: Actor, invitation_id: int) -> Invitation | None:
    """Return an open invitation of the organisation."""
    return people.invitation(db.session(), invitation_id, by=actor)


def mail(actor: Actor, message_id: int) -> Message | None:
    """Return a mail of the organisation's that concerns its coordinators."""
    return mail_life.of_coordinator(db.session(), message_id, by=actor)


def history_look(actor: Actor, job_id: int) -> Looked | None:
    """Return one's own look at a table of earlier certificates."""
    return history_work.looked(job_id, by=actor, now=clock.now())


def awaited(actor: Actor, awaited_id: int) -> AwaitedCertificate | None:
    """Return a certificate that waits for somebody to join the organisation."""
    query = select(AwaitedCertificate).where(scope(actor, AwaitedCertificate), AwaitedCertificate.id == awaited_id)
    return db.session().scalars(query).one_or_none()


def authorisation(actor: Actor, authorisation_id: int) -> extensions.Held | None:
    """Return an authorisation of one of the organisation's instructors."""
    return extensions.find(db.session(), authorisation_id, by=actor)


def certificate(actor: Actor, code: str) -> Certificate | None:
    """Return a certificate the organisation issued."""
    query = select(Certificate).where(scope(actor, Certificate), Certificate.code == (read_code(code) or ""))
    return db.session().scalars(query).one_or_none()


def today(session: Session, actor: Actor, now: datetime) -> date:
    """Return the civil day in the organisation's zone."""
    zone = db.rows(session, select(Organisation.timezone).where(Organisation.id == actor.organisation_id)).scalar_one()
    return clock.civil_date(now, zone)
