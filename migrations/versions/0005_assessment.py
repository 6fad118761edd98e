"""Attempts at an assessment, their answers and releases."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "attempt",
        sa.Column("id", BIG, nullable=False),
        sa.Column("enrolment_id", BIG, nullable=False),
        sa.Column("assessment", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("drawn", sa.JSON(), nullable=False),
        sa.Column("pass_percent", sa.Integer(), nullable=False),
        sa.Column("max_points", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("open", "submitted", name="attemptstate", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("points", sa.Integer(), nullable=True),
        sa.Column("passed", sa.Boolean(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'open') = (points IS NULL)", name=op.f("ck_attempt_points_iff_submitted")),
        sa.CheckConstraint("(state = 'open') = (submitted_at IS NULL)", name=op.f("ck_attempt_open_iff_unsubmitted")),
        sa.CheckConstraint("(points IS NULL) = (passed IS NULL)", name=op.f("ck_attempt_passed_with_points")),
        sa.CheckConstraint("number > 0", name=op.f("ck_attempt_number_positive")),
        sa.CheckConstraint("pass_percent BETWEEN 1 AND 100", name=op.f("ck_attempt_pass_percent_in_range")),
        sa.CheckConstraint(
            "points IS NULL OR points BETWEEN 0 AND max_points", name=op.f("ck_attempt_points_in_range")
        ),
        sa.ForeignKeyConstraint(
            ["enrolment_id"], ["enrolment.id"], name=op.f("fk_attempt_enrolment_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
        sa.UniqueConstraint(
            "enrolment_id", "assessment", "number", name=op.f("uq_attempt_enrolment_id_assessment_number")
        ),
    )
    op.create_index(
        "uq_attempt_one_open",
        "attempt",
        ["enrolment_id", "assessment"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "attempt_release",
        sa.Column("id", BIG, nullable=False),
        sa.Column("enrolment_id", BIG, nullable=False),
        sa.Column("assessment", sa.String(), nullable=False),
        sa.Column("for_number", sa.Integer(), nullable=False),
        sa.Column("released_by_id", BIG, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["enrolment_id"], ["enrolment.id"], name=op.f("fk_attempt_release_enrolment_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["released_by_id"], ["membership.id"], name=op.f("fk_attempt_release_released_by_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt_release")),
        sa.UniqueConstraint(
            "enrolment_id",
            "assessment",
            "for_number",
            name=op.f("uq_attempt_release_enrolment_id_assessment_for_number"),
        ),
    )
    op.create_table(
        "attempt_answer",
        sa.Column("id", BIG, nullable=False),
        sa.Column("attempt_id", BIG, nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("chosen", sa.JSON(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_attempt_answer_version_positive")),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempt.id"], name=op.f("fk_attempt_answer_attempt_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt_answer")),
        sa.UniqueConstraint("attempt_id", "question", name=op.f("uq_attempt_answer_attempt_id_question")),
    )
