"""What was agreed for one learner on one course: more time, more attempts, another format."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from mhfa_lms.db import Base, Erasure, Id
from mhfa_lms.models.support import Format


class AdjustmentKind(StrEnum):
    """What is different for the learner. `amount` is in percent, in minutes, or a number of attempts."""

    MORE_TIME = "more-time"
    MORE_MINUTES = "more-minutes"
    NO_TIME_LIMIT = "no-time-limit"
    MORE_ATTEMPTS = "more-attempts"
    OTHER_FORMAT = "other-format"


class Adjustment(Base):
    """One thing agreed for one learner, with the reason; never changed, only ended and agreed anew."""

    __tablename__ = "adjustment"
    # That somebody was given more time may say something about their health: nothing of it is kept.
    __erasure__ = Erasure.DELETED
    __table_args__ = (
        CheckConstraint(
            "(kind IN ('more-time', 'more-minutes', 'more-attempts')) = (amount IS NOT NULL)",
            name="amount_where_counted",
        ),
        CheckConstraint("(kind = 'other-format') = (wanted IS NOT NULL)", name="format_named"),
        CheckConstraint("amount IS NULL OR amount BETWEEN 1 AND 600", name="amount_in_range"),
        CheckConstraint("(ended_at IS NULL) = (ended_by_id IS NULL)", name="ended_by_iff_ended"),
        Index(
            "uq_adjustment_one_in_force",
            "enrolment_id",
            "kind",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolment.id", ondelete="RESTRICT"), index=True)
    kind: Mapped[AdjustmentKind]
    amount: Mapped[int | None]
    wanted: Mapped[Format | None]
    reason: Mapped[str]
    agreed_by_id: Mapped[int] = mapped_column(ForeignKey("membership.id", ondelete="RESTRICT"))
    agreed_at: Mapped[datetime]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("membership.id", ondelete="RESTRICT"))
    ended_at: Mapped[datetime | None]
