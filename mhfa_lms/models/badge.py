"""Badges: the signed credential of a certificate, and the public lists that say which of them count no more."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mhfa_lms.db import Base, Erasure, Id


class StatusList(Base):
    """One public list: a bit for each badge in it. Its number stands in the address of every badge in it.

    `version` counts the changes, `published` is the version that the signed text is of.
    """

    __tablename__ = "status_list"
    __erasure__ = Erasure.NOT_PERSONAL
    __table_args__ = (
        # Half of the list's 131,072 places: a free one is found at random in two tries.
        CheckConstraint("used BETWEEN 0 AND 65536", name="half_full_at_most"),
        CheckConstraint("published IS NULL OR published <= version", name="published_is_not_ahead"),
        CheckConstraint("(credential IS NULL) = (published IS NULL)", name="published_iff_signed"),
    )

    id: Mapped[Id]
    used: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=0)
    published: Mapped[int | None]
    credential: Mapped[str | None]


class Badge(Base):
    """A certificate's badge: its place in a list, and the credential as signed, once.

    The place stays for ever, so that a badge which somebody kept can never be spoken for by another one.
    """

    __tablename__ = "badge"
    __erasure__ = Erasure.REDUCED
    __table_args__ = (
        UniqueConstraint("certificate_id"),
        UniqueConstraint("status_list_id", "position"),
        CheckConstraint("position BETWEEN 0 AND 131071", name="position_in_list"),
        CheckConstraint("(made_at IS NULL) = (key_name IS NULL)", name="made_with_a_key"),
        CheckConstraint("credential IS NULL OR made_at IS NOT NULL", name="credential_was_made"),
    )

    id: Mapped[Id]
    certificate_id: Mapped[int] = mapped_column(ForeignKey("certificate.id", ondelete="RESTRICT"))
    status_list_id: Mapped[int] = mapped_column(ForeignKey("status_list.id", ondelete="RESTRICT"))
    position: Mapped[int]
    # The text exactly as signed; empty before it is made, and again after the person was erased.
    credential: Mapped[str | None]
    # The public name of the key that signed it.
    key_name: Mapped[str | None]
    made_at: Mapped[datetime | None]
