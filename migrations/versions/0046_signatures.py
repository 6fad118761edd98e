"""Pictures of signatures on certificates; looks that nothing shows any more can go, so erased certificates let go."""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for place in (1, 2, 3):
        op.add_column("certificate_look", sa.Column(f"signature_{place}", sa.LargeBinary(), nullable=True))
    op.create_index(op.f("ix_certificate_look_id"), "certificate", ["look_id"])
    op.execute("UPDATE certificate SET look_id = NULL WHERE erased_at IS NOT NULL AND look_id IS NOT NULL")
