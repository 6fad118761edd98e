"""Finding a marker's own marks without reading everybody's."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_mark_marker_id_id"), "mark", ["marker_id", "id"])
