"""Accounts, organisations, sites and memberships: one person, one account, one membership per organisation."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mhfa_lms.db import Base, Erasure, Id


class Role(StrEnum):
    """What a membership lets its holder do in its organisation."""

    LEARNER = "learner"
    INSTRUCTOR = "instructor"
    COORDINATOR = "coordinator"
    SAFEGUARDING = "safeguarding"


class Audience(StrEnum):
    """In which part of life somebody is a first aider; reminders are worded for it."""

    VOLUNTEER = "volunteer"
    EDUCATOR = "educator"
    WORKPLACE = "workplace"
    OTHER = "other"


class MembershipState(StrEnum):
    """Whether a membership is in use."""

    ACTIVE = "active"
    LEFT = "left"


class Account(Base):
    """One person who can sign in, whatever organisations they belong to."""

    __tablename__ = "account"
    __erasure__ = Erasure.REDUCED
    __table_args__ = (
        CheckConstraint("email_key = lower(email_key)", name="email_key_lower"),
        CheckConstraint("password_hash IS NULL OR length(password_hash) > 20", name="password_is_hashed"),
    )

    id: Mapped[Id]
    email: Mapped[str]
    # Unicode-normalised and casefolded, so that the same address written twice is one account.
    email_key: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str | None]
    locale: Mapped[str] = mapped_column(default="en")
    timezone: Mapped[str | None]
    is_admin: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    deactivated_at: Mapped[datetime | None]
    age_confirmed_at: Mapped[datetime | None]
    privacy_version: Mapped[str | None]
    privacy_accepted_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]


class Organisation(Base):
    """A community that trains people: a school district, an employer, a charity; it may stand inside another."""

    __tablename__ = "organisation"
    __erasure__ = Erasure.NOT_PERSONAL
    __table_args__ = (CheckConstraint("parent_id IS NULL OR parent_id <> id", name="not_own_parent"),)

    id: Mapped[Id]
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id", ondelete="RESTRICT"), index=True)
    timezone: Mapped[str] = mapped_column(default="UTC")
    country: Mapped[str | None]
    locale: Mapped[str] = mapped_column(default="en")
    open_to_join: Mapped[bool] = mapped_column(default=False)
    # Whether /help/<slug> shows its own help lines to everybody; its people see them anyway.
    help_is_public: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class Site(Base):
    """A place of an organisation's, such as a school or a depot."""

    __tablename__ = "site"
    __erasure__ = Erasure.NOT_PERSONAL
    __table_args__ = (
        UniqueConstraint("organisation_id", "name"),
        UniqueConstraint("id", "organisation_id"),
    )

    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id", ondelete="RESTRICT"))
    name: Mapped[str]
    sort_key: Mapped[str]


class Membership(Base):
    """A person in one organisation, under the name used there. All training hangs on it."""

    __tablename__ = "membership"
    __erasure__ = Erasure.REDUCED
    __table_args__ = (
        UniqueConstraint("account_id", "organisation_id"),
        UniqueConstraint("id", "organisation_id"),
        # A site belongs to the same organisation as the person, or the row is refused.
        ForeignKeyConstraint(["site_id", "organisation_id"], ["site.id", "site.organisation_id"], ondelete="RESTRICT"),
        CheckConstraint("(state = 'left') = (left_at IS NOT NULL)", name="left_iff_left_at"),
        Index(None, "organisation_id", "sort_key", "id"),
        # Counting who is here, without reading every row.
        Index(None, "organisation_id", "state", "site_id"),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="RESTRICT"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id", ondelete="RESTRICT"))
    name: Mapped[str]
    # Computed in Python: the databases' collations differ.
    sort_key: Mapped[str]
    site_id: Mapped[int | None]
    audience: Mapped[Audience] = mapped_column(default=Audience.VOLUNTEER)
    state: Mapped[MembershipState] = mapped_column(default=MembershipState.ACTIVE)
    languages: Mapped[str] = mapped_column(default="")
    work_email: Mapped[str] = mapped_column(default="")
    employee_id: Mapped[str | None]
    joined_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    # When the person agreed to be listed; empty while they have not, or have withdrawn.
    listed_since: Mapped[datetime | None]
    reminders_stopped_at: Mapped[datetime | None]
    # A coordinator wants no letters about the organisation's certificates.
    digest_stopped_at: Mapped[datetime | None]

    account: Mapped[Account] = relationship()
    organisation: Mapped[Organisation] = relationship()
    site: Mapped[Site | None] = relationship(
        primaryjoin="Membership.site_id == Site.id", foreign_keys="Membership.site_id", viewonly=True
    )
    roles: Mapped[list["MembershipRole"]] = relationship(cascade="all, delete-orphan", passive_deletes=True)


class MembershipRole(Base):
    """One role of one membership."""

    __tablename__ = "membership_role"
    __erasure__ = Erasure.DELETED
    # Finding the few with a role among the many.
    __table_args__ = (Index(None, "role", "membership_id"),)

    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[Role] = mapped_column(primary_key=True)


class Invitation(Base):
    """An offer to join an organisation, sent to an address; the link's secret is kept as a hash."""

    __tablename__ = "invitation"
    __erasure__ = Erasure.DELETED
    __table_args__ = (
        CheckConstraint("accepted_at IS NULL OR withdrawn_at IS NULL", name="one_ending"),
        Index(
            "uq_invitation_one_open",
            "organisation_id",
            "email_key",
            unique=True,
            sqlite_where=text("accepted_at IS NULL AND withdrawn_at IS NULL"),
            postgresql_where=text("accepted_at IS NULL AND withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id", ondelete="RESTRICT"))
    email: Mapped[str]
    email_key: Mapped[str]
    name: Mapped[str]
    audience: Mapped[Audience] = mapped_column(default=Audience.VOLUNTEER)
    site_id: Mapped[int | None] = mapped_column(ForeignKey("site.id", ondelete="SET NULL"))
    roles: Mapped[list[object]]
    # The course the person is enrolled on when they accept, if any.
    course_id: Mapped[int | None] = mapped_column(ForeignKey("course.id", ondelete="SET NULL"))
    secret_hash: Mapped[str] = mapped_column(unique=True)
    invited_by_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="RESTRICT"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
