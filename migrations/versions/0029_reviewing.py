"""Reviewers of courses, their comments on passages, and their sign-offs."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def _kind() -> sa.Enum:
    words = ("clinical", "community")
    return sa.Enum(*words, name="reviewerkind", native_enum=False, create_constraint=True, length=32)


def _key(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"), ondelete="RESTRICT")


def upgrade() -> None:
    _reviewers()
    _comments()
    _sign_offs()


def _reviewers() -> None:
    op.create_table(
        "course_reviewer",
        sa.Column("id", BIG, nullable=False),
        sa.Column("course_id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("kind", _kind(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("profession", sa.String(), nullable=False),
        sa.Column("named_at", INSTANT, nullable=False),
        sa.Column("named_by_id", BIG, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        _key("course_reviewer", "course_id", "course"),
        _key("course_reviewer", "account_id", "account"),
        _key("course_reviewer", "named_by_id", "account"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_reviewer")),
    )
    active = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_course_reviewer_active",
        "course_reviewer",
        ["course_id", "account_id"],
        unique=True,
        sqlite_where=active,
        postgresql_where=active,
    )
    op.create_index(op.f("ix_course_reviewer_account_id_ended_at"), "course_reviewer", ["account_id", "ended_at"])


def _comments() -> None:
    table = "review_comment"
    op.create_table(
        table,
        sa.Column("id", BIG, nullable=False),
        sa.Column("course_id", BIG, nullable=False),
        sa.Column("thread_id", BIG, nullable=True),
        sa.Column("revision_id", BIG, nullable=True),
        sa.Column("anchor", sa.String(), nullable=False),
        sa.Column("quoted", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("written_at", INSTANT, nullable=False),
        sa.Column("resolved_at", INSTANT, nullable=True),
        sa.Column("resolved_by_id", BIG, nullable=True),
        sa.CheckConstraint("text <> ''", name=op.f("ck_review_comment_says_something")),
        sa.CheckConstraint(
            "thread_id IS NULL OR resolved_at IS NULL", name=op.f("ck_review_comment_threads_are_resolved_whole")
        ),
        sa.CheckConstraint(
            "(resolved_at IS NULL) = (resolved_by_id IS NULL)", name=op.f("ck_review_comment_resolved_by_iff_resolved")
        ),
        _key(table, "course_id", "course"),
        _key(table, "thread_id", table),
        _key(table, "revision_id", "course_revision"),
        _key(table, "account_id", "account"),
        _key(table, "resolved_by_id", "account"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_comment")),
    )
    op.create_index(op.f("ix_review_comment_course_id_thread_id_id"), table, ["course_id", "thread_id", "id"])
    op.create_index(op.f("ix_review_comment_account_id"), table, ["account_id"])


def _sign_offs() -> None:
    op.create_table(
        "course_sign_off",
        sa.Column("id", BIG, nullable=False),
        sa.Column("revision_id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("kind", _kind(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("profession", sa.String(), nullable=False),
        sa.Column("signed_at", INSTANT, nullable=False),
        _key("course_sign_off", "revision_id", "course_revision"),
        _key("course_sign_off", "account_id", "account"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_sign_off")),
        sa.UniqueConstraint("revision_id", "account_id", name=op.f("uq_course_sign_off_revision_id_account_id")),
    )
    op.create_index(op.f("ix_course_sign_off_account_id"), "course_sign_off", ["account_id"])
