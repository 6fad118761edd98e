"""Corrections reach learners who are under way: their enrolments go on to the revision that corrects theirs.

The enrolment itself moves, so that every page, mark and result that asks for its revision is right without asking
twice; what the learner began on stays in `enrolment_correction`. Progress, answers and results hang on the author's
ids, which a correction leaves as they are (`mhfa_lms.content.corrections`).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from mhfa_lms.db import session as reading
from mhfa_lms.db import transaction
from mhfa_lms.models import CourseRevision, Enrolment, EnrolmentCorrection, EnrolmentState
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import audit

# Learners moved in one transaction: whoever saves meanwhile waits for no more than this.
BATCH: Final = 500


def flow(*, now: datetime, batch: int = BATCH) -> int:
    """Give every learner under way the newest correction of their revision; returns how many were moved.

    In batches, each a transaction of its own: stopped half-way, everybody is on one of the two revisions, and the next
    run (after publishing, and at every tick) goes on. Somebody who saves at this moment is left for that next run.
    """
    moved = 0
    lines = newest(reading())
    reading().rollback()
    for old, new in lines.items():
        while some := _move(old, new, now=now, batch=batch):
            moved += some
    return moved


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
    # Most ticks find nobody: that needs no write lock.
    if reading().scalars(under_way.limit(1)).one_or_none() is None:
        reading().rollback()
        return 0
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
