"""The schema's migrations: bring a database up, and tell whether it is up to date."""

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

import mhfa_lms.models  # noqa: F401  # fills the metadata that `differences` compares with
from mhfa_lms import db
from mhfa_lms.paths import migrations_dir

# Any number will do, as long as it is always the same one: two processes that start at once take turns on it.
MIGRATION_LOCK = 4_260_917


def _scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(migrations_dir()))
    return ScriptDirectory.from_config(config)


def head() -> str:
    """Return the newest revision that these files know."""
    revision = _scripts().get_current_head()
    if revision is None:
        raise RuntimeError("there are no migrations")
    return revision


def current() -> str | None:
    """Return the revision the database is at, or None when it is empty."""
    with db.engine().connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_current() -> bool:
    """Whether the database is at the newest revision."""
    return current() == head()


def knows(revision: str) -> bool:
    """Whether these files know a revision: a database at another one was made by a newer program."""
    return any(script.revision == revision for script in _scripts().walk_revisions())


def upgrade(to: str = "head") -> None:
    """Bring the database to the newest revision, or up to a named one: wholly, or not at all when a migration fails."""
    engine = db.engine()
    with engine.connect().execution_options(**{db.WRITES: True}) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        _run(connection, to)


def _run(connection: Connection, to: str) -> None:
    scripts = _scripts()
    config = Config()
    config.attributes["connection"] = connection
    with EnvironmentContext(
        config, scripts, fn=lambda revision, _context: scripts._upgrade_revs(to, revision), destination_rev=to
    ):
        scripts.run_env()


def differences() -> list[object]:
    """Return what the models say and the database does not, or the other way round; empty when they agree."""
    with db.engine().connect() as connection:
        return list(
            compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), db.Base.metadata)
        )
