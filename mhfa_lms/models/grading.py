"""Scenario answers and the marks given to them. Marks are appended, never edited."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mhfa_lms.db import Base, Erasure, Id
from mhfa_lms.models.training import Enrolment


class AnswerState(StrEnum):
    """Where a scenario answer stands."""

    DRAFT = "draft"
    WAITING = "waiting"
    PASSED = "passed"
    TRY_AGAIN = "try-again"


class ScenarioAnswer(Base):
    """What a learner wrote for a scenario: a draft, then an answer that waits for a mark, then a marked one."""

    __tablename__ = "scenario_answer"
    __erasure__ = Erasure.REDUCED
    __table_args__ = (
        UniqueConstraint("enrolment_id", "scenario", "number"),
        CheckConstraint("(state = 'draft') = (submitted_at IS NULL)", name="draft_iff_unsubmitted"),
        CheckConstraint("(state IN ('passed', 'try-again')) = (decided_at IS NOT NULL)", name="decided_iff_decided_at"),
        CheckConstraint("(claimed_by_id IS NULL) = (claimed_until IS NULL)", name="claim_has_a_limit"),
        CheckConstraint("claimed_by_id IS NULL OR state = 'waiting'", name="claimed_while_waiting"),
        CheckConstraint("version > 0", name="version_positive"),
        Index(
            "uq_scenario_answer_one_open",
            "enrolment_id",
            "scenario",
            unique=True,
            sqlite_where=text("state IN ('draft', 'waiting')"),
            postgresql_where=text("state IN ('draft', 'waiting')"),
        ),
        Index(None, "organisation_id", "state", "submitted_at", "id"),
    )

    id: Mapped[Id]
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolment.id", ondelete="RESTRICT"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id", ondelete="RESTRICT"))
    scenario: Mapped[str]
    number: Mapped[int]
    # Four random characters that stand for the learner while the name is hidden.
    alias: Mapped[str]
    text: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)
    # A random name of the open page that saved last: it may save again without having seen the newest version.
    saved_from: Mapped[str] = mapped_column(default="", server_default="")
    state: Mapped[AnswerState] = mapped_column(default=AnswerState.DRAFT)
    saved_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    claimed_by_id: Mapped[int | None] = mapped_column(ForeignKey("membership.id", ondelete="RESTRICT"))
    claimed_until: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    # When the learner opened the result; until then the home page says that it is new.
    result_seen_at: Mapped[datetime | None]

    enrolment: Mapped[Enrolment] = relationship()
    marks: Mapped[list["Mark"]] = relationship(order_by="Mark.id", back_populates="answer")


class MarkDraft(Base):
    """A marker's unfinished mark: it survives a reload, and nobody else sees it."""

    __tablename__ = "mark_draft"
    __erasure__ = Erasure.DELETED
    __table_args__ = (UniqueConstraint("answer_id", "marker_id"),)

    id: Mapped[Id]
    answer_id: Mapped[int] = mapped_column(ForeignKey("scenario_answer.id", ondelete="CASCADE"))
    marker_id: Mapped[int] = mapped_column(ForeignKey("membership.id", ondelete="CASCADE"))
    values: Mapped[dict[str, Any]]
    saved_at: Mapped[datetime]


class Mark(Base):
    """One marker's judgement of one answer by the rubric of the revision the learner took."""

    __tablename__ = "mark"
    __erasure__ = Erasure.REDUCED
    __table_args__ = (
        CheckConstraint("points >= 0", name="points_not_negative"),
        CheckConstraint("NOT (passed AND harm)", name="harm_never_passes"),
        CheckConstraint("NOT (passed AND required_missing)", name="missing_action_never_passes"),
        Index(None, "answer_id"),
        Index(None, "marker_id", "id"),
    )

    id: Mapped[Id]
    answer_id: Mapped[int] = mapped_column(ForeignKey("scenario_answer.id", ondelete="RESTRICT"))
    marker_id: Mapped[int] = mapped_column(ForeignKey("membership.id", ondelete="RESTRICT"))
    revision_id: Mapped[int] = mapped_column(ForeignKey("course_revision.id", ondelete="RESTRICT"))
    # {competency id: 1..4}
    levels: Mapped[dict[str, Any]]
    # {required action id: true or false}
    required: Mapped[dict[str, Any]]
    points: Mapped[int]
    harm: Mapped[bool]
    required_missing: Mapped[bool]
    passed: Mapped[bool]
    # The only column that may change, to nothing, when the learner is erased.
    feedback: Mapped[str]
    marked_at: Mapped[datetime]

    answer: Mapped[ScenarioAnswer] = relationship(back_populates="marks")
