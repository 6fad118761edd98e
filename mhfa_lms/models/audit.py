"""The audit trail: who did what to which record, in ids and verbs.

Rows are only ever added; the database refuses anything else.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from mhfa_lms.db import Base, Erasure, Id


class AuditEvent(Base):
    """One thing that was done. Holds no names and no free text."""

    __tablename__ = "audit_event"
    __erasure__ = Erasure.KEPT
    __table_args__ = (
        # For reading the trail, the newest first: all of it, by organisation, record, verb, or who did it.
        Index(None, "at", "id"),
        Index(None, "organisation_id", "at"),
        Index(None, "subject", "at"),
        Index(None, "subject_id", "at"),
        Index(None, "verb", "at"),
        Index(None, "account_id", "at"),
    )

    id: Mapped[Id]
    at: Mapped[datetime]
    # Plain numbers, no foreign keys: the trail outlives what it speaks of. 0 is the installation itself.
    account_id: Mapped[int]
    organisation_id: Mapped[int | None]
    verb: Mapped[str]
    subject: Mapped[str]
    subject_id: Mapped[int]
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)


class AuditSeal(Base):
    """A link of the hash chain over the events, added by the worker in the order in which it finds them."""

    __tablename__ = "audit_seal"
    __erasure__ = Erasure.KEPT

    id: Mapped[Id]
    event_id: Mapped[int] = mapped_column(ForeignKey("audit_event.id", ondelete="RESTRICT"), unique=True)
    # SHA-256, hexadecimal, over the previous seal and the event's canonical form.
    digest: Mapped[str]
    sealed_at: Mapped[datetime]


class HelpCheck(Base):
    """When the operator last checked a country's help lines."""

    __tablename__ = "help_check"
    __erasure__ = Erasure.KEPT

    id: Mapped[Id]
    country: Mapped[str] = mapped_column(index=True)
    checked_at: Mapped[datetime]
    checked_by_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="RESTRICT"))
