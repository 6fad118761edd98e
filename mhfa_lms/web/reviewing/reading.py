"""A course as the reviewing pages show it: its parts, and beside each what was said about it."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms import db
from mhfa_lms.content.marking import Kind, Piece, marked
from mhfa_lms.content.review_parts import Part, find
from mhfa_lms.content.schema import Course as Content
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import Course, CourseRevision
from mhfa_lms.policy import Actor, Can, allowed
from mhfa_lms.services import reviewing
from mhfa_lms.services.reviewing import Thread
from mhfa_lms.web.requests import whole
from mhfa_lms.web.reviewing import fields, wording

# Comparing word by word takes the square of the words.
LONGEST: Final = 6_000


@dataclass(frozen=True, slots=True)
class Said:
    """A thread as it stands beside a part. `about` is the passage; `changes` what became of its words since."""

    thread: Thread
    about: str
    changes: tuple[Piece, ...] = ()
    gone: bool = False


def load(actor: Actor, reviewed: str) -> Course | None:
    """Return the course of this slug if the actor may review it."""
    course = db.session().scalars(select(Course).where(Course.slug == reviewed)).one_or_none()
    return course if course is not None and allowed(actor, Can.REVIEW, course) else None


def revision_of(session: Session, course: Course, number: str | None) -> CourseRevision | None:
    """Return the revision of a number, or the newest one when none is asked for."""
    query = select(CourseRevision).where(CourseRevision.course_id == course.id)
    if number:
        try:
            query = query.where(CourseRevision.number == whole(number))
        except ValueError:
            return None
    return session.scalars(query.order_by(CourseRevision.number.desc()).limit(1)).one_or_none()


def said(session: Session, course: Course, parts: list[Part]) -> dict[str, list[Said]]:
    """Return what was said, by the anchor of the part that it is about; under "" what is about parts that are gone."""
    found: dict[str, list[Said]] = {}
    for thread in reviewing.threads(session, course.id):
        part, one = place(parts, thread)
        found.setdefault(part, []).append(one)
    return found


def place(parts: list[Part], thread: Thread) -> tuple[str, Said]:
    """Return the anchor of a thread's part in this text, and the thread as it stands there."""
    there = find(parts, thread.first.anchor)
    if there is None:
        return "", Said(thread, thread.first.anchor, gone=True)
    part, passage = there
    if passage is None:
        return part.anchor, Said(thread, _("The whole of it"))
    quoted = thread.first.quoted
    changes = _changes(quoted, passage.text) if quoted != passage.text else ()
    return part.anchor, Said(thread, fields.name_of(passage.label, passage.of), tuple(changes))


def _changes(before: str, after: str) -> list[Piece]:
    if len(before) + len(after) > LONGEST:
        return [Piece(Kind.GONE, before), Piece(Kind.NEW, after)]
    return marked(before, after)


def kinds() -> dict[str, str]:
    """Return what parts are, in words."""
    return {
        "course": _("The course"),
        "module": _("Module"),
        "step": _("Step"),
        "question": _("Question"),
        "assessment": _("Assessment"),
        "scenario": _("Scenario"),
        "conversation": _("Conversation"),
        "glossary": _("Glossary"),
    }


def still_open(found: dict[str, list[Said]]) -> int:
    """Return how many comments are not settled."""
    return sum(one.thread.is_open for some in found.values() for one in some)


def shared(content: Content, parts: list[Part]) -> dict[str, Any]:
    """Return what every page of a course's text needs."""
    steps = {step.id: step for _module, step in content.steps()}
    return {"parts": parts, "words": wording, "fields": fields, "kinds": kinds(), "steps": steps}
