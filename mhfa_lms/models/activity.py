"""Activities that learners say they have done, and what their instructors say to it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mhfa_lms.db import Base, Erasure, Id
from mhfa_lms.models.training import Enrolment


class ActivityState(StrEnum):
    """Where a report stands."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    RETURNED = "returned"


class ActivityReport(Base):
    """A learner's word that they did a step's activity. One a step; returned, it is sent again."""

    __tablename__ = "activity_report"
    __erasure__ = Erasure.DELETED
    __table_args__ = (
        UniqueConstraint("enrolment_id", "step"),
        CheckConstraint("(state = 'waiting') = (decided_at IS NULL)", name="waits_until_decided"),
        CheckConstraint("(decided_at IS NULL) = (decided_by_id IS NULL)", name="decided_by_iff_decided"),
        CheckConstraint("state <> 'returned' OR comment <> ''", name="returned_with_comment"),
        CheckConstraint("times > 0", name="times_positive"),
        Index(None, "organisation_id", "state", "reported_at", "id"),
    )

    id: Mapped[Id]
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolment.id", ondelete="RESTRICT"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id", ondelete="RESTRICT"))
    step: Mapped[str]
    state: Mapped[ActivityState] = mapped_column(default=ActivityState.WAITING)
    # What the learner wants the instructor to know; and what the instructor answers.
    note: Mapped[str] = mapped_column(default="")
    comment: Mapped[str] = mapped_column(default="")
    # How often it was sent.
    times: Mapped[int] = mapped_column(default=1)
    reported_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("membership.id", ondelete="RESTRICT"))

    enrolment: Mapped[Enrolment] = relationship()
