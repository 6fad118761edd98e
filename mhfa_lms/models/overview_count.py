"""What the overview of a large organisation counts, kept for some minutes."""

from datetime import date, datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from mhfa_lms.db import Base, Erasure


class OverviewCount(Base):
    """The counts of one organisation on one of its days. Without a row it is small enough to be counted at every visit.

    `figures` holds a list for each site: its id (None for people without one), then the counts in `Figures`' order.
    """

    __tablename__ = "overview_count"
    __erasure__ = Erasure.NOT_PERSONAL

    organisation_id: Mapped[int] = mapped_column(
        ForeignKey("organisation.id", ondelete="RESTRICT"), primary_key=True, autoincrement=False
    )
    day: Mapped[date]
    counted_at: Mapped[datetime]
    figures: Mapped[list[object]]
