"""What learners did without a connection, by the ids that their devices gave it."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOINGS = ("answer", "continue", "summary", "skip")
ARRIVALS = ("taken", "known", "clash", "chosen", "left", "refused")


def _one_of(name: str, values: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    op.create_table(
        "sent_later",
        sa.Column("id", BIG, nullable=False),
        sa.Column("enrolment_id", BIG, nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("doing", _one_of("doing", DOINGS), nullable=False),
        sa.Column("chosen", sa.JSON(), nullable=False),
        sa.Column("arrival", _one_of("arrival", ARRIVALS), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("client_id <> ''", name=op.f("ck_sent_later_has_client_id")),
        sa.CheckConstraint(
            "doing = 'answer' OR arrival NOT IN ('clash', 'chosen', 'left')",
            name=op.f("ck_sent_later_only_answers_clash"),
        ),
        sa.ForeignKeyConstraint(
            ["enrolment_id"], ["enrolment.id"], name=op.f("fk_sent_later_enrolment_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sent_later")),
        sa.UniqueConstraint("enrolment_id", "client_id", name=op.f("uq_sent_later_enrolment_id_client_id")),
    )
    op.create_index(
        "ix_sent_later_clash",
        "sent_later",
        ["enrolment_id"],
        sqlite_where=sa.text("arrival = 'clash'"),
        postgresql_where=sa.text("arrival = 'clash'"),
    )
