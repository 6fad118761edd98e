"""Corrections that reach learners under way, and the recorded acceptance of revisions that nobody has reviewed."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def _key(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"), ondelete="RESTRICT")


def upgrade() -> None:
    op.create_table(
        "course_acceptance",
        sa.Column("revision_id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=True),
        sa.Column("accepted_at", INSTANT, nullable=False),
        _key("course_acceptance", "revision_id", "course_revision"),
        _key("course_acceptance", "account_id", "account"),
        sa.PrimaryKeyConstraint("revision_id", name=op.f("pk_course_acceptance")),
    )
    op.create_index(op.f("ix_course_acceptance_account_id"), "course_acceptance", ["account_id"])
    # What was accepted before stands in the audit trail only; the newest event of each revision counts.
    op.execute(
        """
        INSERT INTO course_acceptance (revision_id, account_id, accepted_at)
        SELECT course_revision.id, account.id, audit_event.at
        FROM audit_event
        JOIN course_revision ON course_revision.id = audit_event.subject_id
        LEFT JOIN account ON account.id = audit_event.account_id
        WHERE audit_event.id IN (
            SELECT MAX(id) FROM audit_event
            WHERE verb = 'course-accepted' AND subject = 'course_revision' GROUP BY subject_id
        )
        """
    )
    op.create_table(
        "enrolment_correction",
        sa.Column("enrolment_id", BIG, nullable=False),
        sa.Column("from_revision_id", BIG, nullable=False),
        sa.Column("to_revision_id", BIG, nullable=False),
        sa.Column("moved_at", INSTANT, nullable=False),
        sa.CheckConstraint("from_revision_id <> to_revision_id", name=op.f("ck_enrolment_correction_goes_on")),
        _key("enrolment_correction", "enrolment_id", "enrolment"),
        _key("enrolment_correction", "from_revision_id", "course_revision"),
        _key("enrolment_correction", "to_revision_id", "course_revision"),
        sa.PrimaryKeyConstraint("enrolment_id", "from_revision_id", name=op.f("pk_enrolment_correction")),
    )
    op.create_index(op.f("ix_enrolment_correction_to_revision_id"), "enrolment_correction", ["to_revision_id"])
    # Who learns on a revision now: asked at every look for learners whom a correction has not reached.
    op.create_index(op.f("ix_enrolment_revision_id_state"), "enrolment", ["revision_id", "state"])
