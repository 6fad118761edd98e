"""What a certificate says of the training, frozen with it: hours, instructor, competencies, the size of its paper.

Certificates from before have none of these, and are printed without them.
"""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

# In SQL of both databases: SQLite adds a constraint with its column, or rewrites the whole table.
COLUMNS = (
    "minutes INTEGER CONSTRAINT ck_certificate_minutes_positive CHECK (minutes IS NULL OR minutes > 0)",
    "instructor_id {big} CONSTRAINT fk_certificate_instructor_id REFERENCES membership (id)",
    "instructor_name VARCHAR DEFAULT '' NOT NULL CONSTRAINT ck_certificate_named_instructor_is_known "
    "CHECK (instructor_name = '' OR instructor_id IS NOT NULL)",
    "competencies JSON DEFAULT '[]' NOT NULL",
    "paper VARCHAR(32) DEFAULT 'a4' NOT NULL CONSTRAINT ck_certificate_papersize CHECK (paper IN ('a4', 'letter'))",
)


def upgrade() -> None:
    big = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    for column in COLUMNS:
        op.execute(f"ALTER TABLE certificate ADD COLUMN {column.format(big=big)}")
    # Whose name an erased instructor's certificates bear.
    op.create_index(op.f("ix_certificate_instructor_id"), "certificate", ["instructor_id"])
