"""Cases for safeguarding leads: who would like to be asked how they are, and what was added."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STATES = ("waiting", "acknowledged", "closed", "withdrawn")
KINDS = ("asked", "statement", "flag", "note")
OPEN = "state IN ('waiting', 'acknowledged')"
UNHEARD = "state = 'waiting' AND escalated_at IS NULL"
CASE = "safeguarding_case"
ENTRY = "safeguarding_entry"


def upgrade() -> None:
    op.create_table(
        CASE,
        sa.Column("id", BIG, nullable=False),
        sa.Column("organisation_id", BIG, nullable=False),
        sa.Column("membership_id", BIG, nullable=False),
        sa.Column(
            "state",
            sa.Enum(*STATES, name="casestate", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("for_id", BIG, nullable=True),
        _instant("opened_at", nullable=False),
        _instant("waiting_since", nullable=False),
        _instant("escalated_at"),
        _instant("acknowledged_at"),
        sa.Column("acknowledged_by_id", BIG, nullable=True),
        _instant("withdrawn_at"),
        _instant("ended_at"),
        sa.Column("closed_by_id", BIG, nullable=True),
        _check(CASE, "(acknowledged_at IS NULL) = (acknowledged_by_id IS NULL)", "acknowledged_by_somebody"),
        _check(CASE, "state <> 'waiting' OR acknowledged_at IS NULL", "waiting_is_unheard"),
        _check(CASE, "state NOT IN ('acknowledged', 'closed') OR acknowledged_at IS NOT NULL", "heard_before_closed"),
        _check(CASE, "(state IN ('closed', 'withdrawn')) = (ended_at IS NOT NULL)", "over_iff_ended_at"),
        _check(CASE, "(state = 'closed') = (closed_by_id IS NOT NULL)", "closed_by_somebody"),
        _check(CASE, "state <> 'withdrawn' OR withdrawn_at IS NOT NULL", "withdrawn_has_its_time"),
        _check(CASE, "for_id IS NULL OR for_id <> membership_id", "not_for_the_writer"),
        sa.ForeignKeyConstraint(
            ["membership_id", "organisation_id"],
            ["membership.id", "membership.organisation_id"],
            name=op.f("fk_safeguarding_case_membership_id_organisation_id"),
            ondelete="RESTRICT",
        ),
        _key(CASE, "organisation_id", "organisation"),
        _key(CASE, "for_id", "membership"),
        _key(CASE, "acknowledged_by_id", "membership"),
        _key(CASE, "closed_by_id", "membership"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_safeguarding_case")),
    )
    op.create_index(op.f("ix_safeguarding_case_membership_id"), CASE, ["membership_id"])
    op.create_index(
        op.f("ix_safeguarding_case_organisation_id_state_waiting_since_id"),
        CASE,
        ["organisation_id", "state", "waiting_since", "id"],
    )
    op.create_index(
        "uq_safeguarding_case_one_open",
        CASE,
        ["membership_id"],
        unique=True,
        sqlite_where=sa.text(OPEN),
        postgresql_where=sa.text(OPEN),
    )
    op.create_index(
        "ix_safeguarding_case_unheard",
        CASE,
        ["waiting_since"],
        sqlite_where=sa.text(UNHEARD),
        postgresql_where=sa.text(UNHEARD),
    )
    _entries()


def _entries() -> None:
    op.create_table(
        ENTRY,
        sa.Column("id", BIG, nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column(
            "kind",
            sa.Enum(*KINDS, name="entrykind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("author_id", BIG, nullable=True),
        sa.Column("answer_id", BIG, nullable=True),
        _instant("at", nullable=False),
        sa.Column("sealed", sa.String(), nullable=True),
        sa.Column("sealed_with", sa.String(), nullable=True),
        _check(ENTRY, "(kind IN ('statement', 'flag')) = (answer_id IS NOT NULL)", "answer_iff_about_one"),
        _check(ENTRY, "(sealed IS NULL) = (sealed_with IS NULL)", "sealed_with_a_key"),
        _check(ENTRY, "sealed IS NULL OR kind IN ('asked', 'note')", "only_words_are_sealed"),
        _key(ENTRY, "case_id", CASE),
        _key(ENTRY, "author_id", "membership"),
        _key(ENTRY, "answer_id", "scenario_answer"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_safeguarding_entry")),
        sa.UniqueConstraint("answer_id", "kind", name=op.f("uq_safeguarding_entry_answer_id_kind")),
    )
    op.create_index(op.f("ix_safeguarding_entry_case_id_id"), ENTRY, ["case_id", "id"])
    op.create_index(op.f("ix_safeguarding_entry_author_id"), ENTRY, ["author_id"])


def _instant(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _check(table: str, rule: str, name: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))


def _key(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"), ondelete="RESTRICT")
