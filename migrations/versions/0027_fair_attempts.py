"""The seed of each draw, an end for attempts with a time limit, and what was agreed for one learner."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KINDS = ("more-time", "more-minutes", "no-time-limit", "more-attempts", "other-format")
FORMATS = ("large-print", "plain-text", "audio", "easy-read", "paper", "other-language", "something-else")


def _choice(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    # Attempts begun before keep none: their questions are stored all the same.
    op.add_column("attempt", sa.Column("seed", sa.String(), nullable=True))
    op.add_column("attempt", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
    under_way = sa.text("state = 'open' AND due_at IS NOT NULL")
    op.create_index("ix_attempt_due", "attempt", ["due_at"], sqlite_where=under_way, postgresql_where=under_way)
    op.create_table(
        "adjustment",
        sa.Column("id", BIG, nullable=False),
        sa.Column("enrolment_id", BIG, nullable=False),
        sa.Column("kind", _choice("adjustmentkind", *KINDS), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=True),
        sa.Column("wanted", _choice("format", *FORMATS), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("agreed_by_id", BIG, nullable=False),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by_id", BIG, nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(kind IN ('more-time', 'more-minutes', 'more-attempts')) = (amount IS NOT NULL)",
            name=op.f("ck_adjustment_amount_where_counted"),
        ),
        sa.CheckConstraint("(kind = 'other-format') = (wanted IS NOT NULL)", name=op.f("ck_adjustment_format_named")),
        sa.CheckConstraint("amount IS NULL OR amount BETWEEN 1 AND 600", name=op.f("ck_adjustment_amount_in_range")),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by_id IS NULL)", name=op.f("ck_adjustment_ended_by_iff_ended")),
        sa.ForeignKeyConstraint(
            ["enrolment_id"], ["enrolment.id"], name=op.f("fk_adjustment_enrolment_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["agreed_by_id"], ["membership.id"], name=op.f("fk_adjustment_agreed_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["ended_by_id"], ["membership.id"], name=op.f("fk_adjustment_ended_by_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adjustment")),
    )
    in_force = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_adjustment_one_in_force",
        "adjustment",
        ["enrolment_id", "kind"],
        unique=True,
        sqlite_where=in_force,
        postgresql_where=in_force,
    )
    op.create_index(op.f("ix_adjustment_enrolment_id"), "adjustment", ["enrolment_id"])
