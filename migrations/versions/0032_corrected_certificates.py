"""Why, when and by whom a certificate was replaced by a corrected one."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLE = "certificate_correction"


def _key(column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{TABLE}_{column}"), ondelete="RESTRICT")


def upgrade() -> None:
    because = sa.Enum(
        "misspelt", "name-changed", name="correction", native_enum=False, create_constraint=True, length=32
    )
    op.create_table(
        TABLE,
        sa.Column("certificate_id", BIG, nullable=False),
        sa.Column("because", because, nullable=False),
        sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("corrected_by_id", BIG, nullable=True),
        _key("certificate_id", "certificate"),
        _key("corrected_by_id", "account"),
        sa.PrimaryKeyConstraint("certificate_id", name=op.f(f"pk_{TABLE}")),
    )
    # Nobody was asked why before: the careful answer keeps the old number from leading to the new one.
    op.execute(
        """
        INSERT INTO certificate_correction (certificate_id, because, corrected_at)
        SELECT old.id, 'name-changed', new.issued_at
        FROM certificate AS old JOIN certificate AS new ON new.id = old.replaced_by_id
        """
    )
