"""Counting the people who are here, and finding the few with a role, without reading everybody."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_membership_organisation_id_state"), "membership", ["organisation_id", "state"])
    op.create_index(op.f("ix_membership_role_role_membership_id"), "membership_role", ["role", "membership_id"])
