"""Whether a coordinator wants no letters about certificates."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("membership", sa.Column("digest_stopped_at", sa.DateTime(timezone=True), nullable=True))
