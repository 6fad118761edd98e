"""Mails to the reviewers of a course: that they were asked, and that a new revision waits for them."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms.models import Account, Course, CourseReviewer, CourseRevision
from mhfa_lms.services import outbox


def named(session: Session, row: CourseReviewer, account: Account, *, now: datetime) -> None:
    """Tell somebody that they were asked to review a course, in the caller's transaction."""
    revision = session.scalars(
        select(CourseRevision)
        .where(CourseRevision.course_id == row.course_id)
        .order_by(CourseRevision.number.desc())
        .limit(1)
    ).one_or_none()
    title = revision.title if revision else session.get_one(Course, row.course_id).slug
    _post(session, f"review-asked:{row.id}", row, account, title, 0, now=now)


def waits(session: Session, revision: CourseRevision, *, now: datetime) -> None:
    """Tell a course's reviewers that a new revision waits to be read, in the caller's transaction."""
    rows = session.execute(
        select(CourseReviewer, Account)
        .join(Account, Account.id == CourseReviewer.account_id)
        .where(
            CourseReviewer.course_id == revision.course_id,
            CourseReviewer.ended_at.is_(None),
            Account.deactivated_at.is_(None),
        )
        .order_by(CourseReviewer.id)
    )
    for row, account in rows.all():
        key = f"review-waits:{revision.id}:{row.id}"
        _post(session, key, row, account, revision.title, revision.number, now=now)


def _post(
    session: Session, key: str, row: CourseReviewer, account: Account, title: str, number: int, *, now: datetime
) -> None:
    slug = session.get_one(Course, row.course_id).slug
    # A first password is chosen as a lost one is: the link goes to the address, and proves it.
    fresh = account.password_hash is None
    outbox.post(
        session,
        "review-asked",
        key=key,
        due_at=now,
        now=now,
        account_id=account.id,
        locale=account.locale,
        facts={
            "name": row.name,
            "course": title,
            "number": number,
            "clinical": row.kind.value == "clinical",
            "fresh": fresh,
            "path": "/forgot" if fresh else f"/review/{slug}",
        },
    )
