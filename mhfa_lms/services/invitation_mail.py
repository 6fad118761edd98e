"""The mail that carries an invitation."""

from datetime import datetime

from sqlalchemy.orm import Session

from mhfa_lms.models import Invitation, Organisation, Role
from mhfa_lms.policy import Actor
from mhfa_lms.services import catalogue, outbox


def post(session: Session, row: Invitation, secret: str, *, by: Actor, now: datetime) -> None:
    """Post the mail with the invitation's link, in the caller's transaction."""
    organisation = session.get_one(Organisation, row.organisation_id)
    outbox.post(
        session,
        "invitation",
        key=f"invitation:{row.id}",
        due_at=now,
        now=now,
        to_address=row.email,
        organisation_id=row.organisation_id,
        locale=organisation.locale,
        facts={
            "name": row.name,
            "organisation": organisation.name,
            "inviter": by.name,
            "course": course_title(session, row.course_id),
            "coordinator": Role.COORDINATOR.value in row.roles,
            "path": f"/invitation/{secret}",
        },
    )


def course_title(session: Session, course_id: int | None) -> str:
    """Return the title of the course that an invitation leads to, or nothing."""
    revision = catalogue.newest_of(session, course_id) if course_id is not None else None
    return revision.title if revision else ""
