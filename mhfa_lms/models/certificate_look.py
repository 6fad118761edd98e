"""How an organisation's certificates look: its logo, colour, words and who signs. A change makes a new row."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from mhfa_lms.db import Base, Erasure, Id
from mhfa_lms.models.certificate import PaperSize


class Accent(StrEnum):
    """The colours on offer: each can be read on white, also in small letters (at least 7 to 1)."""

    PINE = "pine"
    OCEAN = "ocean"
    PLUM = "plum"
    BRICK = "brick"
    INK = "ink"


class CertificateLook(Base):
    """One look, as it was saved: certificates keep the one that was in use at their issue."""

    __tablename__ = "certificate_look"
    # Signatories are named by their organisation as its officers; nothing links them to an account.
    __erasure__ = Erasure.NOT_PERSONAL
    __table_args__ = (
        CheckConstraint("length(wording) <= 200", name="wording_is_short"),
        Index(None, "organisation_id", "id"),
    )

    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id", ondelete="RESTRICT"))
    accent: Mapped[Accent] = mapped_column(default=Accent.PINE)
    wording: Mapped[str] = mapped_column(default="")
    # [{"name": ..., "title": ...}], at most three.
    signatories: Mapped[list[object]] = mapped_column(default=list)
    # A PNG of ours, made anew from what was handed in.
    logo: Mapped[bytes | None] = mapped_column(deferred=True)
    # Of the signatories in their order, like the logo; empty: room to sign by hand.
    signature_1: Mapped[bytes | None] = mapped_column(deferred=True, deferred_group="signatures")
    signature_2: Mapped[bytes | None] = mapped_column(deferred=True, deferred_group="signatures")
    signature_3: Mapped[bytes | None] = mapped_column(deferred=True, deferred_group="signatures")
    # Empty: as the organisation's country prints.
    paper: Mapped[PaperSize | None]
    made_at: Mapped[datetime]
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="RESTRICT"))

    @property
    def signatures(self) -> tuple[bytes | None, bytes | None, bytes | None]:
        """The pictures of the signatures, as the signatories stand."""
        return self.signature_1, self.signature_2, self.signature_3
