"""One extension of an authorisation, of at most three months: the database refuses a second and a longer one."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLE = "authorisation_extension"
TARGETS = {
    "authorisation_id": "authorisation.id",
    "extends_id": "authorisation.id",
    "granted_by_id": "account.id",
}
# Three months have 92 days at most.
BAD_ON_SQLITE = """
EXISTS (SELECT 1 FROM authorisation_extension WHERE authorisation_id = NEW.extends_id)
OR EXISTS (SELECT 1 FROM authorisation_extension WHERE extends_id = NEW.authorisation_id)
OR EXISTS (SELECT 1 FROM authorisation AS longer, authorisation AS ended
    WHERE longer.id = NEW.authorisation_id AND ended.id = NEW.extends_id
    AND julianday(longer.expires_on) - julianday(ended.expires_on) > 92)
"""
BAD_ON_POSTGRESQL = BAD_ON_SQLITE.replace("julianday(longer.expires_on)", "longer.expires_on").replace(
    "julianday(ended.expires_on)", "ended.expires_on"
)
REFUSED = "an authorisation is extended once, by three months at most"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", BIG, nullable=False),
        sa.Column("authorisation_id", BIG, nullable=False),
        sa.Column("extends_id", BIG, nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("granted_by_id", BIG, nullable=True),
        sa.CheckConstraint("months BETWEEN 1 AND 3", name=op.f("ck_authorisation_extension_at_most_three_months")),
        *(
            sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{TABLE}_{column}"), ondelete="RESTRICT")
            for column, target in TARGETS.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authorisation_extension")),
        sa.UniqueConstraint("authorisation_id", name=op.f("uq_authorisation_extension_authorisation_id")),
        sa.UniqueConstraint("extends_id", name=op.f("uq_authorisation_extension_extends_id")),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {TABLE}_once BEFORE INSERT ON {TABLE} WHEN {BAD_ON_SQLITE} "
            f"BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION refuse_extension() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN IF {BAD_ON_POSTGRESQL} THEN RAISE EXCEPTION '{REFUSED}' USING ERRCODE = 'check_violation'; END IF; "
        "RETURN NEW; END $$"
    )
    op.execute(f"CREATE TRIGGER {TABLE}_once BEFORE INSERT ON {TABLE} FOR EACH ROW EXECUTE FUNCTION refuse_extension()")
