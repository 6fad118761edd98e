"""What a learner did without a connection, as it arrived from their device."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from mhfa_lms.db import Base, Erasure, Id


class Doing(StrEnum):
    """What a learner does on a step without a connection; the values are those of the step's own buttons."""

    ANSWER = "answer"
    CONTINUE = "continue"
    SUMMARY = "summary"
    SKIP = "skip"
    # A way through the step's conversation: `chosen` holds it whole.
    TALK = "talk"
    # Saying that the step's activity is done.
    REPORT = "report"


class Arrival(StrEnum):
    """What became of something that waited on a device."""

    TAKEN = "taken"
    # The same had arrived by another way: nothing changed.
    KNOWN = "known"
    # The question had been answered, or another way taken, on another device meanwhile: both are kept until the
    # learner chooses.
    CLASH = "clash"
    CHOSEN = "chosen"
    LEFT = "left"
    # The course has no such step, or it waits for something that needs a connection.
    REFUSED = "refused"


class SentLater(Base):
    """What a learner did on a step without a connection, by the id that their device gave it: it counts once."""

    __tablename__ = "sent_later"
    __erasure__ = Erasure.DELETED
    __table_args__ = (
        UniqueConstraint("enrolment_id", "client_id"),
        CheckConstraint("client_id <> ''", name="has_client_id"),
        CheckConstraint(
            "doing IN ('answer', 'talk') OR arrival NOT IN ('clash', 'chosen', 'left')", name="only_answers_clash"
        ),
        Index(
            "ix_sent_later_clash",
            "enrolment_id",
            sqlite_where=text("arrival = 'clash'"),
            postgresql_where=text("arrival = 'clash'"),
        ),
    )

    id: Mapped[Id]
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolment.id", ondelete="RESTRICT"))
    client_id: Mapped[str]
    step: Mapped[str]
    doing: Mapped[Doing]
    chosen: Mapped[list[object]]
    arrival: Mapped[Arrival]
    received_at: Mapped[datetime]
