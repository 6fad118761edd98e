"""Since when a finished refresher waits for its renewal window to open."""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

WAITING = sa.text("state = 'active' AND ready_since IS NOT NULL")


def upgrade() -> None:
    op.add_column("enrolment", sa.Column("ready_since", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_enrolment_ready_since",
        "enrolment",
        ["ready_since"],
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )
