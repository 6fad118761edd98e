"""What happened to mails on their way, and the addresses for which they are refused."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
OUTCOMES = (
    "refused",
    "no-mailbox",
    "deferred",
    "unreached",
    "unwritten",
    "interrupted",
    "held",
    "unwanted",
    "again",
    "stopped",
)


def upgrade() -> None:
    op.create_table(
        "mail_try",
        sa.Column("id", BIG, nullable=False),
        sa.Column("message_id", BIG, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(*OUTCOMES, name="tryoutcome", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("words", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_mail_try_message_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_try")),
    )
    op.create_index(op.f("ix_mail_try_message_id_id"), "mail_try", ["message_id", "id"])
    op.create_index(op.f("ix_mail_try_at"), "mail_try", ["at"])
    op.create_table(
        "failing_address",
        sa.Column("id", BIG, nullable=False),
        sa.Column("email_key", sa.String(), nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("first_at", INSTANT, nullable=False),
        sa.Column("last_at", INSTANT, nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.CheckConstraint("refusals > 0", name=op.f("ck_failing_address_refused_once")),
        sa.CheckConstraint("last_at >= first_at", name=op.f("ck_failing_address_last_after_first")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failing_address")),
        sa.UniqueConstraint("email_key", name=op.f("uq_failing_address_email_key")),
    )
    not_arrived = sa.text("state IN ('waiting', 'failed')")
    op.create_index(
        "ix_message_not_arrived",
        "message",
        ["organisation_id", "id"],
        sqlite_where=not_arrived,
        postgresql_where=not_arrived,
    )
