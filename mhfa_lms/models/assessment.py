"""Attempts at an assessment, their answers, and releases of a further attempt."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mhfa_lms.db import Base, Erasure, Id, Points


class AttemptState(StrEnum):
    """Whether an attempt can still be answered."""

    OPEN = "open"
    SUBMITTED = "submitted"


class Attempt(Base):
    """One try at one assessment, with the questions drawn for it. Points are stored, not only whether it passed."""

    __tablename__ = "attempt"
    __erasure__ = Erasure.KEPT
    __table_args__ = (
        UniqueConstraint("enrolment_id", "assessment", "number"),
        CheckConstraint("number > 0", name="number_positive"),
        CheckConstraint("(state = 'open') = (submitted_at IS NULL)", name="open_iff_unsubmitted"),
        CheckConstraint("(state = 'open') = (points IS NULL)", name="points_iff_submitted"),
        CheckConstraint("(points IS NULL) = (passed IS NULL)", name="passed_with_points"),
        CheckConstraint("points IS NULL OR points BETWEEN 0 AND max_points", name="points_in_range"),
        CheckConstraint("pass_percent BETWEEN 1 AND 100", name="pass_percent_in_range"),
        Index(
            "uq_attempt_one_open",
            "enrolment_id",
            "assessment",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        # What the worker hands in when its time is over.
        Index(
            "ix_attempt_due",
            "due_at",
            sqlite_where=text("state = 'open' AND due_at IS NOT NULL"),
            postgresql_where=text("state = 'open' AND due_at IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolment.id", ondelete="RESTRICT"))
    assessment: Mapped[str]
    number: Mapped[int]
    # [{"question": id, "options": [what is to be chosen, in the order shown]}, ...]
    drawn: Mapped[list[object]]
    # With the pool and the draws before, it gives the same draw again; attempts of before it was kept have none.
    seed: Mapped[str | None]
    pass_percent: Mapped[int]
    max_points: Mapped[Decimal] = mapped_column(Points())
    state: Mapped[AttemptState] = mapped_column(default=AttemptState.OPEN)
    points: Mapped[Decimal | None] = mapped_column(Points())
    passed: Mapped[bool | None]
    started_at: Mapped[datetime]
    # The end of its time, where the assessment has a limit. It moves later when more time is agreed, never earlier.
    due_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]

    answers: Mapped[list["AttemptAnswer"]] = relationship(order_by="AttemptAnswer.id")


class AttemptAnswer(Base):
    """The answer to one drawn question. Saving it again with the same or an older version changes nothing."""

    __tablename__ = "attempt_answer"
    __erasure__ = Erasure.DELETED
    __table_args__ = (
        UniqueConstraint("attempt_id", "question"),
        CheckConstraint("version > 0", name="version_positive"),
    )

    id: Mapped[Id]
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id", ondelete="RESTRICT"))
    question: Mapped[str]
    chosen: Mapped[list[object]]
    client_id: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)
    saved_at: Mapped[datetime]


class AttemptRelease(Base):
    """A further attempt that an instructor allowed after the last one failed, with the reason."""

    __tablename__ = "attempt_release"
    __erasure__ = Erasure.REDUCED
    __table_args__ = (UniqueConstraint("enrolment_id", "assessment", "for_number"),)

    id: Mapped[Id]
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolment.id", ondelete="RESTRICT"))
    assessment: Mapped[str]
    # The number of the attempt this release allows.
    for_number: Mapped[int]
    released_by_id: Mapped[int] = mapped_column(ForeignKey("membership.id", ondelete="RESTRICT"))
    reason: Mapped[str]
    released_at: Mapped[datetime]
