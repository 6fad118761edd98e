"""PostgreSQL in a backup: every table read in one snapshot by COPY, and filled again in a schema of its own.

Needs no tools of PostgreSQL's and works across its versions. Putting the filled schema's tables in the place of those
in use is one transaction that only renames: it takes moments, and a failure leaves everything as it was.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from psycopg import sql
from sqlalchemy import Connection, inspect, make_url, text

from mhfa_lms import db, schema
from mhfa_lms.backup.archive import TABLES, Manifest, Writer
from mhfa_lms.settings import Settings

SCRATCH: Final = "mhfa_restore"
VERSION_TABLE: Final = "alembic_version"
CHUNK: Final = 8 * 1024 * 1024
# Nobody but a program of others can still be reading then; how often it is tried stands in `restoring`.
LOCK_TIMEOUT: Final = "15s"


class Postgresql:
    """The database server's kind."""

    kind = "postgresql"

    def __init__(self, settings: Settings) -> None:
        self.url = settings.database_url

    def size(self) -> int:
        """Return what the server says."""
        with db.engine().connect() as connection:
            return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())

    def write(self, writer: Writer, beside: Path) -> dict[str, Any]:  # noqa: ARG002  # the other kind needs it
        """Write every table, all as they are at one moment."""
        engine = db.engine().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with engine.connect() as connection:
            tables = {name: _columns(connection, name) for name in _tables(connection)}
            for name, columns in tables.items():
                for number, chunk in enumerate(_rows(connection, name, columns)):
                    writer.add(f"{TABLES}/{name}.{number:06}", chunk)
            sealed = connection.execute(text("SELECT count(*) FROM audit_seal")).scalar_one()
            head = connection.execute(text("SELECT digest FROM audit_seal ORDER BY id DESC LIMIT 1")).scalar()
            return {
                "database": self.kind,
                "schema": connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar_one(),  # noqa: S608
                "sealed": sealed,
                "head": head or "0" * 64,
                "tables": tables,
                "counters": {name: count for name in tables if (count := _counter(connection, name)) is not None},
            }

    def prepare(self, folder: Path, manifest: Manifest) -> str:
        """Fill a schema of its own with what was unpacked, and bring it up to date."""
        self.forget()
        db.configure(self.url)
        with db.engine().connect() as connection, connection.begin():
            connection.execute(text(f"CREATE SCHEMA {SCRATCH}"))
        address = _inside(self.url, SCRATCH)
        db.configure(address)
        schema.upgrade(manifest.schema)
        with db.engine().connect() as connection, connection.begin():
            for name, columns in manifest.tables.items():
                _fill(connection, name, columns, sorted((folder / TABLES).glob(f"{name}.[0-9]*")))
            for name, count in manifest.counters.items():
                _set_counter(connection, name, count)
        schema.upgrade()
        db.release()
        return address

    def swap(self) -> None:
        """Drop the tables in use and move the prepared ones in, in one transaction."""
        db.configure(self.url)
        with db.engine().connect() as connection, connection.begin():
            connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
            here = connection.execute(text("SELECT current_schema()")).scalar_one()
            ours = inspect(connection).get_table_names(schema=SCRATCH)
            for name in ours:
                _run(connection, "DROP TABLE IF EXISTS {}.{} CASCADE", here, name)
            for name in _functions(connection):
                _run(connection, "DROP FUNCTION IF EXISTS {}.{}()", here, name)
                _run(connection, "ALTER FUNCTION {}.{}() SET SCHEMA {}", SCRATCH, name, here)
            for name in ours:
                # Its indexes and counters go with it.
                _run(connection, "ALTER TABLE {}.{} SET SCHEMA {}", SCRATCH, name, here)
            _run(connection, "DROP SCHEMA {}", SCRATCH)
        db.release()

    def forget(self) -> None:
        """Drop what a restore that did not come to its end has left behind."""
        db.configure(self.url)
        with db.engine().connect() as connection, connection.begin():
            connection.execute(text(f"DROP SCHEMA IF EXISTS {SCRATCH} CASCADE"))
        db.release()


def _inside(url: str, name: str) -> str:
    """Return the address of a database whose names are looked up in another schema."""
    parsed = make_url(url)
    given = parsed.query.get("options", "")
    options = f"{given if isinstance(given, str) else ' '.join(given)} -csearch_path={name}".strip()
    return parsed.update_query_dict({"options": options}).render_as_string(hide_password=False)


def _tables(connection: Connection) -> list[str]:
    """Return the tables, each after those it points to."""
    listed = inspect(connection).get_sorted_table_and_fkc_names()
    return [name for name, _keys in listed if name and name != VERSION_TABLE]


def _columns(connection: Connection, table: str) -> list[str]:
    return [column["name"] for column in inspect(connection).get_columns(table)]


def _cursor(connection: Connection) -> Any:
    driver: Any = connection.connection.driver_connection
    return driver.cursor()


def _copy(table: str, columns: list[str], how: str) -> sql.Composed:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    return sql.SQL("COPY {} ({}) " + how).format(sql.Identifier(table), names)


def _rows(connection: Connection, table: str, columns: list[str]) -> Iterator[bytes]:
    """Yield a table's rows in PostgreSQL's text form, in chunks."""
    waiting = bytearray()
    with _cursor(connection) as cursor, cursor.copy(_copy(table, columns, "TO STDOUT")) as copy:
        for data in copy:
            waiting += data
            if len(waiting) >= CHUNK:
                yield bytes(waiting)
                waiting.clear()
    if waiting:
        yield bytes(waiting)


def _fill(connection: Connection, table: str, columns: list[str], chunks: list[Path]) -> None:
    with _cursor(connection) as cursor, cursor.copy(_copy(table, columns, "FROM STDIN")) as copy:
        for chunk in chunks:
            copy.write(chunk.read_bytes())


def _sequence(connection: Connection, table: str) -> str | None:
    if "id" not in _columns(connection, table):
        return None
    found = connection.execute(text("SELECT pg_get_serial_sequence(:name, 'id')"), {"name": f'"{table}"'}).scalar()
    return str(found) if found else None


def _counter(connection: Connection, table: str) -> int | None:
    """Return the last number given out, so that none is given out again."""
    sequence = _sequence(connection, table)
    if sequence is None:
        return None
    row = connection.execute(text(f"SELECT last_value, is_called FROM {sequence}")).one()  # noqa: S608  # the server's
    return int(row.last_value) if row.is_called else None


def _set_counter(connection: Connection, table: str, count: int) -> None:
    sequence = _sequence(connection, table)
    if sequence is not None:
        connection.execute(text("SELECT setval(CAST(:name AS regclass), :count)"), {"name": sequence, "count": count})


def _functions(connection: Connection) -> list[str]:
    query = "SELECT proname FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname = :name"
    return list(connection.execute(text(query), {"name": SCRATCH}).scalars())


def _run(connection: Connection, statement: str, *names: str) -> None:
    with _cursor(connection) as cursor:
        cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
