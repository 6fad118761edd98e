"""What was seen of earlier certificates goes with the names: retention used to leave it in those it had erased."""

from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE certificate SET evidence = '' WHERE erased_at IS NOT NULL AND evidence <> ''")
