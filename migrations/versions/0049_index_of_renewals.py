"""An index of the certificates that were renewed: correcting or removing the newer one asks for them."""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

SOME = sa.text("renewed_by_id IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        op.f("ix_certificate_renewed_by_id"),
        "certificate",
        ["renewed_by_id"],
        sqlite_where=SOME,
        postgresql_where=SOME,
    )
