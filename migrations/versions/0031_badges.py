"""Badges of certificates, and the lists that say which of them count no more."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "status_list",
        sa.Column("id", BIG, nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("published", sa.Integer(), nullable=True),
        sa.Column("credential", sa.String(), nullable=True),
        sa.CheckConstraint("used BETWEEN 0 AND 65536", name=op.f("ck_status_list_half_full_at_most")),
        sa.CheckConstraint(
            "published IS NULL OR published <= version", name=op.f("ck_status_list_published_is_not_ahead")
        ),
        sa.CheckConstraint(
            "(credential IS NULL) = (published IS NULL)", name=op.f("ck_status_list_published_iff_signed")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_status_list")),
    )
    op.create_table(
        "badge",
        sa.Column("id", BIG, nullable=False),
        sa.Column("certificate_id", BIG, nullable=False),
        sa.Column("status_list_id", BIG, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("credential", sa.String(), nullable=True),
        sa.Column("key_name", sa.String(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("position BETWEEN 0 AND 131071", name=op.f("ck_badge_position_in_list")),
        sa.CheckConstraint("(made_at IS NULL) = (key_name IS NULL)", name=op.f("ck_badge_made_with_a_key")),
        sa.CheckConstraint("credential IS NULL OR made_at IS NOT NULL", name=op.f("ck_badge_credential_was_made")),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificate.id"], name=op.f("fk_badge_certificate_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["status_list_id"], ["status_list.id"], name=op.f("fk_badge_status_list_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_badge")),
        sa.UniqueConstraint("certificate_id", name=op.f("uq_badge_certificate_id")),
        sa.UniqueConstraint("status_list_id", "position", name=op.f("uq_badge_status_list_id_position")),
    )
