"""Certificates recorded from earlier records: marked as such, with what the organisation saw, each row once."""

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

# In SQL of both databases: SQLite adds a constraint with its column, or rewrites the whole table.
COLUMNS = (
    "is_imported BOOLEAN DEFAULT {false} NOT NULL",
    "evidence VARCHAR DEFAULT '' NOT NULL CONSTRAINT ck_certificate_evidence_of_imported "
    "CHECK (evidence = '' OR is_imported)",
    "imported_key VARCHAR CONSTRAINT ck_certificate_key_of_imported CHECK (imported_key IS NULL OR is_imported)",
)


def upgrade() -> None:
    false = "0" if op.get_bind().dialect.name == "sqlite" else "false"
    for column in COLUMNS:
        op.execute(f"ALTER TABLE certificate ADD COLUMN {column.format(false=false)}")
    op.create_index("uq_certificate_imported_key", "certificate", ["imported_key"], unique=True)
