"""Certificates and reminders."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "authorisation_reminder",
        sa.Column("id", BIG, nullable=False),
        sa.Column("authorisation_id", BIG, nullable=False),
        sa.Column("offset_days", sa.Integer(), nullable=False),
        sa.Column("message_id", BIG, nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["authorisation_id"],
            ["authorisation.id"],
            name=op.f("fk_authorisation_reminder_authorisation_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_authorisation_reminder_message_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authorisation_reminder")),
        sa.UniqueConstraint(
            "authorisation_id", "offset_days", name=op.f("uq_authorisation_reminder_authorisation_id_offset_days")
        ),
    )
    op.create_table(
        "certificate",
        sa.Column("id", BIG, nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("enrolment_id", BIG, nullable=True),
        sa.Column("membership_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("certification_type_id", BIG, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sort_key", sa.String(), nullable=False),
        sa.Column("type_name", sa.String(), nullable=False),
        sa.Column("course_title", sa.String(), nullable=False),
        sa.Column("organisation_name", sa.String(), nullable=False),
        sa.Column("issuer_name", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("completed_on", sa.Date(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("window_opens_on", sa.Date(), nullable=False),
        sa.Column("window_closes_on", sa.Date(), nullable=False),
        sa.Column(
            "renewal_basis",
            sa.Enum(
                "completion", "old-expiry", name="renewalbasis", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_reason", sa.String(), nullable=True),
        sa.Column("revoked_by_id", BIG, nullable=True),
        sa.Column("replaced_by_id", BIG, nullable=True),
        sa.Column("renewed_by_id", BIG, nullable=True),
        sa.Column("initials_only", sa.Boolean(), nullable=False),
        sa.Column("file_id", BIG, nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (revoked_reason IS NULL)", name=op.f("ck_certificate_revoked_with_reason")
        ),
        sa.CheckConstraint("expires_on >= starts_on", name=op.f("ck_certificate_expires_after_start")),
        sa.CheckConstraint("length(code) = 16 AND code = upper(code)", name=op.f("ck_certificate_code_shape")),
        sa.CheckConstraint("renewed_by_id IS NULL OR renewed_by_id <> id", name=op.f("ck_certificate_not_own_renewal")),
        sa.CheckConstraint(
            "replaced_by_id IS NULL OR replaced_by_id <> id", name=op.f("ck_certificate_not_own_replacement")
        ),
        sa.CheckConstraint(
            "window_opens_on <= expires_on AND window_closes_on >= expires_on",
            name=op.f("ck_certificate_window_holds_expiry"),
        ),
        sa.ForeignKeyConstraint(
            ["certification_type_id"],
            ["certification_type.id"],
            name=op.f("fk_certificate_certification_type_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["enrolment_id"], ["enrolment.id"], name=op.f("fk_certificate_enrolment_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["file_id"], ["stored_file.id"], name=op.f("fk_certificate_file_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["membership_id", "organisation_id"],
            ["membership.id", "membership.organisation_id"],
            name=op.f("fk_certificate_membership_id_organisation_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["renewed_by_id"], ["certificate.id"], name=op.f("fk_certificate_renewed_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["replaced_by_id"], ["certificate.id"], name=op.f("fk_certificate_replaced_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["revoked_by_id"], ["account.id"], name=op.f("fk_certificate_revoked_by_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate")),
        sa.UniqueConstraint("code", name=op.f("uq_certificate_code")),
        sa.UniqueConstraint("enrolment_id", name=op.f("uq_certificate_enrolment_id")),
    )
    op.create_index(op.f("ix_certificate_expires_on"), "certificate", ["expires_on"], unique=False)
    op.create_index(
        op.f("ix_certificate_membership_id_certification_type_id"),
        "certificate",
        ["membership_id", "certification_type_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_certificate_organisation_id_expires_on"),
        "certificate",
        ["organisation_id", "expires_on"],
        unique=False,
    )
    op.create_index(
        op.f("ix_certificate_organisation_id_sort_key_id"),
        "certificate",
        ["organisation_id", "sort_key", "id"],
        unique=False,
    )
    op.create_table(
        "reminder",
        sa.Column("id", BIG, nullable=False),
        sa.Column("certificate_id", BIG, nullable=False),
        sa.Column("offset_days", sa.Integer(), nullable=False),
        sa.Column("message_id", BIG, nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificate.id"], name=op.f("fk_reminder_certificate_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_reminder_message_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder")),
        sa.UniqueConstraint("certificate_id", "offset_days", name=op.f("uq_reminder_certificate_id_offset_days")),
    )
