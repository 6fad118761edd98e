"""Which open page saved a scenario draft last, so that its own autosave is not taken for somebody else's."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("scenario_answer", sa.Column("saved_from", sa.String(), nullable=False, server_default=""))
