"""What a learner has done: steps and the questions inside them."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mhfa_lms.db import Base, Erasure, Id


class Way(StrEnum):
    """How a step was done. The learner's own business: no screen of an organisation shows it."""

    READ = "read"
    SUMMARY = "summary"
    SKIPPED = "skipped"


class StepProgress(Base):
    """A step that is done, by its author's stable id."""

    __tablename__ = "step_progress"
    __erasure__ = Erasure.DELETED
    __table_args__ = (UniqueConstraint("enrolment_id", "step"),)

    id: Mapped[Id]
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolment.id", ondelete="RESTRICT"))
    step: Mapped[str]
    way: Mapped[Way] = mapped_column(default=Way.READ)
    done_at: Mapped[datetime]


class PracticeAnswer(Base):
    """The latest answer to a step's question. It is practice: it gates nothing."""

    __tablename__ = "practice_answer"
    __erasure__ = Erasure.DELETED
    __table_args__ = (
        UniqueConstraint("enrolment_id", "question"),
        CheckConstraint("version > 0", name="version_positive"),
    )

    id: Mapped[Id]
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolment.id", ondelete="RESTRICT"))
    question: Mapped[str]
    chosen: Mapped[list[object]]
    correct: Mapped[bool]
    version: Mapped[int] = mapped_column(default=1)
    answered_at: Mapped[datetime]


class ConversationRun(Base):
    """Where a learner is in a conversation, and what they have tried in it. It is practice: nobody else sees it.

    `path` holds the choices that lead to where they are, in order, and `seen` each choice they ever made, both as
    "scene/choice"; `version` counts the changes.
    """

    __tablename__ = "conversation_run"
    __erasure__ = Erasure.DELETED
    __table_args__ = (
        UniqueConstraint("enrolment_id", "conversation"),
        CheckConstraint("version > 0", name="version_positive"),
    )

    id: Mapped[Id]
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolment.id", ondelete="RESTRICT"))
    conversation: Mapped[str]
    path: Mapped[list[object]]
    seen: Mapped[list[object]]
    version: Mapped[int] = mapped_column(default=1)
    changed_at: Mapped[datetime]
    # When an ending was first reached.
    ended_at: Mapped[datetime | None]


class Reflection(Base):
    """What a learner wrote for themselves beside a step, encrypted under the installation's private key."""

    __tablename__ = "reflection"
    __erasure__ = Erasure.DELETED
    __table_args__ = (
        UniqueConstraint("enrolment_id", "step"),
        CheckConstraint("version > 0", name="version_positive"),
        CheckConstraint("sealed_text <> ''", name="has_text"),
        Index(None, "sealed_with"),
    )

    id: Mapped[Id]
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolment.id", ondelete="RESTRICT"))
    step: Mapped[str]
    sealed_text: Mapped[str]
    # The name of the key, so that a newer one can take its place.
    sealed_with: Mapped[str]
    version: Mapped[int]
    # A random name of the open page that saved last: it may save again without having seen the newest version.
    saved_from: Mapped[str]
    saved_at: Mapped[datetime]
