"""Certification types, courses, revisions, enrolments; and, minimal for now, cohorts, sessions and authorisations."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mhfa_lms.db import Base, Erasure, Id
from mhfa_lms.models.people import Membership


class CourseKind(StrEnum):
    """Whether a course certifies from the beginning or renews."""

    FULL = "full"
    REFRESHER = "refresher"


class EnrolmentState(StrEnum):
    """Where an enrolment stands."""

    ACTIVE = "active"
    COMPLETED = "completed"
    # Both attempts failed and the learner began the course again under a new enrolment.
    ENDED = "ended"
    WITHDRAWN = "withdrawn"


class AttendanceState(StrEnum):
    """What became of a person in one session."""

    ENROLLED = "enrolled"
    ATTENDED = "attended"
    DID_NOT_ATTEND = "did-not-attend"
    WITHDREW = "withdrew"
    TRANSFERRED = "transferred"


class CertificationType(Base):
    """What somebody is certified in. One or more courses lead to it."""

    __tablename__ = "certification_type"
    __erasure__ = Erasure.NOT_PERSONAL

    id: Mapped[Id]
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")


class Course(Base):
    """A course, published in revisions."""

    __tablename__ = "course"
    __erasure__ = Erasure.NOT_PERSONAL

    id: Mapped[Id]
    slug: Mapped[str] = mapped_column(unique=True)
    certification_type_id: Mapped[int] = mapped_column(ForeignKey("certification_type.id", ondelete="RESTRICT"))
    kind: Mapped[CourseKind] = mapped_column(default=CourseKind.FULL)

    certification_type: Mapped[CertificationType] = relationship()


class CourseRevision(Base):
    """One published state of a course, stored whole: editing the files changes nothing that was published."""

    __tablename__ = "course_revision"
    __erasure__ = Erasure.NOT_PERSONAL
    __table_args__ = (
        UniqueConstraint("course_id", "number"),
        UniqueConstraint("id", "course_id"),
        CheckConstraint("number > 0", name="number_positive"),
    )

    id: Mapped[Id]
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id", ondelete="RESTRICT"))
    number: Mapped[int]
    title: Mapped[str]
    # SHA-256 over the canonical document, hexadecimal: publishing unchanged files makes no new revision.
    digest: Mapped[str]
    document: Mapped[dict[str, Any]] = mapped_column(deferred=True)
    # The revision whose small mistakes this one corrects, if it is such a correction.
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("course_revision.id", ondelete="RESTRICT"))
    published_at: Mapped[datetime]
    # False for a revision kept for its enrolments only; new enrolments take the newest open one.
    open: Mapped[bool] = mapped_column(default=True)

    course: Mapped[Course] = relationship()


class CourseProblem(Base):
    """One problem found in a course's files at the last publication; shown to administrators until it is mended."""

    __tablename__ = "course_problem"
    __erasure__ = Erasure.NOT_PERSONAL

    id: Mapped[Id]
    slug: Mapped[str] = mapped_column(index=True)
    path: Mapped[str]
    line: Mapped[int]
    text: Mapped[str]
    seen_at: Mapped[datetime]


class Enrolment(Base):
    """A membership on a course, pinned to the revision it began with."""

    __tablename__ = "enrolment"
    __erasure__ = Erasure.KEPT
    __table_args__ = (
        ForeignKeyConstraint(
            ["membership_id", "organisation_id"], ["membership.id", "membership.organisation_id"], ondelete="RESTRICT"
        ),
        ForeignKeyConstraint(
            ["revision_id", "course_id"], ["course_revision.id", "course_revision.course_id"], ondelete="RESTRICT"
        ),
        UniqueConstraint("id", "membership_id", "organisation_id"),
        CheckConstraint("(state = 'completed') = (completed_at IS NOT NULL)", name="completed_iff_completed_at"),
        CheckConstraint("(completed_at IS NULL) = (completed_on IS NULL)", name="completed_on_with_at"),
        Index(
            "uq_enrolment_one_active",
            "membership_id",
            "course_id",
            unique=True,
            sqlite_where=text("state = 'active'"),
            postgresql_where=text("state = 'active'"),
        ),
        Index(None, "organisation_id", "state"),
        Index(None, "membership_id", "state", "organisation_id"),
        Index(None, "revision_id", "state"),
        Index(
            "ix_enrolment_ready_since",
            "ready_since",
            sqlite_where=text("state = 'active' AND ready_since IS NOT NULL"),
            postgresql_where=text("state = 'active' AND ready_since IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    membership_id: Mapped[int]
    organisation_id: Mapped[int]
    course_id: Mapped[int]
    revision_id: Mapped[int]
    cohort_id: Mapped[int | None] = mapped_column(ForeignKey("cohort.id", ondelete="RESTRICT"))
    state: Mapped[EnrolmentState] = mapped_column(default=EnrolmentState.ACTIVE)
    enrolled_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    # The civil day of completion in the organisation's time zone.
    completed_on: Mapped[date | None]
    ended_at: Mapped[datetime | None]
    # A refresher that was finished before its renewal window: it waits since then, and renews when the window opens.
    ready_since: Mapped[datetime | None]

    membership: Mapped[Membership] = relationship(
        primaryjoin="Enrolment.membership_id == Membership.id",
        foreign_keys="Enrolment.membership_id",
        viewonly=True,
    )
    revision: Mapped[CourseRevision] = relationship(
        primaryjoin="Enrolment.revision_id == CourseRevision.id",
        foreign_keys="Enrolment.revision_id",
        viewonly=True,
    )


class Cohort(Base):
    """A group that takes a course together."""

    __tablename__ = "cohort"
    __erasure__ = Erasure.NOT_PERSONAL
    __table_args__ = (UniqueConstraint("organisation_id", "name"),)

    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id", ondelete="RESTRICT"))
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id", ondelete="RESTRICT"))
    site_id: Mapped[int | None] = mapped_column(ForeignKey("site.id", ondelete="RESTRICT"))
    name: Mapped[str]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class TrainingSession(Base):
    """One live meeting of a cohort, in person or online, in its own time zone."""

    __tablename__ = "training_session"
    __erasure__ = Erasure.NOT_PERSONAL
    __table_args__ = (CheckConstraint("ends_at > starts_at", name="ends_after_start"),)

    id: Mapped[Id]
    cohort_id: Mapped[int] = mapped_column(ForeignKey("cohort.id", ondelete="RESTRICT"), index=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    timezone: Mapped[str]
    place: Mapped[str] = mapped_column(default="")
    online: Mapped[bool] = mapped_column(default=False)
    instructor_id: Mapped[int | None] = mapped_column(ForeignKey("membership.id", ondelete="RESTRICT"))


class Attendance(Base):
    """A learner in one session."""

    __tablename__ = "attendance"
    __erasure__ = Erasure.KEPT

    session_id: Mapped[int] = mapped_column(ForeignKey("training_session.id", ondelete="RESTRICT"), primary_key=True)
    enrolment_id: Mapped[int] = mapped_column(
        ForeignKey("enrolment.id", ondelete="RESTRICT"), primary_key=True, index=True
    )
    state: Mapped[AttendanceState] = mapped_column(default=AttendanceState.ENROLLED)
    recorded_at: Mapped[datetime | None]
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("membership.id", ondelete="RESTRICT"))


class Authorisation(Base):
    """Leave for an instructor to teach and mark one certification type, for a time. `expires_on` is its last day."""

    __tablename__ = "authorisation"
    __erasure__ = Erasure.KEPT
    __table_args__ = (
        UniqueConstraint("membership_id", "certification_type_id", "valid_from"),
        CheckConstraint("expires_on >= valid_from", name="expires_after_start"),
    )

    id: Mapped[Id]
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id", ondelete="RESTRICT"))
    certification_type_id: Mapped[int] = mapped_column(ForeignKey("certification_type.id", ondelete="RESTRICT"))
    valid_from: Mapped[date]
    expires_on: Mapped[date]
    granted_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="RESTRICT"))


class RuleSetting(Base):
    """One override of a rule: for the installation (no organisation) or an organisation, for all courses or one."""

    __tablename__ = "rule_setting"
    __erasure__ = Erasure.NOT_PERSONAL
    __table_args__ = (UniqueConstraint("key", "place"),)

    id: Mapped[Id]
    key: Mapped[str]
    # Organisation and course in one word, "*" where any: a unique index counts empty columns as different.
    place: Mapped[str]
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id", ondelete="CASCADE"))
    course_id: Mapped[int | None] = mapped_column(ForeignKey("course.id", ondelete="CASCADE"))
    value: Mapped[dict[str, Any]]
    set_at: Mapped[datetime]
    set_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="RESTRICT"))
