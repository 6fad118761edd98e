"""Watching an installation: signs of life of the workers, and the audit trail read from its end, by verb, by person."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "worker_beat",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ticked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("seen_at >= started_at", name=op.f("ck_worker_beat_seen_after_start")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worker_beat")),
        sa.UniqueConstraint("name", name=op.f("uq_worker_beat_name")),
    )
    op.create_index(op.f("ix_audit_event_at_id"), "audit_event", ["at", "id"])
    op.create_index(op.f("ix_audit_event_verb_at"), "audit_event", ["verb", "at"])
    op.create_index(op.f("ix_audit_event_account_id_at"), "audit_event", ["account_id", "at"])
