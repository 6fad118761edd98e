"""Which revision may be begun: one that was reviewed, or that an administrator accepted unreviewed, on the record.

A revision that is neither is published and closed: whoever learns goes on, and new learners take the newest open one.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from mhfa_lms.content.heads import Review
from mhfa_lms.content.schema import Course as Content
from mhfa_lms.db import transaction
from mhfa_lms.models import CertificationType, Course, CourseAcceptance, CourseRevision, CourseSignOff, ReviewerKind
from mhfa_lms.policy import SYSTEM, Actor, Can, require
from mhfa_lms.services import audit, catalogue

ACCEPTED: Final = "course-accepted"
LONGEST_REASON: Final = 1_000
# What a clinician's sign-off that counts is like.
STANDING: Final = (CourseSignOff.kind == ReviewerKind.CLINICAL, CourseSignOff.withdrawn_at.is_(None))
_NUMBER = func.max(CourseRevision.number)
# The number of each course's newest revision, and of its newest open one.
_HEADS: Final = (
    select(
        CourseRevision.course_id,
        _NUMBER.label("last"),
        _NUMBER.filter(CourseRevision.open.is_(True)).label("live"),
    )
    .group_by(CourseRevision.course_id)
    .subquery()
)


def says_reviewed(content: Content, before: Content | None) -> bool:
    """Whether the files say who reviewed this very text: the line of an earlier review, left in place, says nothing."""
    return is_new_review(content.review, before.review if before else None)


def is_new_review(review: Review, before: Review | None) -> bool:
    """Whether what files say of a review is about their text; `before` is what the revision before them said."""
    return review.status == "reviewed" and review != before


class NoReasonError(ValueError):
    """Whoever accepts a revision that nobody has reviewed says why."""


def accept(revision_id: int, *, by: Actor, now: datetime, reason: str = "") -> bool:
    """Open a revision to new learners although nobody has reviewed it. Returns False when there is no such one.

    Who accepted, when and why is kept; accepting again changes nothing. Raises `Forbidden` and, for a person who gives
    no reason, `NoReasonError`.
    """
    require(by, Can.ADMINISTER)
    reason = reason.strip()[:LONGEST_REASON]
    if by != SYSTEM and not reason:
        raise NoReasonError
    with transaction() as session:
        revision = session.get(CourseRevision, revision_id, with_for_update=True)
        if revision is None:
            return False
        if session.get(CourseAcceptance, revision_id) is None:
            account_id = None if by == SYSTEM else by.account_id
            session.add(
                CourseAcceptance(revision_id=revision_id, account_id=account_id, accepted_at=now, reason=reason)
            )
            open_up(session, revision)
            subject = CourseRevision.__tablename__
            number = revision.number
            audit.record(session, ACCEPTED, by=by, now=now, subject=subject, subject_id=revision_id, number=number)
        return True


def by_id(session: Session, revision_id: int, *, by: Actor) -> CourseRevision | None:
    """Return a revision for whoever may accept it. Raises `Forbidden`."""
    require(by, Can.ADMINISTER)
    return session.get(CourseRevision, revision_id)


def open_up(session: Session, revision: CourseRevision) -> None:
    """Let new learners begin a revision, in the caller's transaction; what it certifies in is called as it says."""
    revision.open = True
    session.flush()
    named = Content.model_validate(revision.document).certification
    kind = session.get_one(CertificationType, session.get_one(Course, revision.course_id).certification_type_id)
    newest = catalogue.newest_of(session, revision.course_id)
    if kind.slug == named.slug and newest is not None and newest.id == revision.id:
        kind.name, kind.description = named.name, named.description


def close_unless_due(session: Session, revision: CourseRevision) -> None:
    """Close a revision whose sign-off was withdrawn, in the caller's transaction, and its open corrections with it.

    It stays open where anything else opened it: another clinician's sign-off, an acceptance, its files. Whoever learns
    goes on.
    """
    if not revision.open or _is_due(session, revision):
        return
    revision.open = False
    session.flush()
    for one in session.scalars(select(CourseRevision).where(CourseRevision.corrects_id == revision.id)):
        close_unless_due(session, one)


def _is_due(session: Session, revision: CourseRevision) -> bool:
    signed = exists().where(CourseSignOff.revision_id == revision.id, *STANDING)
    accepted_ = exists().where(CourseAcceptance.revision_id == revision.id)
    if session.scalars(select(or_(signed, accepted_))).one():
        return True
    corrected = session.get(CourseRevision, revision.corrects_id) if revision.corrects_id else None
    if corrected is not None and corrected.open:
        return True
    earlier = select(CourseRevision).where(
        CourseRevision.course_id == revision.course_id, CourseRevision.number < revision.number
    )
    before = session.scalars(earlier.order_by(CourseRevision.number.desc()).limit(1)).one_or_none()
    said = catalogue.review(before) if before else None
    return is_new_review(catalogue.review(revision), said)


def waiting(session: Session) -> list[CourseRevision]:
    """Return each course's newest revision where it is not open yet, in the order of their titles."""
    return [one for one, _signed in newest(session) if not one.open]


def newest(session: Session) -> list[tuple[CourseRevision, bool]]:
    """Return what new learners take of each course, and its newest revision where they do not, in order of titles.

    With each whether a clinician signed it off, or the one it corrects. One query.
    """
    is_head = (CourseRevision.number == _HEADS.c.last) | (CourseRevision.number == _HEADS.c.live)
    text = or_(CourseSignOff.revision_id == CourseRevision.id, CourseSignOff.revision_id == CourseRevision.corrects_id)
    signed = exists().where(text, *STANDING)
    query = select(CourseRevision, signed).join(_HEADS, (_HEADS.c.course_id == CourseRevision.course_id) & is_head)
    rows = session.execute(query.order_by(CourseRevision.title, CourseRevision.id))
    return [(revision, bool(was_signed)) for revision, was_signed in rows]


def accept_waiting(*, by: Actor, now: datetime) -> list[str]:
    """Accept whatever waits, as the demonstration does; returns the titles."""
    with transaction() as session:
        found = [(one.id, one.title) for one in waiting(session)]
    return [
        title
        for revision_id, title in found
        if accept(revision_id, by=by, now=now, reason="Accepted as it is, for trying things out.")
    ]


def accepted(session: Session, revision_ids: list[int]) -> dict[int, datetime]:
    """Return when an administrator accepted each of these revisions unreviewed, for those that were.

    A correction of one that was accepted opened with it, and counts as accepted when that was.
    """
    accepted_at, corrects = CourseAcceptance.accepted_at, CourseRevision.corrects_id
    rows = session.execute(
        select(CourseRevision.id, corrects, accepted_at)
        .outerjoin(CourseAcceptance, CourseAcceptance.revision_id == CourseRevision.id)
        .where(or_(accepted_at.is_not(None), corrects.is_not(None)))
        .order_by(CourseRevision.id)
    )
    found: dict[int, datetime] = {}
    for row in rows:
        when = row.accepted_at or found.get(row.corrects_id)
        if when is not None:
            found[row.id] = when
    return {one: found[one] for one in revision_ids if one in found}
