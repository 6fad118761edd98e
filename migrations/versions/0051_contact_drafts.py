"""Words to a safeguarding lead that were begun and not sent, encrypted."""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "contact_draft",
        sa.Column("id", BIG, nullable=False),
        sa.Column("membership_id", BIG, nullable=False),
        sa.Column("sealed", sa.String(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("sealed <> ''", name=op.f("ck_contact_draft_has_words")),
        sa.ForeignKeyConstraint(
            ["membership_id"], ["membership.id"], name=op.f("fk_contact_draft_membership_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_draft")),
        sa.UniqueConstraint("membership_id", name=op.f("uq_contact_draft_membership_id")),
    )
    op.create_index(op.f("ix_contact_draft_saved_at"), "contact_draft", ["saved_at"])
