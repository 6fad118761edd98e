"""Help lines of an organisation's own, and whether others than its people may see them."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("organisation", sa.Column("help_is_public", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "help_line",
        sa.Column("id", BIG, nullable=False),
        sa.Column("organisation_id", BIG, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("text_number", sa.String(), nullable=False),
        sa.Column("link", sa.String(), nullable=False),
        sa.Column("hours", sa.String(), nullable=False),
        sa.Column("languages", sa.String(), nullable=False),
        sa.Column("for_whom", sa.String(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("phone <> '' OR text_number <> '' OR link <> ''", name=op.f("ck_help_line_can_be_reached")),
        sa.CheckConstraint("name <> ''", name=op.f("ck_help_line_has_name")),
        sa.CheckConstraint("link = '' OR link LIKE 'https://%'", name=op.f("ck_help_line_link_is_https")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_help_line_organisation_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_line")),
    )
    op.create_index(op.f("ix_help_line_organisation_id_id"), "help_line", ["organisation_id", "id"])
