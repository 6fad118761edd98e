"""Wishes for a text in another form."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FORMATS = ("large-print", "plain-text", "audio", "easy-read", "paper", "other-language", "something-else")


def upgrade() -> None:
    op.create_table(
        "format_request",
        sa.Column("id", BIG, nullable=False),
        sa.Column("organisation_id", BIG, nullable=True),
        sa.Column("membership_id", BIG, nullable=True),
        sa.Column(
            "wanted",
            sa.Enum(*FORMATS, name="format", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("page", sa.String(), nullable=False),
        sa.Column("course", sa.String(), nullable=False),
        sa.Column("details", sa.String(), nullable=False),
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by_id", BIG, nullable=True),
        sa.CheckConstraint(
            "membership_id IS NOT NULL OR contact <> ''", name=op.f("ck_format_request_can_be_answered")
        ),
        sa.CheckConstraint(
            "membership_id IS NULL OR organisation_id IS NOT NULL",
            name=op.f("ck_format_request_member_has_organisation"),
        ),
        sa.CheckConstraint(
            "wanted NOT IN ('other-language', 'something-else') OR details <> ''",
            name=op.f("ck_format_request_says_what_else"),
        ),
        sa.CheckConstraint("(done_at IS NULL) = (done_by_id IS NULL)", name=op.f("ck_format_request_done_by_iff_done")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_format_request_organisation_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["membership_id"], ["membership.id"], name=op.f("fk_format_request_membership_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["done_by_id"], ["account.id"], name=op.f("fk_format_request_done_by_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_format_request")),
    )
    op.create_index(
        op.f("ix_format_request_organisation_id_done_at_id"), "format_request", ["organisation_id", "done_at", "id"]
    )
    op.create_index(op.f("ix_format_request_membership_id"), "format_request", ["membership_id"])
