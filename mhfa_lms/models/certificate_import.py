"""Where certificates from before came from, and those whose holders have not joined yet."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mhfa_lms.db import Base, Erasure, Id


class CertificateImport(Base):
    """One table of earlier certificates that somebody had recorded: which file, by whom and when."""

    __tablename__ = "certificate_import"
    __erasure__ = Erasure.KEPT
    __table_args__ = (Index(None, "organisation_id", "id"),)

    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id", ondelete="RESTRICT"))
    # Nobody: the command line.
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="RESTRICT"))
    file_name: Mapped[str]
    begun_at: Mapped[datetime]


class AwaitedCertificate(Base):
    """A certificate from before whose holder is no member yet: it is recorded when they join with this address."""

    __tablename__ = "awaited_certificate"
    __erasure__ = Erasure.DELETED
    __table_args__ = (
        # A row that is uploaded again finds itself here.
        UniqueConstraint(
            "organisation_id",
            "email_key",
            "certification_type_id",
            "completed_on",
            name="uq_awaited_certificate_once",
        ),
        CheckConstraint("email_key = lower(email_key)", name="email_key_lower"),
        Index(None, "email_key"),
        Index(None, "created_at"),
    )

    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id", ondelete="RESTRICT"))
    import_id: Mapped[int] = mapped_column(ForeignKey("certificate_import.id", ondelete="RESTRICT"))
    email: Mapped[str]
    email_key: Mapped[str]
    # Empty where the table gave none: then the name the person joins with.
    name: Mapped[str]
    certification_type_id: Mapped[int] = mapped_column(ForeignKey("certification_type.id", ondelete="RESTRICT"))
    completed_on: Mapped[date]
    evidence: Mapped[str]
    # What else the certificate will say, as the rules were when it was recorded: texts, with days as YYYY-MM-DD.
    facts: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
