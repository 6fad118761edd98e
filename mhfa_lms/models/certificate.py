"""Certificates, the files drawn for them, and the reminders sent about them."""

from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mhfa_lms.db import Base, Erasure, Id
from mhfa_lms.models.people import Membership
from mhfa_lms.models.training import CourseKind

if TYPE_CHECKING:
    from mhfa_lms.models.certificate_look import CertificateLook


class RenewalBasis(StrEnum):
    """From when a renewal inside the window counts."""

    COMPLETION = "completion"
    OLD_EXPIRY = "old-expiry"


class PaperSize(StrEnum):
    """What a certificate is printed on."""

    A4 = "a4"
    LETTER = "letter"


class Correction(StrEnum):
    """Why a corrected certificate took the place of another."""

    MISSPELT = "misspelt"
    # The old number then never leads to the new one: it would tell whoever holds the old certificate the new name.
    NAME_CHANGED = "name-changed"


class Certificate(Base):
    """A certificate as issued: its names and dates are stored and no later change of policy or course moves them."""

    __tablename__ = "certificate"
    __erasure__ = Erasure.REDUCED
    __table_args__ = (
        UniqueConstraint("enrolment_id"),
        ForeignKeyConstraint(
            ["membership_id", "organisation_id"], ["membership.id", "membership.organisation_id"], ondelete="RESTRICT"
        ),
        CheckConstraint("length(code) = 16 AND code = upper(code)", name="code_shape"),
        CheckConstraint("imported_key IS NULL OR is_imported", name="key_of_imported"),
        CheckConstraint("evidence = '' OR is_imported", name="evidence_of_imported"),
        CheckConstraint("expires_on >= starts_on", name="expires_after_start"),
        CheckConstraint("window_opens_on <= expires_on AND window_closes_on >= expires_on", name="window_holds_expiry"),
        CheckConstraint("(revoked_at IS NULL) = (revoked_reason IS NULL)", name="revoked_with_reason"),
        CheckConstraint("minutes IS NULL OR minutes > 0", name="minutes_positive"),
        CheckConstraint("instructor_name = '' OR instructor_id IS NOT NULL", name="named_instructor_is_known"),
        CheckConstraint("replaced_by_id IS NULL OR replaced_by_id <> id", name="not_own_replacement"),
        CheckConstraint("renewed_by_id IS NULL OR renewed_by_id <> id", name="not_own_renewal"),
        CheckConstraint("NOT full_course_next OR earned_by = 'refresher'", name="full_course_after_refresher"),
        Index(None, "organisation_id", "sort_key", "id"),
        Index(None, "organisation_id", "expires_on"),
        # A person's certificates, and what makes an older one count no more, without reading the rows.
        Index(
            "ix_certificate_held",
            "membership_id",
            "organisation_id",
            "certification_type_id",
            "expires_on",
            "revoked_at",
            "replaced_by_id",
        ),
        # What an organisation has to act on, by its days.
        Index(None, "organisation_id", "window_closes_on", "window_opens_on"),
        Index(None, "expires_on"),
        # What a certificate corrects; few do.
        Index(
            None,
            "replaced_by_id",
            sqlite_where=text("replaced_by_id IS NOT NULL"),
            postgresql_where=text("replaced_by_id IS NOT NULL"),
        ),
        # What a certificate renewed.
        Index(
            None,
            "renewed_by_id",
            sqlite_where=text("renewed_by_id IS NOT NULL"),
            postgresql_where=text("renewed_by_id IS NOT NULL"),
        ),
        # Whose name an erased instructor's certificates bear.
        Index(None, "instructor_id"),
        # Whether anything still shows a look.
        Index(None, "look_id"),
        Index("uq_certificate_imported_key", "imported_key", unique=True),
        # What one table brought, among a million that were earned here.
        Index(
            None,
            "import_id",
            sqlite_where=text("import_id IS NOT NULL"),
            postgresql_where=text("import_id IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    # 16 random Crockford characters, upper case, stored without hyphens: the certificate's only number.
    code: Mapped[str] = mapped_column(unique=True)
    # Empty for a certificate that was imported or corrects another.
    enrolment_id: Mapped[int | None] = mapped_column(ForeignKey("enrolment.id", ondelete="RESTRICT"))
    membership_id: Mapped[int]
    organisation_id: Mapped[int]
    certification_type_id: Mapped[int] = mapped_column(ForeignKey("certification_type.id", ondelete="RESTRICT"))
    name: Mapped[str]
    sort_key: Mapped[str]
    type_name: Mapped[str]
    course_title: Mapped[str]
    organisation_name: Mapped[str]
    issuer_name: Mapped[str]
    locale: Mapped[str]
    # The time the training took, on one's own and together; empty on certificates from before it was kept.
    minutes: Mapped[int | None]
    # The name goes when the instructor is erased; the id stays, as with marks. No RESTRICT, which does the same: SQLite
    # cannot tell it of a column that was added later.
    instructor_id: Mapped[int | None] = mapped_column(ForeignKey("membership.id"))
    instructor_name: Mapped[str] = mapped_column(default="", server_default="")
    # Titles, in the certificate's language.
    competencies: Mapped[list[object]] = mapped_column(default=list, server_default="[]")
    paper: Mapped[PaperSize] = mapped_column(default=PaperSize.A4, server_default="a4")
    # The look of the day; empty for the plain one.
    look_id: Mapped[int | None] = mapped_column(ForeignKey("certificate_look.id"))
    completed_on: Mapped[date]
    starts_on: Mapped[date]
    expires_on: Mapped[date]
    window_opens_on: Mapped[date]
    window_closes_on: Mapped[date]
    # How its own renewal will count, fixed when it was issued: from when, and by which kind of course.
    renewal_basis: Mapped[RenewalBasis] = mapped_column(default=RenewalBasis.COMPLETION)
    full_course_next: Mapped[bool] = mapped_column(default=False)
    # The kind of course that earned it; one that was imported counts as earned by a full course.
    earned_by: Mapped[CourseKind] = mapped_column(default=CourseKind.FULL)
    issued_at: Mapped[datetime]
    issued_on: Mapped[date]
    revoked_at: Mapped[datetime | None]
    revoked_reason: Mapped[str | None]
    revoked_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="RESTRICT"))
    replaced_by_id: Mapped[int | None] = mapped_column(ForeignKey("certificate.id", ondelete="RESTRICT"))
    renewed_by_id: Mapped[int | None] = mapped_column(ForeignKey("certificate.id", ondelete="RESTRICT"))
    # The holder asked for initials on the verification page.
    initials_only: Mapped[bool] = mapped_column(default=False)
    file_id: Mapped[int | None] = mapped_column(ForeignKey("stored_file.id", ondelete="RESTRICT"))
    erased_at: Mapped[datetime | None]
    # Recorded from a table of earlier records, not earned here. What the organisation saw of it is for its eyes alone.
    is_imported: Mapped[bool] = mapped_column(default=False, server_default=false())
    evidence: Mapped[str] = mapped_column(default="", server_default="")
    # Whose, of which type, completed when: a row that is uploaded again finds itself here. One that corrects another
    # has none.
    imported_key: Mapped[str | None]
    # The table it stood in; empty for those recorded before that was kept. No RESTRICT, as with the instructor.
    import_id: Mapped[int | None] = mapped_column(ForeignKey("certificate_import.id"))

    membership: Mapped[Membership] = relationship(
        primaryjoin="Certificate.membership_id == Membership.id",
        foreign_keys="Certificate.membership_id",
        viewonly=True,
    )
    file: Mapped["StoredFile | None"] = relationship()
    look: Mapped["CertificateLook | None"] = relationship()


class CertificateCorrection(Base):
    """That a certificate was replaced by a corrected one, when, why and by whom (nobody: the command line)."""

    __tablename__ = "certificate_correction"
    __erasure__ = Erasure.KEPT

    certificate_id: Mapped[int] = mapped_column(ForeignKey("certificate.id", ondelete="RESTRICT"), primary_key=True)
    because: Mapped[Correction]
    corrected_at: Mapped[datetime]
    corrected_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="RESTRICT"))


class StoredFile(Base):
    """A file in the storage, written once. The row is made after the bytes are safely there."""

    __tablename__ = "stored_file"
    __erasure__ = Erasure.DELETED
    __table_args__ = (CheckConstraint("size > 0", name="size_positive"),)

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(unique=True)
    media_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str]
    created_at: Mapped[datetime]


class Reminder(Base):
    """One reminder to renew that was posted: each offset once per certificate, for ever."""

    __tablename__ = "reminder"
    __erasure__ = Erasure.KEPT
    __table_args__ = (UniqueConstraint("certificate_id", "offset_days"),)

    id: Mapped[Id]
    certificate_id: Mapped[int] = mapped_column(ForeignKey("certificate.id", ondelete="RESTRICT"))
    # Days before expiry: 180, 90, 30, 0; negative once in grace.
    offset_days: Mapped[int]
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id", ondelete="RESTRICT"))
    posted_at: Mapped[datetime]


class AuthorisationReminder(Base):
    """One reminder that an instructor's authorisation ends."""

    __tablename__ = "authorisation_reminder"
    __erasure__ = Erasure.KEPT
    __table_args__ = (UniqueConstraint("authorisation_id", "offset_days"),)

    id: Mapped[Id]
    authorisation_id: Mapped[int] = mapped_column(ForeignKey("authorisation.id", ondelete="RESTRICT"))
    offset_days: Mapped[int]
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id", ondelete="RESTRICT"))
    posted_at: Mapped[datetime]
