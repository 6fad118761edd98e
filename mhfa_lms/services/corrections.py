"""Corrections reach learners who are under way: their enrolments go on to the revision that corrects theirs.

The enrolment itself moves, so that every page, mark and result that asks for its revision is right without asking
twice; what the learner began on stays in `enrolment_correction`. Progress, answers and results hang on the author's
ids, which a correction leaves as they are (`mhfa_lms.content.corrections`).
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from mhfa_lms.content import carrying
from mhfa_lms.content.schema import Course as Content
from mhfa_lms.db import session as reading
from mhfa_lms.db import transaction
from mhfa_lms.models import CourseRevision, Enrolment, EnrolmentCorrection, EnrolmentState
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import audit

# Learners moved in one transaction: whoever saves meanwhile waits for no more than this.
BATCH: Final = 500
# Revisions with a correction that learners are still on.
_WAITING: Final = (
    select(Enrolment.revision_id)
    .join(CourseRevision, CourseRevision.corrects_id == Enrolment.revision_id)
    .where(Enrolment.state == EnrolmentState.ACTIVE)
    .distinct()
    .order_by(Enrolment.revision_id)
)


def flow(*, now: datetime, batch: int = BATCH) -> int:
    """Give every learner under way the newest correction of their revision; returns how many were moved.

    In batches, each a transaction of its own: stopped half-way, everybody is on one of the two revisions, and the next
    run (after publishing, and at every tick) goes on. Somebody who saves at this moment is left for that next run.
    """
    moved = 0
    waiting = list(reading().scalars(_WAITING))
    lines = newest(reading()) if waiting else {}
    reading().rollback()
    for old in waiting:
        while some := _move(old, lines[old], now=now, batch=batch):
            moved += some
    return moved


class Stays(StrEnum):
    """Why a correction does not reach the learners on an older revision."""

    # It concerns nothing that their text has.
    NOTHING = "nothing"
    # Their text has a corrected passage in other words.
    OTHER_WORDS = "other-words"


def for_older(
    session: Session, before: dict[str, Any], after: dict[str, Any], last: CourseRevision
) -> dict[CourseRevision, Content | Stays]:
    """Return what a correction of the newest revision makes of the older ones that learners are on, or why not.

    `before` and `after` are its documents. A query, and one for each of those.
    """
    lines = newest(session)
    on = session.scalars(
        select(Enrolment.revision_id)
        .where(Enrolment.course_id == last.course_id, Enrolment.state == EnrolmentState.ACTIVE)
        .distinct()
    )
    ends = {lines.get(one, one) for one in on} - {last.id}
    return {one: _fitted(one, before, after) for one in (session.get_one(CourseRevision, end) for end in sorted(ends))}


def _fitted(older: CourseRevision, before: dict[str, Any], after: dict[str, Any]) -> Content | Stays:
    try:
        # As this version of the program writes it, as both others are.
        found = carrying.fits(before, after, Content.model_validate(older.document).model_dump(mode="json"))
        return Content.model_validate(found) if found else Stays.NOTHING
    except ValueError:
        return Stays.OTHER_WORDS


def newest(session: Session) -> Mapping[int, int]:
    """Return, by each corrected revision's id, the id of the last correction in its line."""
    query = select(CourseRevision.corrects_id, CourseRevision.id).where(CourseRevision.corrects_id.is_not(None))
    nexts = {row.corrects_id: row.id for row in session.execute(query.order_by(CourseRevision.id))}
    return {old: _last(nexts, old) for old in nexts}


def _last(nexts: Mapping[int, int], revision_id: int) -> int:
    while revision_id in nexts:
        revision_id = nexts[revision_id]
    return revision_id


def _move(old: int, new: int, *, now: datetime, batch: int) -> int:
    under_way = (
        select(Enrolment.id)
        .where(Enrolment.revision_id == old, Enrolment.state == EnrolmentState.ACTIVE)
        .order_by(Enrolment.id)
        .limit(batch)
    )
    with transaction() as session:
        # Locks as a learner's own save takes them; waiting for those in the midst of one could end in a deadlock.
        ids = list(session.scalars(under_way.with_for_update(key_share=True, skip_locked=True)))
        if not ids:
            return 0
        session.execute(update(Enrolment).where(Enrolment.id.in_(ids)).values(revision_id=new))
        session.execute(
            insert(EnrolmentCorrection),
            [{"enrolment_id": one, "from_revision_id": old, "to_revision_id": new, "moved_at": now} for one in ids],
        )
        audit.record(
            session,
            "course-corrections-given",
            by=SYSTEM,
            now=now,
            subject=CourseRevision.__tablename__,
            subject_id=new,
            learners=len(ids),
        )
    return len(ids)


def began_on(session: Session, enrolment: Enrolment) -> int:
    """Return the id of the revision that an enrolment began on."""
    first = (
        select(EnrolmentCorrection.from_revision_id)
        .where(EnrolmentCorrection.enrolment_id == enrolment.id)
        .order_by(EnrolmentCorrection.from_revision_id)
        .limit(1)
    )
    return session.scalars(first).one_or_none() or enrolment.revision_id
