"""One person's certificates and enrolments, and counts by site, found the same way however large an organisation is."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

HELD = ["membership_id", "organisation_id", "certification_type_id", "expires_on", "revoked_at", "replaced_by_id"]
DAYS = ["organisation_id", "window_closes_on", "window_opens_on"]


def upgrade() -> None:
    # SQLite looks for the index with the most columns that a question names, and found the organisation's.
    op.create_index("ix_certificate_held", "certificate", HELD)
    op.drop_index(op.f("ix_certificate_membership_id_certification_type_id"), "certificate")
    op.create_index(op.f("ix_certificate_organisation_id_window_closes_on_window_opens_on"), "certificate", DAYS)
    op.create_index(
        op.f("ix_enrolment_membership_id_state_organisation_id"),
        "enrolment",
        ["membership_id", "state", "organisation_id"],
    )
    op.drop_index(op.f("ix_enrolment_membership_id_state"), "enrolment")
    op.create_index(
        op.f("ix_membership_organisation_id_state_site_id"), "membership", ["organisation_id", "state", "site_id"]
    )
    op.drop_index(op.f("ix_membership_organisation_id_state"), "membership")
