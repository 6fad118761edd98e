"""The kind of course that earned a certificate, and whether only the full course renews it."""

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Written out, because SQLite takes a column's checks only together with the column.
    op.execute(
        "ALTER TABLE certificate ADD COLUMN earned_by VARCHAR(32) DEFAULT 'full' NOT NULL "
        "CONSTRAINT ck_certificate_coursekind CHECK (earned_by IN ('full', 'refresher'))"
    )
    op.execute(
        "ALTER TABLE certificate ADD COLUMN full_course_next BOOLEAN DEFAULT false NOT NULL "
        "CONSTRAINT ck_certificate_full_course_after_refresher CHECK (NOT full_course_next OR earned_by = 'refresher')"
    )
