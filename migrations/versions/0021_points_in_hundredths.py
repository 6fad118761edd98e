"""Points of attempts in hundredths: partial credit gives parts of a point."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE attempt SET points = points * 100, max_points = max_points * 100")
