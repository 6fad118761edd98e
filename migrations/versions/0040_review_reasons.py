"""Why a revision was accepted without a review, and why a sign-off was withdrawn."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
STANDING = sa.text("withdrawn_at IS NULL")
REASON = "(withdrawn_at IS NULL) = (withdrawn_because = '')"
OLD = "id, revision_id, account_id, kind, name, profession, signed_at"


def upgrade() -> None:
    op.add_column("course_acceptance", sa.Column("reason", sa.String(), nullable=False, server_default=""))
    if op.get_bind().dialect.name == "sqlite":
        _make_anew()
    else:
        op.drop_constraint(op.f("uq_course_sign_off_revision_id_account_id"), "course_sign_off", type_="unique")
        op.add_column("course_sign_off", sa.Column("withdrawn_at", INSTANT, nullable=True))
        op.add_column("course_sign_off", sa.Column("withdrawn_because", sa.String(), nullable=False, server_default=""))
        op.create_check_constraint(op.f("ck_course_sign_off_reason_iff_withdrawn"), "course_sign_off", REASON)
    op.create_index(
        "uq_course_sign_off_standing",
        "course_sign_off",
        ["revision_id", "account_id"],
        unique=True,
        sqlite_where=STANDING,
        postgresql_where=STANDING,
    )


def _key(column: str, table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_course_sign_off_{column}")
    return sa.ForeignKeyConstraint([column], [f"{table}.id"], name=name, ondelete="RESTRICT")


def _make_anew() -> None:
    # SQLite takes no constraint from a table that is there.
    kinds = ("clinical", "community")
    name = "reviewerkind"
    op.create_table(
        "course_sign_off_anew",
        sa.Column("id", BIG, nullable=False),
        sa.Column("revision_id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column(
            "kind", sa.Enum(*kinds, name=name, native_enum=False, create_constraint=True, length=32), nullable=False
        ),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("profession", sa.String(), nullable=False),
        sa.Column("signed_at", INSTANT, nullable=False),
        sa.Column("withdrawn_at", INSTANT, nullable=True),
        sa.Column("withdrawn_because", sa.String(), nullable=False, server_default=""),
        sa.CheckConstraint(REASON, name=op.f("ck_course_sign_off_reason_iff_withdrawn")),
        _key("revision_id", "course_revision"),
        _key("account_id", "account"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_sign_off")),
    )
    op.execute(f"INSERT INTO course_sign_off_anew ({OLD}) SELECT {OLD} FROM course_sign_off")
    op.drop_table("course_sign_off")
    op.rename_table("course_sign_off_anew", "course_sign_off")
    op.create_index(op.f("ix_course_sign_off_account_id"), "course_sign_off", ["account_id"])
