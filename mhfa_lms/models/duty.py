"""What an instructor needs to go on, besides an authorisation: a background check that is still good."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mhfa_lms.db import Base, Erasure, Id


class BackgroundCheck(Base):
    """That somebody's background was checked, and until when it counts: nothing of what was found, by whom or where.

    A newer one stands beside the older; the one that lasts longest counts.
    """

    __tablename__ = "background_check"
    __erasure__ = Erasure.DELETED
    __table_args__ = (UniqueConstraint("membership_id", "valid_until"),)

    id: Mapped[Id]
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id", ondelete="RESTRICT"))
    # The last day on which it counts.
    valid_until: Mapped[date]
    recorded_at: Mapped[datetime]
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="RESTRICT"))
