"""What people write for themselves beside a step, encrypted."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "reflection",
        sa.Column("id", BIG, nullable=False),
        sa.Column("enrolment_id", BIG, nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("sealed_text", sa.String(), nullable=False),
        sa.Column("sealed_with", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("saved_from", sa.String(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_reflection_version_positive")),
        sa.CheckConstraint("sealed_text <> ''", name=op.f("ck_reflection_has_text")),
        sa.ForeignKeyConstraint(
            ["enrolment_id"], ["enrolment.id"], name=op.f("fk_reflection_enrolment_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reflection")),
        sa.UniqueConstraint("enrolment_id", "step", name=op.f("uq_reflection_enrolment_id_step")),
    )
    op.create_index(op.f("ix_reflection_sealed_with"), "reflection", ["sealed_with"])
