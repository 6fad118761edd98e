"""Say of the certificates there are what earned them; imported ones count as earned by a full course."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

BY_REFRESHER = """
UPDATE certificate SET earned_by = 'refresher' WHERE enrolment_id IN (
    SELECT enrolment.id FROM enrolment JOIN course ON course.id = enrolment.course_id WHERE course.kind = 'refresher')
"""
# A corrected certificate has no enrolment of its own, and may be corrected again.
CORRECTED = """
UPDATE certificate SET earned_by = 'refresher' WHERE earned_by = 'full' AND id IN (
    SELECT replaced_by_id FROM certificate WHERE earned_by = 'refresher' AND replaced_by_id IS NOT NULL)
"""


def upgrade() -> None:
    connection = op.get_bind()
    connection.execute(sa.text(BY_REFRESHER))
    while connection.execute(sa.text(CORRECTED)).rowcount:
        pass
