"""The demonstration's review: an invented reader from the community has begun to read the course, and asks."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from mhfa_lms.content import review_parts
from mhfa_lms.content.schema import Course
from mhfa_lms.models import CourseReviewer, CourseRevision, Membership, ReviewComment, ReviewerKind

READER: Final = "educator"
ANCHOR: Final = "suicide-why-we-ask.body"
ASKED: Final = "Two of our parents read this. Could the first lines say sooner that asking is safe?"
ANSWERED: Final = "Thank you, and thank them. We will try it in the next revision."


def add(
    session: Session,
    people: dict[str, Membership],
    revision: CourseRevision,
    course: Course,
    *,
    admin: Membership,
    now: datetime,
) -> None:
    """Add a reader, their comment and an answer, in the caller's transaction; people by the name in their address."""
    found = review_parts.find(review_parts.parts(course), ANCHOR)
    passage = found[1] if found else None
    if passage is None:
        return
    reader = people[READER]
    begun = now - timedelta(days=6)
    named = {"kind": ReviewerKind.COMMUNITY, "name": reader.name, "profession": "Teacher"}
    session.add(CourseReviewer(course_id=revision.course_id, account_id=reader.account_id, named_at=begun, **named))
    first = ReviewComment(
        course_id=revision.course_id,
        revision_id=revision.id,
        anchor=ANCHOR,
        quoted=passage.text,
        text=ASKED,
        account_id=reader.account_id,
        author=reader.name,
        written_at=begun + timedelta(days=1),
    )
    session.add(first)
    session.flush()
    session.add(
        ReviewComment(
            course_id=revision.course_id,
            thread_id=first.id,
            revision_id=revision.id,
            anchor=ANCHOR,
            quoted="",
            text=ANSWERED,
            account_id=admin.account_id,
            author=admin.name,
            written_at=begun + timedelta(days=2),
        )
    )
