"""Reading the audit trail of one kind of record, or of one record, from its end."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index(op.f("ix_audit_event_subject_subject_id"), "audit_event")
    op.create_index(op.f("ix_audit_event_subject_at"), "audit_event", ["subject", "at"])
    op.create_index(op.f("ix_audit_event_subject_id_at"), "audit_event", ["subject_id", "at"])
