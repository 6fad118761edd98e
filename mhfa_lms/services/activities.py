"""Activities: the learner says it is done, an instructor confirms it or gives it back with a comment.

The step counts as done when it is confirmed, without another visit of the learner's.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms.db import transaction
from mhfa_lms.models import ActivityReport, ActivityState, Enrolment, EnrolmentState, Membership, Way
from mhfa_lms.policy import Actor, Can, Forbidden, require
from mhfa_lms.services import audit, enrolments, learning, outbox
from mhfa_lms.services.learning import UnknownStepError
from mhfa_lms.services.pathway import LockedError

LONGEST: Final = 1000


class TooLongError(ValueError):
    """A note or comment is longer than `LONGEST`."""


class NoCommentError(ValueError):
    """Whoever gives an activity back says why."""


def of(session: Session, enrolment_id: int, step_id: str) -> ActivityReport | None:
    """Return what was reported about a step's activity. One query."""
    return session.scalars(
        select(ActivityReport).where(ActivityReport.enrolment_id == enrolment_id, ActivityReport.step == step_id)
    ).one_or_none()


def report(enrolment_id: int, step_id: str, note: str, *, by: Actor, now: datetime) -> None:
    """Say that an activity is done; saying it again changes the note until an instructor has looked.

    Raises `UnknownStepError`, `LockedError`, `TooLongError`, `enrolments.NotActiveError` and `Forbidden`.
    """
    with transaction() as session:
        report_held(session, enrolments.hold_active(session, enrolment_id, by=by), step_id, note, by=by, now=now)


def report_held(
    session: Session, enrolment: Enrolment, step_id: str, note: str, *, by: Actor, now: datetime, beside: bool = False
) -> None:
    """The same in the caller's transaction, for an active enrolment that it holds.

    With `beside` a note that waits already stays, above this one: both may have been written without knowing of each
    other. Raises as `report`.
    """
    words = note.strip()
    if len(words) > LONGEST:
        raise TooLongError(len(words))
    course = learning.course_of(enrolment)
    here = learning.place(course, step_id)
    if here.step.activity is None:
        raise UnknownStepError(step_id)
    if lock := learning.progress(session, enrolment.id, course).path.step_lock(here.module, here.step):
        raise LockedError(lock)
    row = of(session, enrolment.id, step_id)
    if row is not None and row.state is ActivityState.CONFIRMED:
        return
    if row is not None and row.state is ActivityState.WAITING:
        row.note = _joined(row.note, words) if beside else words
        return
    _wait(session, enrolment, step_id, row, words, by, now)


def _joined(there: str, words: str) -> str:
    if words in there:
        return there
    both = f"{there}\n\n{words}".strip()
    if len(both) > LONGEST:
        raise TooLongError(len(both))
    return both


def _wait(
    session: Session,
    enrolment: Enrolment,
    step_id: str,
    row: ActivityReport | None,
    words: str,
    by: Actor,
    now: datetime,
) -> None:
    if row is None:
        row = ActivityReport(
            enrolment_id=enrolment.id, organisation_id=enrolment.organisation_id, step=step_id, times=0
        )
        session.add(row)
    row.state, row.decided_at, row.decided_by_id, row.comment = ActivityState.WAITING, None, None, ""
    row.note, row.times, row.reported_at = words, row.times + 1, now
    session.flush()
    audit.about(session, "activity-reported", row, by=by, now=now, times=row.times)


def decide(report_ids: Sequence[int], *, confirm: bool, comment: str = "", by: Actor, now: datetime) -> int:
    """Confirm reports, or give them back with a comment; those decided meanwhile stay. Returns how many were decided.

    Raises `NoCommentError`, `TooLongError`, and `Forbidden` when one is not the instructor's to decide: none is then.
    """
    words = comment.strip()
    if not confirm and not words:
        raise NoCommentError
    if len(words) > LONGEST:
        raise TooLongError(len(words))
    with transaction() as session:
        # Always in the same order, so that two instructors with overlapping lists do not wait for each other.
        return sum(
            _decide(session, one, confirm=confirm, comment=words, by=by, now=now) for one in sorted(set(report_ids))
        )


def _decide(session: Session, report_id: int, *, confirm: bool, comment: str, by: Actor, now: datetime) -> bool:
    owner = select(ActivityReport.enrolment_id).where(ActivityReport.id == report_id).scalar_subquery()
    # The enrolment first, as everything that is saved about it does.
    enrolment = session.scalars(
        select(Enrolment).where(Enrolment.id == owner).with_for_update(key_share=True, of=Enrolment)
    ).one_or_none()
    row = session.get(ActivityReport, report_id, populate_existing=True)
    if row is None or enrolment is None:
        raise Forbidden(Can.CONFIRM_ACTIVITY)
    require(by, Can.CONFIRM_ACTIVITY, row)
    if row.state is not ActivityState.WAITING or enrolment.state is not EnrolmentState.ACTIVE:
        return False
    row.state = ActivityState.CONFIRMED if confirm else ActivityState.RETURNED
    row.comment, row.decided_at, row.decided_by_id = comment, now, by.membership_id
    session.flush()
    verb = "activity-confirmed" if confirm else "activity-returned"
    audit.about(session, verb, row, by=by, now=now, times=row.times)
    _tell(session, row, enrolment, now=now)
    if confirm:
        # A correction may have locked the step meanwhile: it then counts when its learner comes by.
        with suppress(LockedError):
            learning.count_as_done(session, enrolment, row.step, Way.READ, by=by, now=now)
    return True


def _tell(session: Session, row: ActivityReport, enrolment: Enrolment, *, now: datetime) -> None:
    """Tell the learner by mail; the comment stands on the step's page only."""
    member = session.get_one(Membership, enrolment.membership_id)
    step = learning.course_of(enrolment).step(row.step)
    outbox.post(
        session,
        "activity-decided",
        # The instant too: SQLite gives the ids of what was erased to others.
        key=f"activity-decided:{row.id}:{row.times}:{now.isoformat()}",
        due_at=now,
        now=now,
        account_id=member.account_id,
        organisation_id=row.organisation_id,
        locale=member.account.locale,
        facts={
            "name": member.name,
            "course": enrolment.revision.title,
            "step": step[1].title if step else row.step,
            "confirmed": row.state is ActivityState.CONFIRMED,
            "path": f"/learn/{enrolment.id}/step/{row.step}",
        },
    )
