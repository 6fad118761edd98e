"""Scenario answers and marks."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "scenario_answer",
        sa.Column("id", BIG, nullable=False),
        sa.Column("enrolment_id", BIG, nullable=False),
        sa.Column("organisation_id", BIG, nullable=False),
        sa.Column("scenario", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("alias", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "waiting",
                "passed",
                "try-again",
                name="answerstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_by_id", BIG, nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'draft') = (submitted_at IS NULL)", name=op.f("ck_scenario_answer_draft_iff_unsubmitted")
        ),
        sa.CheckConstraint(
            "(state IN ('passed', 'try-again')) = (decided_at IS NOT NULL)",
            name=op.f("ck_scenario_answer_decided_iff_decided_at"),
        ),
        sa.CheckConstraint(
            "claimed_by_id IS NULL OR state = 'waiting'", name=op.f("ck_scenario_answer_claimed_while_waiting")
        ),
        sa.CheckConstraint(
            "(claimed_by_id IS NULL) = (claimed_until IS NULL)", name=op.f("ck_scenario_answer_claim_has_a_limit")
        ),
        sa.CheckConstraint("version > 0", name=op.f("ck_scenario_answer_version_positive")),
        sa.ForeignKeyConstraint(
            ["claimed_by_id"], ["membership.id"], name=op.f("fk_scenario_answer_claimed_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["enrolment_id"], ["enrolment.id"], name=op.f("fk_scenario_answer_enrolment_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_scenario_answer_organisation_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scenario_answer")),
        sa.UniqueConstraint(
            "enrolment_id", "scenario", "number", name=op.f("uq_scenario_answer_enrolment_id_scenario_number")
        ),
    )
    op.create_index(
        op.f("ix_scenario_answer_organisation_id_state_submitted_at_id"),
        "scenario_answer",
        ["organisation_id", "state", "submitted_at", "id"],
        unique=False,
    )
    op.create_index(
        "uq_scenario_answer_one_open",
        "scenario_answer",
        ["enrolment_id", "scenario"],
        unique=True,
        sqlite_where=sa.text("state IN ('draft', 'waiting')"),
        postgresql_where=sa.text("state IN ('draft', 'waiting')"),
    )
    op.create_table(
        "mark",
        sa.Column("id", BIG, nullable=False),
        sa.Column("answer_id", BIG, nullable=False),
        sa.Column("marker_id", BIG, nullable=False),
        sa.Column("revision_id", BIG, nullable=False),
        sa.Column("levels", sa.JSON(), nullable=False),
        sa.Column("required", sa.JSON(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("harm", sa.Boolean(), nullable=False),
        sa.Column("required_missing", sa.Boolean(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("feedback", sa.String(), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("NOT (passed AND harm)", name=op.f("ck_mark_harm_never_passes")),
        sa.CheckConstraint("NOT (passed AND required_missing)", name=op.f("ck_mark_missing_action_never_passes")),
        sa.CheckConstraint("points >= 0", name=op.f("ck_mark_points_not_negative")),
        sa.ForeignKeyConstraint(
            ["answer_id"], ["scenario_answer.id"], name=op.f("fk_mark_answer_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["marker_id"], ["membership.id"], name=op.f("fk_mark_marker_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["course_revision.id"], name=op.f("fk_mark_revision_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mark")),
    )
    op.create_index(op.f("ix_mark_answer_id"), "mark", ["answer_id"], unique=False)
    op.create_table(
        "mark_draft",
        sa.Column("id", BIG, nullable=False),
        sa.Column("answer_id", BIG, nullable=False),
        sa.Column("marker_id", BIG, nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["answer_id"], ["scenario_answer.id"], name=op.f("fk_mark_draft_answer_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["marker_id"], ["membership.id"], name=op.f("fk_mark_draft_marker_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mark_draft")),
        sa.UniqueConstraint("answer_id", "marker_id", name=op.f("uq_mark_draft_answer_id_marker_id")),
    )
