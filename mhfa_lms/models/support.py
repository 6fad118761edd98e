"""Help near a person: an organisation's own lines, and what somebody needs in another form."""

from datetime import datetime
from enum import StrEnum

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


class Format(StrEnum):
    """In which form somebody needs a text."""

    LARGE_PRINT = "large-print"
    PLAIN_TEXT = "plain-text"
    AUDIO = "audio"
    EASY_READ = "easy-read"
    PAPER = "paper"
    LANGUAGE = "other-language"
    OTHER = "something-else"


class FormatRequest(Base):
    """Somebody's wish for a text in another form: a member's goes to their coordinators, others' to administrators."""

    __tablename__ = "format_request"
    __erasure__ = Erasure.DELETED
    __table_args__ = (
        CheckConstraint("membership_id IS NOT NULL OR contact <> ''", name="can_be_answered"),
        CheckConstraint("membership_id IS NULL OR organisation_id IS NOT NULL", name="member_has_organisation"),
        CheckConstraint("wanted NOT IN ('other-language', 'something-else') OR details <> ''", name="says_what_else"),
        CheckConstraint("(done_at IS NULL) = (done_by_id IS NULL)", name="done_by_iff_done"),
        Index(None, "organisation_id", "done_at", "id"),
    )

    id: Mapped[Id]
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id", ondelete="RESTRICT"))
    membership_id: Mapped[int | None] = mapped_column(ForeignKey("membership.id", ondelete="RESTRICT"), index=True)
    wanted: Mapped[Format]
    # Where they were when they asked; never an address with a secret in it.
    page: Mapped[str] = mapped_column(default="")
    course: Mapped[str] = mapped_column(default="")
    details: Mapped[str] = mapped_column(default="")
    contact: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    done_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="RESTRICT"))
