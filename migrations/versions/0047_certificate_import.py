"""Where certificates from before came from, and those whose holders have not joined yet."""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
IMPORT, AWAITED = "certificate_import", "awaited_certificate"


def _key(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"), ondelete="RESTRICT")


def upgrade() -> None:
    op.create_table(
        IMPORT,
        sa.Column("id", BIG, nullable=False),
        sa.Column("organisation_id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=True),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        _key(IMPORT, "organisation_id", "organisation"),
        _key(IMPORT, "account_id", "account"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate_import")),
    )
    op.create_index(op.f("ix_certificate_import_organisation_id_id"), IMPORT, ["organisation_id", "id"])
    op.create_table(
        AWAITED,
        sa.Column("id", BIG, nullable=False),
        sa.Column("organisation_id", BIG, nullable=False),
        sa.Column("import_id", BIG, nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("email_key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("certification_type_id", BIG, nullable=False),
        sa.Column("completed_on", sa.Date(), nullable=False),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("email_key = lower(email_key)", name=op.f("ck_awaited_certificate_email_key_lower")),
        _key(AWAITED, "organisation_id", "organisation"),
        _key(AWAITED, "import_id", IMPORT),
        _key(AWAITED, "certification_type_id", "certification_type"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_awaited_certificate")),
        sa.UniqueConstraint(
            "organisation_id",
            "email_key",
            "certification_type_id",
            "completed_on",
            name=op.f("uq_awaited_certificate_once"),
        ),
    )
    op.create_index(op.f("ix_awaited_certificate_email_key"), AWAITED, ["email_key"])
    op.create_index(op.f("ix_awaited_certificate_created_at"), AWAITED, ["created_at"])
    big = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    # In SQL of both databases: SQLite adds a constraint with its column, or rewrites the whole table.
    op.execute(
        f"ALTER TABLE certificate ADD COLUMN import_id {big} "
        "CONSTRAINT fk_certificate_import_id REFERENCES certificate_import (id)"
    )
    # What one table brought, among a million that were earned here.
    op.create_index(
        op.f("ix_certificate_import_id"),
        "certificate",
        ["import_id"],
        sqlite_where=sa.text("import_id IS NOT NULL"),
        postgresql_where=sa.text("import_id IS NOT NULL"),
    )
