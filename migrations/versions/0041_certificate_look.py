"""How an organisation's certificates look, and which look each certificate was issued with."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLE = "certificate_look"


def _one_of(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def _key(column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{TABLE}_{column}"), ondelete="RESTRICT")


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", BIG, nullable=False),
        sa.Column("organisation_id", BIG, nullable=False),
        sa.Column("accent", _one_of("accent", "pine", "ocean", "plum", "brick", "ink"), nullable=False),
        sa.Column("wording", sa.String(), nullable=False),
        sa.Column("signatories", sa.JSON(), nullable=False),
        sa.Column("logo", sa.LargeBinary(), nullable=True),
        sa.Column("paper", _one_of("papersize", "a4", "letter"), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by_id", BIG, nullable=True),
        sa.CheckConstraint("length(wording) <= 200", name=op.f("ck_certificate_look_wording_is_short")),
        _key("organisation_id", "organisation"),
        _key("made_by_id", "account"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate_look")),
    )
    op.create_index(op.f("ix_certificate_look_organisation_id_id"), TABLE, ["organisation_id", "id"])
    big = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    # In SQL of both databases: SQLite adds a constraint with its column, or rewrites the whole table.
    op.execute(
        f"ALTER TABLE certificate ADD COLUMN look_id {big} "
        "CONSTRAINT fk_certificate_look_id REFERENCES certificate_look (id)"
    )
