"""What became of a course's revisions: accepted, signed off, withdrawn, with names and reasons."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms.models import CourseAcceptance, CourseRevision, CourseSignOff


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened to a revision: `accepted`, `signed` or `withdrawn`."""

    at: datetime
    what: str
    number: int
    name: str = ""
    profession: str = ""
    reason: str = ""


def trail(session: Session, course_id: int) -> list[Entry]:
    """Return what happened to a course's revisions, the newest first. Two queries."""
    of_course = CourseRevision.course_id == course_id
    accepted = session.execute(
        select(CourseAcceptance, CourseRevision.number)
        .join(CourseRevision, CourseRevision.id == CourseAcceptance.revision_id)
        .where(of_course)
    )
    found = [Entry(one.accepted_at, "accepted", number, reason=one.reason) for one, number in accepted]
    signed = session.execute(
        select(CourseSignOff, CourseRevision.number)
        .join(CourseRevision, CourseRevision.id == CourseSignOff.revision_id)
        .where(of_course)
    )
    for one, number in signed:
        found.append(Entry(one.signed_at, "signed", number, one.name, one.profession))
        if one.withdrawn_at is not None:
            found.append(Entry(one.withdrawn_at, "withdrawn", number, one.name, one.profession, one.withdrawn_because))
    return sorted(found, key=lambda entry: (entry.at, entry.number, entry.what), reverse=True)
