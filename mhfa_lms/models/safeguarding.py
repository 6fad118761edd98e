"""People who would like somebody to get in touch, or whom somebody worries about: for safeguarding leads alone."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mhfa_lms.db import Base, Erasure, Id
from mhfa_lms.models.people import Membership


class CaseState(StrEnum):
    """Where a case stands."""

    WAITING = "waiting"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class EntryKind(StrEnum):
    """What was added to a case: the writer's own words, what their answer says, a marker's worry, a lead's note."""

    ASKED = "asked"
    STATEMENT = "statement"
    FLAG = "flag"
    NOTE = "note"


_OPEN = "state IN ('waiting', 'acknowledged')"
_UNHEARD = "state = 'waiting' AND escalated_at IS NULL"


class SafeguardingCase(Base):
    """One person's case in one organisation; while it is open, all that comes in about them is added to it."""

    __tablename__ = "safeguarding_case"
    __erasure__ = Erasure.DELETED
    __table_args__ = (
        ForeignKeyConstraint(
            ["membership_id", "organisation_id"], ["membership.id", "membership.organisation_id"], ondelete="RESTRICT"
        ),
        CheckConstraint("(acknowledged_at IS NULL) = (acknowledged_by_id IS NULL)", name="acknowledged_by_somebody"),
        CheckConstraint("state <> 'waiting' OR acknowledged_at IS NULL", name="waiting_is_unheard"),
        CheckConstraint(
            "state NOT IN ('acknowledged', 'closed') OR acknowledged_at IS NOT NULL", name="heard_before_closed"
        ),
        CheckConstraint("(state IN ('closed', 'withdrawn')) = (ended_at IS NOT NULL)", name="over_iff_ended_at"),
        CheckConstraint("(state = 'closed') = (closed_by_id IS NOT NULL)", name="closed_by_somebody"),
        CheckConstraint("state <> 'withdrawn' OR withdrawn_at IS NOT NULL", name="withdrawn_has_its_time"),
        CheckConstraint("for_id IS NULL OR for_id <> membership_id", name="not_for_the_writer"),
        Index(
            "uq_safeguarding_case_one_open",
            "membership_id",
            unique=True,
            sqlite_where=text(_OPEN),
            postgresql_where=text(_OPEN),
        ),
        Index(
            "ix_safeguarding_case_unheard",
            "waiting_since",
            sqlite_where=text(_UNHEARD),
            postgresql_where=text(_UNHEARD),
        ),
        Index(None, "organisation_id", "state", "waiting_since", "id"),
    )

    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id", ondelete="RESTRICT"))
    membership_id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), index=True)
    state: Mapped[CaseState] = mapped_column(default=CaseState.WAITING)
    # The one lead the writer would like to hear from; empty: whoever can first. Emptied when the case escalates.
    for_id: Mapped[int | None] = mapped_column(ForeignKey("membership.id", ondelete="RESTRICT"))
    opened_at: Mapped[datetime]
    # Since when something in it has waited to be read.
    waiting_since: Mapped[datetime]
    escalated_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by_id: Mapped[int | None] = mapped_column(ForeignKey("membership.id", ondelete="RESTRICT"))
    # When the writer said that they no longer want to be contacted.
    withdrawn_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("membership.id", ondelete="RESTRICT"))

    membership: Mapped[Membership] = relationship(
        primaryjoin="SafeguardingCase.membership_id == Membership.id",
        foreign_keys="SafeguardingCase.membership_id",
        viewonly=True,
    )


class SafeguardingEntry(Base):
    """One thing added to a case. What somebody wrote is sealed; an answer is named, not copied."""

    __tablename__ = "safeguarding_entry"
    __erasure__ = Erasure.DELETED
    __table_args__ = (
        UniqueConstraint("answer_id", "kind"),
        CheckConstraint("(kind IN ('statement', 'flag')) = (answer_id IS NOT NULL)", name="answer_iff_about_one"),
        CheckConstraint("(sealed IS NULL) = (sealed_with IS NULL)", name="sealed_with_a_key"),
        CheckConstraint("sealed IS NULL OR kind IN ('asked', 'note')", name="only_words_are_sealed"),
        Index(None, "case_id", "id"),
    )

    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("safeguarding_case.id", ondelete="RESTRICT"))
    kind: Mapped[EntryKind]
    # Who added it; nobody for what an answer says by itself.
    author_id: Mapped[int | None] = mapped_column(ForeignKey("membership.id", ondelete="RESTRICT"), index=True)
    answer_id: Mapped[int | None] = mapped_column(ForeignKey("scenario_answer.id", ondelete="RESTRICT"))
    at: Mapped[datetime]
    # A JSON object of texts, sealed for this case; empty where there are none, or the writer took them back.
    sealed: Mapped[str | None]
    sealed_with: Mapped[str | None]


class ContactDraft(Base):
    """Words to a safeguarding lead that their writer has not sent, sealed for that writer alone."""

    __tablename__ = "contact_draft"
    __erasure__ = Erasure.DELETED
    __table_args__ = (CheckConstraint("sealed <> ''", name="has_words"),)

    id: Mapped[Id]
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id", ondelete="RESTRICT"), unique=True)
    # A JSON object of texts.
    sealed: Mapped[str]
    saved_at: Mapped[datetime] = mapped_column(index=True)
