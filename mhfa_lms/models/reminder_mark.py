"""How far the reminders of an organisation have been looked at, so that a tick looks only at what is new."""

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, Integer
from sqlalchemy.orm import Mapped, mapped_column

from mhfa_lms.db import Base, Erasure


class ReminderMark(Base):
    """What one look found true, and later ones go on from: whatever was due under `plan` on the day `looked_on`, for
    certificates up to `last_certificate_id`, is posted. A word in `plan` that no plan makes: all is looked at anew.
    """

    __tablename__ = "reminder_mark"
    __erasure__ = Erasure.NOT_PERSONAL

    organisation_id: Mapped[int] = mapped_column(
        ForeignKey("organisation.id", ondelete="RESTRICT"), primary_key=True, autoincrement=False
    )
    plan: Mapped[str] = mapped_column(default="")
    looked_on: Mapped[date | None]
    last_certificate_id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), default=0)
    # When every certificate was last looked at.
    whole_at: Mapped[datetime | None]
    # The organisation's day on which its coordinators' letter had nothing to tell.
    quiet_on: Mapped[date | None]
