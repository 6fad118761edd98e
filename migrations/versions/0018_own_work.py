"""Finding somebody's own long work, and what of it ended long ago."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_job_account_id_id"), "job", ["account_id", "id"])
    op.create_index(op.f("ix_job_kind_done_at"), "job", ["kind", "done_at"])
