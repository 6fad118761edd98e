"""What became of published revisions: who accepted one without a review, and which learners got which correction."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from mhfa_lms.db import Base, Erasure


class CourseAcceptance(Base):
    """An administrator opened a revision to new learners although no clinician has reviewed it."""

    __tablename__ = "course_acceptance"
    __erasure__ = Erasure.KEPT

    revision_id: Mapped[int] = mapped_column(ForeignKey("course_revision.id", ondelete="RESTRICT"), primary_key=True)
    # None: the installation itself, by a command or as a demonstration.
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="RESTRICT"), index=True)
    accepted_at: Mapped[datetime]
    # In the administrator's words. Empty for what was accepted before reasons were asked for.
    reason: Mapped[str] = mapped_column(default="")


class EnrolmentCorrection(Base):
    """A correction reached a learner under way: the enrolment went from one revision to the one that corrects it.

    The oldest row of an enrolment holds the revision that the learner began on.
    """

    __tablename__ = "enrolment_correction"
    __erasure__ = Erasure.KEPT
    __table_args__ = (
        CheckConstraint("from_revision_id <> to_revision_id", name="goes_on"),
        Index(None, "to_revision_id"),
    )

    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolment.id", ondelete="RESTRICT"), primary_key=True)
    from_revision_id: Mapped[int] = mapped_column(
        ForeignKey("course_revision.id", ondelete="RESTRICT"), primary_key=True
    )
    to_revision_id: Mapped[int] = mapped_column(ForeignKey("course_revision.id", ondelete="RESTRICT"))
    moved_at: Mapped[datetime]
