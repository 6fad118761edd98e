"""Activities that learners say they have done, until an instructor confirms or returns them."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _key(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{table}.id"], name=op.f(f"fk_activity_report_{column}"), ondelete="RESTRICT"
    )


def upgrade() -> None:
    op.create_table(
        "activity_report",
        sa.Column("id", BIG, nullable=False),
        sa.Column("enrolment_id", BIG, nullable=False),
        sa.Column("organisation_id", BIG, nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "confirmed",
                "returned",
                name="activitystate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("comment", sa.String(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", BIG, nullable=True),
        sa.CheckConstraint(
            "(state = 'waiting') = (decided_at IS NULL)", name=op.f("ck_activity_report_waits_until_decided")
        ),
        sa.CheckConstraint(
            "(decided_at IS NULL) = (decided_by_id IS NULL)", name=op.f("ck_activity_report_decided_by_iff_decided")
        ),
        sa.CheckConstraint(
            "state <> 'returned' OR comment <> ''", name=op.f("ck_activity_report_returned_with_comment")
        ),
        sa.CheckConstraint("times > 0", name=op.f("ck_activity_report_times_positive")),
        _key("enrolment_id", "enrolment"),
        _key("organisation_id", "organisation"),
        _key("decided_by_id", "membership"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_report")),
        sa.UniqueConstraint("enrolment_id", "step", name=op.f("uq_activity_report_enrolment_id_step")),
    )
    op.create_index(
        op.f("ix_activity_report_organisation_id_state_reported_at_id"),
        "activity_report",
        ["organisation_id", "state", "reported_at", "id"],
    )
