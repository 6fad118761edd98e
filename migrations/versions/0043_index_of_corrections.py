"""An index of the certificates that another one replaced: reminders ask what a certificate corrects."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

FEW = sa.text("replaced_by_id IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        op.f("ix_certificate_replaced_by_id"),
        "certificate",
        ["replaced_by_id"],
        sqlite_where=FEW,
        postgresql_where=FEW,
    )
