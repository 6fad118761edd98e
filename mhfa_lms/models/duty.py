"""What an instructor needs to go on, besides an authorisation: a background check, and once some more time."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
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


class AuthorisationExtension(Base):
    """That an authorisation goes on for some months as another one, once: by whom, when and why.

    Triggers refuse to extend an extension, and one that lasts longer than three months.
    """

    __tablename__ = "authorisation_extension"
    __erasure__ = Erasure.REDUCED
    __table_args__ = (CheckConstraint("months BETWEEN 1 AND 3", name="at_most_three_months"),)

    id: Mapped[Id]
    # The authorisation that goes on, from the day after the end of the one that it extends.
    authorisation_id: Mapped[int] = mapped_column(ForeignKey("authorisation.id", ondelete="RESTRICT"), unique=True)
    extends_id: Mapped[int] = mapped_column(ForeignKey("authorisation.id", ondelete="RESTRICT"), unique=True)
    months: Mapped[int]
    reason: Mapped[str]
    granted_at: Mapped[datetime]
    granted_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="RESTRICT"))
