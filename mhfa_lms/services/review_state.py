"""Whether a revision was reviewed, by whom and when, and what has changed since: the truth that every page tells.

Two sources count. A clinician's sign-off is for one revision, whose text it saw. What the files say of a review counts
for the first revision that says it; the same line over other words was about an earlier text. A correction of a
reviewed revision is shown as that: reviewed, corrected since.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms import clock
from mhfa_lms.models import CourseRevision, CourseSignOff, ReviewerKind
from mhfa_lms.services import acceptance, catalogue

# How many revisions back the files are asked what they said: parsing a course takes long, and older news is none.
LOOKED_BACK: Final = 12


class State(StrEnum):
    """How a revision stands to a clinical review."""

    REVIEWED = "reviewed"
    CORRECTED = "corrected"  # small corrections were made since
    EARLIER = "earlier"  # an earlier revision was reviewed, and more than that has changed
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ReviewState:
    """A revision's review. `number` is the revision that was reviewed; `who`, `profession` and `day` say by whom."""

    state: State
    number: int = 0
    who: str = ""
    profession: str = ""
    day: date | None = None
    # Those who read it for their community and signed this very revision.
    community: tuple[CourseSignOff, ...] = ()

    @property
    def counts(self) -> bool:
        """Whether the text was reviewed, but for small corrections."""
        return self.state in {State.REVIEWED, State.CORRECTED}


def of(session: Session, revision: CourseRevision) -> ReviewState:
    """Return how one revision stands. Two queries."""
    return of_all(session, [revision])[revision.id]


def of_all(session: Session, wanted: Sequence[CourseRevision]) -> dict[int, ReviewState]:
    """Return how revisions stand, by id. Two queries, whatever their number."""
    courses = {one.course_id for one in wanted}
    query = select(CourseRevision).where(CourseRevision.course_id.in_(courses)).order_by(CourseRevision.number)
    everything = list(session.scalars(query))
    signed = select(CourseSignOff).where(CourseSignOff.revision_id.in_([one.id for one in everything]))
    signed = signed.where(CourseSignOff.withdrawn_at.is_(None))
    signs: dict[int, list[CourseSignOff]] = {}
    for one in session.scalars(signed.order_by(CourseSignOff.signed_at, CourseSignOff.id)):
        signs.setdefault(one.revision_id, []).append(one)
    return {
        one.id: _of(one, [other for other in everything if other.course_id == one.course_id], signs) for one in wanted
    }


def _of(wanted: CourseRevision, line: list[CourseRevision], signs: dict[int, list[CourseSignOff]]) -> ReviewState:
    """Walk back from a revision to the newest review of it or of an earlier one."""
    community = tuple(one for one in signs.get(wanted.id, []) if one.kind is ReviewerKind.COMMUNITY)
    corrected = {wanted.id}
    one: CourseRevision | None = wanted
    while one is not None:
        before = _before(one, line)
        found = _signed(signs.get(one.id, []))
        if found is None and wanted.number - one.number < LOOKED_BACK:
            found = _said(one, before)
        if found:
            who, profession, day = found
            same = State.REVIEWED if one.id == wanted.id else State.CORRECTED
            state = same if one.id in corrected else State.EARLIER
            return ReviewState(state, one.number, who, profession, day, community)
        if one.id in corrected and one.corrects_id is not None:
            corrected.add(one.corrects_id)
        one = before
    return ReviewState(State.NONE, community=community)


def _before(one: CourseRevision, line: list[CourseRevision]) -> CourseRevision | None:
    """Return the revision whose text one was made from: the one it corrects, else the last one before it."""
    if one.corrects_id is not None:
        return next(other for other in line if other.id == one.corrects_id)
    return max((other for other in line if other.number < one.number), key=lambda other: other.number, default=None)


def _signed(signs: list[CourseSignOff]) -> tuple[str, str, date] | None:
    clinical = [one for one in signs if one.kind is ReviewerKind.CLINICAL]
    if not clinical:
        return None
    last = clinical[-1]
    return last.name, last.profession, clock.civil_date(last.signed_at, "UTC")


def _said(one: CourseRevision, before: CourseRevision | None) -> tuple[str, str, date] | None:
    """Return what a revision's files say of a review of this very text."""
    said = catalogue.review(one)
    if acceptance.is_new_review(said, catalogue.review(before) if before else None) and said.by and said.date:
        return said.by, "", said.date
    return None
