"""Help near a person: an organisation's own lines, and what somebody needs in another form."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from mhfa_lms.db import Base, Erasure, Id


class HelpLine(Base):
    """A line of an organisation's own: a school counsellor, an employee assistance programme, a safeguarding phone."""

    __tablename__ = "help_line"
    # Contact data that the organisation publishes to its people; nothing links it to an account.
    __erasure__ = Erasure.NOT_PERSONAL
    __table_args__ = (
        CheckConstraint("phone <> '' OR text_number <> '' OR link <> ''", name="can_be_reached"),
        CheckConstraint("name <> ''", name="has_name"),
        CheckConstraint("link = '' OR link LIKE 'https://%'", name="link_is_https"),
        Index(None, "organisation_id", "id"),
    )

    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id", ondelete="RESTRICT"))
    name: Mapped[str]
    phone: Mapped[str] = mapped_column(default="")
    text_number: Mapped[str] = mapped_column(default="")
    link: Mapped[str] = mapped_column(default="")
    hours: Mapped[str] = mapped_column(default="")
    languages: Mapped[str] = mapped_column(default="")
    for_whom: Mapped[str] = mapped_column(default="")
    # When a coordinator last tried it; empty until somebody has.
    checked_at: Mapped[datetime | None]
