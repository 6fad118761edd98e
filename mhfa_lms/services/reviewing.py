"""Reviewing a course: naming reviewers, talking about passages, and signing a revision off."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms.db import transaction
from mhfa_lms.models import Course, CourseReviewer, CourseRevision, CourseSignOff, ReviewComment, ReviewerKind
from mhfa_lms.policy import SYSTEM, Actor, Can, require
from mhfa_lms.services import acceptance, accounts, audit, review_mail

LONGEST: Final = 4_000
LONGEST_NAME: Final = 120


class ClosedAccountError(LookupError):
    """The account with this address is closed."""


class ReviewsAlreadyError(RuntimeError):
    """The person reviews this course already."""


class EmptyError(ValueError):
    """Nothing was written where something is needed."""


@dataclass(frozen=True, slots=True)
class Thread:
    """A comment on a passage with the answers to it, the oldest first."""

    first: ReviewComment
    answers: tuple[ReviewComment, ...]

    @property
    def is_open(self) -> bool:
        """Whether nobody has settled it yet."""
        return self.first.resolved_at is None


def name_reviewer(
    course_id: int, email: str, kind: ReviewerKind, *, name: str, profession: str, by: Actor, now: datetime
) -> int:
    """Let somebody review one course, and tell them by mail; returns the row's id. Learners read name and profession.

    Who has no account gets one, without a password: the mail says how to choose it, which proves the address. Raises
    `Forbidden`, `EmptyError`, `ReviewsAlreadyError`, and `ClosedAccountError`.
    """
    require(by, Can.ADMINISTER)
    name, profession = name.strip()[:LONGEST_NAME], profession.strip()[:LONGEST_NAME]
    if not name or not profession:
        raise EmptyError
    with transaction() as session:
        account = accounts.find(session, email, lock=True)
        if account is None:
            account = accounts.create_account(session, email, now=now, locale="en")
        if account.deactivated_at is not None:
            raise ClosedAccountError(email)
        if _active(session, course_id, account.id) is not None:
            raise ReviewsAlreadyError(email)
        row = CourseReviewer(
            course_id=course_id,
            account_id=account.id,
            kind=kind,
            name=name,
            profession=profession,
            named_at=now,
            named_by_id=None if by == SYSTEM else by.account_id,
        )
        session.add(row)
        session.flush()
        _note(session, "course-reviewer-named", row, by=by, now=now)
        review_mail.named(session, row, account, now=now)
        return row.id


def end_reviewer(reviewer_id: int, *, by: Actor, now: datetime) -> bool:
    """Take a reviewer off a course; what they wrote and signed stays. Returns False when there is no such one."""
    require(by, Can.ADMINISTER)
    with transaction() as session:
        row = session.get(CourseReviewer, reviewer_id, with_for_update=True)
        if row is None:
            return False
        if row.ended_at is None:
            row.ended_at = now
            _note(session, "course-reviewer-ended", row, by=by, now=now)
        return True


def reviewers(session: Session, course_id: int) -> list[CourseReviewer]:
    """Return who reviews a course now, in the order of their names."""
    query = select(CourseReviewer).where(CourseReviewer.course_id == course_id, CourseReviewer.ended_at.is_(None))
    return list(session.scalars(query.order_by(CourseReviewer.name, CourseReviewer.id)))


def mine(session: Session, course_id: int, *, by: Actor) -> CourseReviewer | None:
    """Return as what the actor reviews a course; None for an administrator who does not."""
    return _active(session, course_id, by.account_id)


def comment(
    course: Course, anchor: str, text: str, *, quoted: str, revision_id: int | None, by: Actor, now: datetime
) -> int:
    """Say something about a passage, which says `quoted`; returns the comment's id. Raises as `answer` does."""
    require(by, Can.REVIEW, course)
    with transaction() as session:
        return _write(
            session, course.id, text, by=by, now=now, anchor=anchor, quoted=quoted, revision_id=revision_id
        ).id


def answer(course: Course, thread_id: int, text: str, *, by: Actor, now: datetime) -> int:
    """Answer a comment; a thread that was settled opens again. Raises `Forbidden`, `EmptyError`, `LookupError`."""
    require(by, Can.REVIEW, course)
    with transaction() as session:
        first = _first(session, course.id, thread_id)
        made = _write(session, course.id, text, by=by, now=now, anchor=first.anchor, quoted="", thread_id=first.id)
        first.resolved_at = first.resolved_by_id = None
        return made.id


def resolve(course: Course, thread_id: int, *, by: Actor, now: datetime, resolved: bool = True) -> None:
    """Settle a thread, or open it again; doing so twice changes nothing. Raises `Forbidden`, `LookupError`."""
    require(by, Can.REVIEW, course)
    with transaction() as session:
        first = _first(session, course.id, thread_id)
        if (first.resolved_at is not None) == resolved:
            return
        first.resolved_at, first.resolved_by_id = (now, by.account_id) if resolved else (None, None)
        verb = "review-thread-resolved" if resolved else "review-thread-reopened"
        audit.record(session, verb, by=by, now=now, subject=ReviewComment.__tablename__, subject_id=first.id)


def threads(session: Session, course_id: int) -> list[Thread]:
    """Return all that was said about a course, the oldest first. One query."""
    query = select(ReviewComment).where(ReviewComment.course_id == course_id).order_by(ReviewComment.id)
    answers: dict[int, list[ReviewComment]] = {}
    firsts = []
    for one in session.scalars(query):
        if one.thread_id is None:
            firsts.append(one)
        else:
            answers.setdefault(one.thread_id, []).append(one)
    return [Thread(one, tuple(answers.get(one.id, ()))) for one in firsts]


def sign_off(course: Course, revision_id: int, *, by: Actor, now: datetime) -> bool:
    """Stand behind a revision, under the name and profession one was named with; a clinician's opens it to learners.

    Signing again changes nothing. Returns False when the course has no such revision. Raises `Forbidden`.
    """
    require(by, Can.SIGN_OFF, course)
    with transaction() as session:
        revision = session.get(CourseRevision, revision_id, with_for_update=True)
        me = _active(session, course.id, by.account_id)
        if revision is None or revision.course_id != course.id or me is None:
            return False
        if not _has_signed(session, revision_id, by.account_id):
            row = CourseSignOff(
                revision_id=revision_id,
                account_id=by.account_id,
                kind=me.kind,
                name=me.name,
                profession=me.profession,
                signed_at=now,
            )
            session.add(row)
            if me.kind is ReviewerKind.CLINICAL and not revision.open:
                acceptance.open_up(session, revision)
            subject, number = CourseRevision.__tablename__, revision.number
            audit.record(
                session, "course-signed-off", by=by, now=now, subject=subject, subject_id=revision_id, number=number
            )
        return True


def withdraw_sign_off(course: Course, sign_off_id: int, reason: str, *, by: Actor, now: datetime) -> bool:
    """Take a sign-off back with a reason: one's own, or as an administrator anybody's. It stays on record.

    A revision that nothing else opened closes to new learners. Doing so twice changes nothing. Returns False when the
    course has no such sign-off that is the actor's to take back. Raises `Forbidden`, `EmptyError`.
    """
    require(by, Can.REVIEW, course)
    with transaction() as session:
        owner = select(CourseSignOff.revision_id).where(CourseSignOff.id == sign_off_id).scalar_subquery()
        revision = session.scalars(
            select(CourseRevision).where(CourseRevision.id == owner).with_for_update()
        ).one_or_none()
        row = session.get(CourseSignOff, sign_off_id, populate_existing=True)
        if revision is None or row is None or revision.course_id != course.id:
            return False
        if row.account_id != by.account_id and not by.is_admin:
            return False
        if not reason.strip():
            raise EmptyError
        if row.withdrawn_at is None:
            row.withdrawn_at, row.withdrawn_because = now, reason.strip()[:LONGEST]
            session.flush()
            acceptance.close_unless_due(session, revision)
            subject, number = CourseRevision.__tablename__, revision.number
            verb = "course-sign-off-withdrawn"
            audit.record(session, verb, by=by, now=now, subject=subject, subject_id=revision.id, number=number)
        return True


def signs(session: Session, revision_id: int) -> list[CourseSignOff]:
    """Return who signed a revision off, withdrawn ones among them, the oldest first."""
    query = select(CourseSignOff).where(CourseSignOff.revision_id == revision_id)
    return list(session.scalars(query.order_by(CourseSignOff.id)))


def _has_signed(session: Session, revision_id: int, account_id: int) -> bool:
    query = select(CourseSignOff.id).where(
        CourseSignOff.revision_id == revision_id,
        CourseSignOff.account_id == account_id,
        CourseSignOff.withdrawn_at.is_(None),
    )
    return session.scalars(query).one_or_none() is not None


def _active(session: Session, course_id: int, account_id: int) -> CourseReviewer | None:
    return session.scalars(
        select(CourseReviewer).where(
            CourseReviewer.course_id == course_id,
            CourseReviewer.account_id == account_id,
            CourseReviewer.ended_at.is_(None),
        )
    ).one_or_none()


def _first(session: Session, course_id: int, thread_id: int) -> ReviewComment:
    found = session.get(ReviewComment, thread_id, with_for_update=True)
    if found is None or found.course_id != course_id or found.thread_id is not None:
        raise LookupError(thread_id)
    return found


def _write(
    session: Session,
    course_id: int,
    text: str,
    *,
    by: Actor,
    now: datetime,
    anchor: str,
    quoted: str,
    revision_id: int | None = None,
    thread_id: int | None = None,
) -> ReviewComment:
    if not text.strip():
        raise EmptyError
    me = _active(session, course_id, by.account_id)
    made = ReviewComment(
        course_id=course_id,
        thread_id=thread_id,
        revision_id=revision_id,
        anchor=anchor,
        quoted=quoted,
        text=text.strip()[:LONGEST],
        account_id=by.account_id,
        author=me.name if me else by.name or by.email,
        written_at=now,
    )
    session.add(made)
    session.flush()
    return made


def _note(session: Session, verb: str, row: CourseReviewer, *, by: Actor, now: datetime) -> None:
    audit.record(session, verb, by=by, now=now, subject="course", subject_id=row.course_id, account=row.account_id)
