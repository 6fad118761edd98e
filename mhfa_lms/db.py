"""The database: engine, session, base class, column types and `transaction()`.

Owns a plain engine and a thread-bound session; the web side binds Flask-SQLAlchemy to them, so that services, jobs,
mails and PDFs work without a request or an application context.
"""

import importlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from types import ModuleType
from typing import Annotated, Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Engine,
    Enum,
    Integer,
    MetaData,
    Result,
    Select,
    String,
    create_engine,
    event,
    text,
)
from sqlalchemy import Connection as SqlConnection
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column, scoped_session, sessionmaker
from sqlalchemy.types import TypeDecorator

# SQLite releases with a WAL-reset corruption bug: everything before these, by release line.
SAFE_SQLITE = ((3, 44, 6), (3, 50, 7), (3, 51, 3))
BUSY_TIMEOUT_MS = 10_000
WRITES = "mhfa_writes"

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Instant(TypeDecorator[datetime]):
    """An instant in UTC. Refuses naive values; SQLite, which keeps no zone, gets UTC and gives it back marked so."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        moved = value.astimezone(UTC)
        return moved.replace(tzinfo=None) if dialect.name == "sqlite" else moved

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  # the base class fixes the signature
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Points(TypeDecorator[Decimal]):
    """Points, to the hundredth, as answers may fit in part. Kept as whole hundredths: nothing is rounded."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: Decimal | int | None, dialect: Dialect) -> int | None:  # noqa: ARG002  # the base class fixes the signature
        if value is None:
            return None
        hundredths = value * 100
        if hundredths != int(hundredths):
            raise ValueError("points are kept to the hundredth")
        return int(hundredths)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002  # the base class fixes the signature
        return None if value is None else Decimal(value) / 100


Id = Annotated[int, mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)]


class Erasure(StrEnum):
    """What erasing a person does to a table's rows about them."""

    NOT_PERSONAL = "not-personal"  # holds nothing about a person
    DELETED = "deleted"  # rows go
    REDUCED = "reduced"  # rows stay, their personal columns are emptied
    KEPT = "kept"  # rows hold ids and verbs only and stay as they are


class Base(DeclarativeBase):
    """The declarative base. Every table declares `__erasure__`; a test holds it to that."""

    metadata = MetaData(naming_convention=NAMES)
    __erasure__: ClassVar[Erasure]
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: Instant(),
        dict[str, Any]: JSON(),
        list[object]: JSON(),
        str: String(),
        StrEnum: Enum(
            StrEnum,
            native_enum=False,
            create_constraint=True,
            length=32,
            values_callable=lambda kind: [member.value for member in kind],
        ),
    }


# An INSERT that can say what to do on a conflict.
Insert = postgresql.Insert | sqlite.Insert


class NestedTransactionError(RuntimeError):
    """A service called another service's `transaction()` inside its own."""


class NotConfiguredError(RuntimeError):
    """The database was used before `configure`."""


def sqlite_module() -> ModuleType:
    """Return the SQLite driver: the pysqlite3 wheel where there is one, as Debian's own library is too old."""
    for name in ("pysqlite3.dbapi2", "sqlite3.dbapi2"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise RuntimeError("this Python has no SQLite")


def sqlite_is_safe(version: tuple[int, ...]) -> bool:
    """Whether a SQLite release is free of the WAL-reset corruption bug (fixed in 3.44.6, 3.50.7 and 3.51.3)."""
    return version >= SAFE_SQLITE[-1] or any(version[:2] == fixed[:2] and version >= fixed for fixed in SAFE_SQLITE)


def make_engine(url: str) -> Engine:
    """Make an engine for a SQLite or PostgreSQL address, with the connection settings this project relies on."""
    if not url.startswith("sqlite"):
        address = url.replace("postgresql://", "postgresql+psycopg://", 1)
        # Parameters stay out of error messages: they hold personal data.
        return create_engine(address, pool_pre_ping=True, pool_size=8, max_overflow=8, hide_parameters=True)
    module = sqlite_module()
    engine = create_engine(url, module=module, pool_size=16, max_overflow=16, hide_parameters=True)
    wal = sqlite_is_safe(module.sqlite_version_info)
    if not wal:
        warnings.warn(
            f"SQLite {module.sqlite_version} can corrupt a database in WAL mode; using the slower rollback journal",
            RuntimeWarning,
            stacklevel=2,
        )
    event.listen(engine, "connect", _prepare_sqlite(wal=wal))
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(*, wal: bool) -> Any:
    def prepare(connection: Any, _record: object) -> None:
        # The driver must not open transactions of its own: `_begin_sqlite` decides which kind is meant.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        cursor.execute(f"PRAGMA journal_mode={'WAL' if wal else 'DELETE'}")
        cursor.execute("PRAGMA synchronous=NORMAL" if wal else "PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        # Without it INSERT OR REPLACE slips past a delete trigger, and the audit trail's refusal with it.
        cursor.execute("PRAGMA recursive_triggers=ON")
        # What is deleted, as when a person is erased, is overwritten and not only struck off the list.
        cursor.execute("PRAGMA secure_delete=ON")
        cursor.close()

    return prepare


def _begin_sqlite(connection: SqlConnection) -> None:
    """Take the write lock at the start: a deferred BEGIN loses read-then-write updates or fails half-way."""
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


_factory: sessionmaker[Session] = sessionmaker()
sessions: scoped_session[Session] = scoped_session(_factory)
_engine: Engine | None = None


def configure(url: str) -> Engine:
    """Bind this process to a database; the previous one, if any, is let go."""
    global _engine  # one process serves one database; everything else is handed a session
    release()
    _engine = make_engine(url)
    _factory.configure(bind=_engine)
    return _engine


def engine() -> Engine:
    """Return the engine in use. Raises `NotConfiguredError` before `configure`."""
    if _engine is None:
        raise NotConfiguredError("call db.configure(url) first")
    return _engine


def release() -> None:
    """Close the thread's session and every pooled connection, as after a fork or at the end of a test."""
    global _engine
    sessions.remove()
    if _engine is not None:
        _engine.dispose()
        _engine = None


def reopen() -> None:
    """Let go of every pooled connection that is not in use; the next ones are made anew, as after a restore."""
    sessions.remove()
    engine().dispose()


def session() -> Session:
    """Return the thread's session, for reading. Writing is done in `transaction()`."""
    return sessions()


def rows(
    session: Session, statement: Select[*tuple[Any, ...]], values: dict[str, Any] | None = None
) -> Result[*tuple[Any, ...]]:
    """Run a statement that selects columns only. Outside a transaction it takes half the time of `session.execute`.

    There it goes straight to the connection, past what the session does for entities and for unsaved changes, of which
    there are none while reading.
    """
    run = session if session.info.get(WRITES) else session.connection()
    return run.execute(statement, values or {})


def insert(session: Session, model: type[Base]) -> Insert:
    """Begin an INSERT that can say what to do on a conflict: each database has its own kind."""
    kind = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    return kind(model)


def take_turns(session: Session, number: int) -> None:
    """Wait until no other transaction that took turns on this number is under way; held until the caller's ends.

    To be called before any row is locked. SQLite's transaction holds the only write lock already.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})


@contextmanager
def transaction() -> Iterator[Session]:
    """Run one service call's writes: all are kept at the end, or none when anything raises.

    Reads made before are let go first, so that what is decided inside is decided on fresh rows.
    Raises `NestedTransactionError` inside another one.
    """
    current = sessions()
    if current.info.get(WRITES):
        raise NestedTransactionError("a service's transaction was opened inside another one")
    current.rollback()
    current.info[WRITES] = True
    try:
        current.connection(execution_options={WRITES: True})
        yield current
        current.commit()
    except BaseException:
        current.rollback()
        raise
    finally:
        current.info[WRITES] = False


@contextmanager
def snapshot() -> Iterator[Session]:
    """Read many tables as they were at one moment, while others go on writing; reads made before are let go.

    Raises `NestedTransactionError` inside a transaction.
    """
    current = sessions()
    if current.info.get(WRITES):
        raise NestedTransactionError("a snapshot was opened inside a transaction")
    current.rollback()
    try:
        # SQLite's reads are of one moment by themselves, and it knows no such level.
        if current.get_bind().dialect.name == "postgresql":
            current.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        yield current
    finally:
        current.rollback()
