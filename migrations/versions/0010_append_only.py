"""The database itself refuses to change or remove audit rows and marks.

A mark's feedback may be emptied (that is what erasing the learner does); nothing else of it may change.
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

APPEND_ONLY = ("audit_event", "audit_seal")
FIXED_MARK_COLUMNS = (
    "id",
    "answer_id",
    "marker_id",
    "revision_id",
    "points",
    "harm",
    "required_missing",
    "passed",
    "marked_at",
)
FIXED_MARK_DOCUMENTS = ("levels", "required")


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _refuse_on_sqlite()
    else:
        _refuse_on_postgresql()


def _refuse_on_sqlite() -> None:
    for table in APPEND_ONLY:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    same = " AND ".join(f"NEW.{column} IS OLD.{column}" for column in FIXED_MARK_COLUMNS + FIXED_MARK_DOCUMENTS)
    op.execute(
        f"CREATE TRIGGER mark_no_update BEFORE UPDATE ON mark WHEN NOT ({same} AND NEW.feedback = '') "
        "BEGIN SELECT RAISE(ABORT, 'marks are appended, not edited'); END"
    )
    op.execute(
        "CREATE TRIGGER mark_no_delete BEFORE DELETE ON mark "
        "BEGIN SELECT RAISE(ABORT, 'marks are appended, not edited'); END"
    )


def _refuse_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    for table in (*APPEND_ONLY, "mark"):
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    same = " AND ".join(
        [f"NEW.{column} IS NOT DISTINCT FROM OLD.{column}" for column in FIXED_MARK_COLUMNS]
        + [f"NEW.{column}::text = OLD.{column}::text" for column in FIXED_MARK_DOCUMENTS]
    )
    op.execute(
        "CREATE TRIGGER mark_no_update BEFORE UPDATE ON mark FOR EACH ROW "
        f"WHEN (NOT ({same} AND NEW.feedback = '')) EXECUTE FUNCTION refuse_change()"
    )
    op.execute("CREATE TRIGGER mark_no_delete BEFORE DELETE ON mark FOR EACH ROW EXECUTE FUNCTION refuse_change()")
