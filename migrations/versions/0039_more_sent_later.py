"""Conversations and activities may wait on a device as well: two more kinds of what was done without a connection."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOINGS = ("answer", "continue", "summary", "skip", "talk", "report")
ARRIVALS = ("taken", "known", "clash", "chosen", "left", "refused")
DOING = "doing IN ({})".format(", ".join(f"'{one}'" for one in DOINGS))
CLASH = "doing IN ('answer', 'talk') OR arrival NOT IN ('clash', 'chosen', 'left')"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _make_anew()
        return
    for name, rule in (("doing", DOING), ("ck_sent_later_only_answers_clash", CLASH)):
        op.drop_constraint(op.f(name), "sent_later", type_="check")
        op.create_check_constraint(op.f(name), "sent_later", rule)


def _one_of(name: str, values: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def _make_anew() -> None:
    # SQLite changes no constraint of a table that is there.
    op.create_table(
        "sent_later_anew",
        sa.Column("id", BIG, nullable=False),
        sa.Column("enrolment_id", BIG, nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("doing", _one_of("doing", DOINGS), nullable=False),
        sa.Column("chosen", sa.JSON(), nullable=False),
        sa.Column("arrival", _one_of("arrival", ARRIVALS), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("client_id <> ''", name=op.f("ck_sent_later_has_client_id")),
        sa.CheckConstraint(CLASH, name=op.f("ck_sent_later_only_answers_clash")),
        sa.ForeignKeyConstraint(
            ["enrolment_id"], ["enrolment.id"], name=op.f("fk_sent_later_enrolment_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sent_later")),
        sa.UniqueConstraint("enrolment_id", "client_id", name=op.f("uq_sent_later_enrolment_id_client_id")),
    )
    op.execute("INSERT INTO sent_later_anew SELECT * FROM sent_later")
    op.drop_index("ix_sent_later_clash", "sent_later")
    op.drop_table("sent_later")
    op.rename_table("sent_later_anew", "sent_later")
    op.create_index("ix_sent_later_clash", "sent_later", ["enrolment_id"], sqlite_where=sa.text("arrival = 'clash'"))
