"""Reviewing a course: who may, what they say about its passages, and who signed which revision off."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from mhfa_lms.db import Base, Erasure, Id


class ReviewerKind(StrEnum):
    """As what somebody reads a course. Only a clinician's sign-off counts as the clinical review."""

    CLINICAL = "clinical"
    COMMUNITY = "community"


class CourseReviewer(Base):
    """Leave to read and review one course, and nothing else. Name and profession are those that learners will read."""

    __tablename__ = "course_reviewer"
    __erasure__ = Erasure.REDUCED
    __table_args__ = (
        Index(
            "uq_course_reviewer_active",
            "course_id",
            "account_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(None, "account_id", "ended_at"),
    )

    id: Mapped[Id]
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id", ondelete="RESTRICT"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="RESTRICT"))
    kind: Mapped[ReviewerKind]
    name: Mapped[str]
    profession: Mapped[str]
    named_at: Mapped[datetime]
    named_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="RESTRICT"))
    ended_at: Mapped[datetime | None]


class ReviewComment(Base):
    """What a reviewer says of a passage, or an answer to that. Work on the course, and nothing about anybody's health.

    `anchor` is made of the author's ids, so that it holds while the text around changes; `quoted` is what the passage
    said, so that it can be told when it has changed.
    """

    __tablename__ = "review_comment"
    __erasure__ = Erasure.REDUCED
    __table_args__ = (
        CheckConstraint("text <> ''", name="says_something"),
        CheckConstraint("thread_id IS NULL OR resolved_at IS NULL", name="threads_are_resolved_whole"),
        CheckConstraint("(resolved_at IS NULL) = (resolved_by_id IS NULL)", name="resolved_by_iff_resolved"),
        Index(None, "course_id", "thread_id", "id"),
        Index(None, "account_id"),
    )

    id: Mapped[Id]
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id", ondelete="RESTRICT"))
    # The comment that it answers; None for one that begins a thread.
    thread_id: Mapped[int | None] = mapped_column(ForeignKey("review_comment.id", ondelete="RESTRICT"))
    # The revision that was read; None for files that were not published yet.
    revision_id: Mapped[int | None] = mapped_column(ForeignKey("course_revision.id", ondelete="RESTRICT"))
    anchor: Mapped[str]
    quoted: Mapped[str]
    text: Mapped[str]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="RESTRICT"))
    author: Mapped[str]
    written_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolved_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="RESTRICT"))


class CourseSignOff(Base):
    """A reviewer stands behind one revision, with name, profession and day, for everybody to read.

    One that is withdrawn stays on record with the reason, and counts no more.
    """

    __tablename__ = "course_sign_off"
    __erasure__ = Erasure.REDUCED
    __table_args__ = (
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_because = '')", name="reason_iff_withdrawn"),
        Index(
            "uq_course_sign_off_standing",
            "revision_id",
            "account_id",
            unique=True,
            sqlite_where=text("withdrawn_at IS NULL"),
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
        Index(None, "account_id"),
    )

    id: Mapped[Id]
    revision_id: Mapped[int] = mapped_column(ForeignKey("course_revision.id", ondelete="RESTRICT"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="RESTRICT"))
    kind: Mapped[ReviewerKind]
    name: Mapped[str]
    profession: Mapped[str]
    signed_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_because: Mapped[str] = mapped_column(default="")
