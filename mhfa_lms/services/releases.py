"""Instructors: who has failed the last attempt, and letting them have one more."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from mhfa_lms.db import transaction
from mhfa_lms.models import (
    Adjustment,
    AdjustmentKind,
    Attempt,
    AttemptRelease,
    CourseRevision,
    Enrolment,
    EnrolmentState,
    Membership,
)
from mhfa_lms.models import Course as CourseRow
from mhfa_lms.policy import Actor, Can, Forbidden, allowed, require, scope
from mhfa_lms.services import attempts, audit, catalogue, learning, outbox, rules
from mhfa_lms.services.adjustments import ReasonNeededError
from mhfa_lms.services.attempts import NotNowError
from mhfa_lms.services.enrolments import NotActiveError
from mhfa_lms.services.pathway import Phase
from mhfa_lms.services.rules import Rule

# An instructor's list shows the newest; more than this waiting at once is a course to look at, not a list.
MOST_LISTED: Final = 200


def release(enrolment_id: int, *, reason: str, by: Actor, now: datetime) -> None:
    """Allow one more attempt after the last one failed, and tell the learner; repeated calls change nothing.

    Raises `Forbidden`, `ReasonNeededError`, `NotActiveError`, and `NotNowError` for one who has attempts left.
    """
    with transaction() as session:
        enrolment = session.get(Enrolment, enrolment_id, with_for_update={"key_share": True}, populate_existing=True)
        if enrolment is None or by.membership_id is None:
            raise Forbidden(Can.RELEASE_ATTEMPT)
        require(by, Can.RELEASE_ATTEMPT, enrolment)
        if not reason.strip():
            raise ReasonNeededError
        if enrolment.state is not EnrolmentState.ACTIVE:
            raise NotActiveError(enrolment_id)
        course = learning.course_of(enrolment)
        here = attempts.standing(session, enrolment, course, is_open=True)
        if here.released and here.phase is Phase.AGAIN:
            return
        if here.phase is not Phase.OUT:
            raise NotNowError(here.phase)
        row = AttemptRelease(
            enrolment_id=enrolment_id,
            assessment=course.assessment.id,
            for_number=here.next_number,
            released_by_id=by.membership_id,
            reason=reason.strip(),
            released_at=now,
        )
        session.add(row)
        session.flush()
        _tell(session, enrolment, row, by=by, now=now)


def _tell(session: Session, enrolment: Enrolment, row: AttemptRelease, *, by: Actor, now: datetime) -> None:
    audit.about(session, "attempt-released", enrolment, by=by, now=now, number=row.for_number)
    member = session.get_one(Membership, enrolment.membership_id)
    outbox.post(
        session,
        "attempt-released",
        key=f"attempt-released:{row.id}",
        due_at=now,
        now=now,
        account_id=member.account_id,
        organisation_id=enrolment.organisation_id,
        locale=member.account.locale,
        facts={
            "name": member.name,
            "course": session.get_one(CourseRevision, enrolment.revision_id).title,
            "path": f"/learn/{enrolment.id}/assessment",
        },
    )


@dataclass(frozen=True, slots=True)
class OutOfAttempts:
    """A learner who has failed the last attempt and waits for one way or the other."""

    enrolment_id: int
    name: str
    course_title: str
    attempts: int
    best_points: Decimal
    max_points: Decimal
    last_at: datetime


def out_of_attempts(session: Session, actor: Actor) -> list[OutOfAttempts]:
    """Return those whom the instructor may release another attempt, the longest waiting first. Three queries."""
    if not allowed(actor, Can.RELEASE_ATTEMPT):
        return []
    released = (
        select(func.max(AttemptRelease.for_number))
        .where(AttemptRelease.enrolment_id == Enrolment.id)
        .correlate(Enrolment)
        .scalar_subquery()
    )
    extra = (
        select(func.coalesce(func.sum(Adjustment.amount), 0))
        .where(
            Adjustment.enrolment_id == Enrolment.id,
            Adjustment.kind == AdjustmentKind.MORE_ATTEMPTS,
            Adjustment.ended_at.is_(None),
        )
        .correlate(Enrolment)
        .scalar_subquery()
    )
    used, last_at = func.count(Attempt.id), func.max(Attempt.submitted_at)
    rows = session.execute(
        select(
            Enrolment.id,
            CourseRevision,
            Membership.name,
            used.label("used"),
            extra.label("extra"),
            last_at.label("last_at"),
            func.max(Attempt.points).label("points"),
            func.max(Attempt.max_points).label("max_points"),
        )
        .join(CourseRevision, CourseRevision.id == Enrolment.revision_id)
        .join(CourseRow, CourseRow.id == Enrolment.course_id)
        .join(Membership, Membership.id == Enrolment.membership_id)
        .join(Attempt, Attempt.enrolment_id == Enrolment.id)
        .where(
            scope(actor, Enrolment),
            Enrolment.state == EnrolmentState.ACTIVE,
            Enrolment.membership_id != actor.membership_id,
            CourseRow.certification_type_id.in_(actor.authorised_types),
        )
        .group_by(Enrolment.id, CourseRevision.id, Membership.id)
        # Every attempt is failed: an open one has no verdict yet, so counting the failed ones is enough.
        .having(func.count(case((Attempt.passed.is_(False), 1))) == used, func.coalesce(released, 0) <= used)
        .order_by(last_at, Enrolment.id)
        .limit(MOST_LISTED)
    ).all()
    revisions = {row.CourseRevision.id: row.CourseRevision for row in rows}
    allowances = rules.resolve_for_revisions(
        session,
        Rule.ATTEMPTS,
        organisation_id=actor.organisation_id,
        revisions={one.id: (one.course_id, catalogue.course(one).defaults.model_dump()) for one in revisions.values()},
    )
    return [
        OutOfAttempts(row.id, row.name, row.CourseRevision.title, row.used, row.points, row.max_points, row.last_at)
        for row in rows
        if row.used >= allowances[row.CourseRevision.id].value + row.extra
    ]
