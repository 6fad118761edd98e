"""What differs between the two databases: taking a picture of one moment, and putting another database in its place.

Both do so while people work: SQLite writes a fresh copy (`VACUUM INTO`, which also leaves behind what was deleted) and
later takes in a prepared copy in one transaction; PostgreSQL reads in one snapshot, and later changes over between two
schemas in one transaction.
"""

from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy import make_url, text

from mhfa_lms import db, schema
from mhfa_lms.backup import postgresql
from mhfa_lms.backup.archive import SQLITE, Manifest, Writer
from mhfa_lms.settings import Settings

HEAD: Final = "SELECT count(*), (SELECT digest FROM audit_seal ORDER BY id DESC LIMIT 1) FROM audit_seal"
NOTHING_SEALED: Final = "0" * 64
WAIT_S: Final = 60


class DamagedDatabaseError(Exception):
    """The database in use cannot be read."""


class Database(Protocol):
    """One kind of database."""

    kind: str

    def size(self) -> int:
        """Return about how many bytes the one in use takes."""

    def write(self, writer: Writer, beside: Path) -> dict[str, Any]:
        """Write it into an archive, as it is at one moment; returns what the manifest says of it."""

    def prepare(self, folder: Path, manifest: Manifest) -> str:
        """Make a database of an unpacked archive, aside; returns its address."""

    def swap(self) -> None:
        """Put the prepared database in the place of the one in use, wholly or not at all."""

    def forget(self) -> None:
        """Let go of a prepared database that is not wanted any more."""


def of(settings: Settings) -> Database:
    """Return the kind of database that is in use."""
    return Sqlite(settings) if settings.is_sqlite else postgresql.Postgresql(settings)


class Sqlite:
    """The embedded database: one file."""

    kind = "sqlite"

    def __init__(self, settings: Settings) -> None:
        self.path = Path(make_url(settings.database_url).database or "")
        self.prepared = Path()

    def size(self) -> int:
        """Return the size of the file and its log."""
        files = (self.path, self.path.with_name(f"{self.path.name}-wal"))
        return sum(one.stat().st_size for one in files if one.exists())

    def write(self, writer: Writer, beside: Path) -> dict[str, Any]:
        """Write a fresh copy, through a file beside the archive."""
        copy = beside.with_name(f"{beside.name}.database")
        copy.unlink(missing_ok=True)
        try:
            connection = db.engine().raw_connection()
            try:
                driver: Any = connection.driver_connection
                driver.execute("VACUUM INTO ?", (str(copy),))
            finally:
                connection.close()
            with closing(db.sqlite_module().connect(str(copy))) as read:
                sealed, head = read.execute(HEAD).fetchone()
                (revision,) = read.execute("SELECT version_num FROM alembic_version").fetchone()
            writer.add_file(SQLITE, copy)
        finally:
            copy.unlink(missing_ok=True)
        return {"database": self.kind, "schema": revision, "sealed": sealed, "head": head or NOTHING_SEALED}

    def prepare(self, folder: Path, manifest: Manifest) -> str:  # noqa: ARG002  # the other kind needs it
        """Bring the unpacked file up to date."""
        self.prepared = folder / SQLITE
        address = f"sqlite:///{self.prepared}"
        db.configure(address)
        schema.upgrade()
        db.release()
        return address

    def swap(self) -> None:
        """Take the prepared file's pages into the one in use, in one transaction: open connections go on working."""
        db.release()
        module = db.sqlite_module()
        with closing(module.connect(str(self.prepared), isolation_level=None)) as source:
            # Its own log, and the mode that keeps one, would travel with it.
            source.execute("PRAGMA journal_mode=DELETE")
            if self._take_in(module, source):
                return
        # Not there, or damaged beyond reading: the file itself takes the place. Running processes open it anew.
        for ending in ("", "-wal", "-shm"):
            old = self.path.with_name(self.path.name + ending)
            with suppress(FileNotFoundError):
                old.replace(self.path.with_name(f"{self.path.name}.damaged{ending}"))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.prepared.replace(self.path)

    def _take_in(self, module: Any, source: Any) -> bool:
        if not self.path.exists():
            return False
        try:
            with closing(module.connect(str(self.path), isolation_level=None, timeout=WAIT_S)) as target:
                target.execute("SELECT count(*) FROM sqlite_master").fetchone()
                source.backup(target)
                target.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except module.OperationalError:
            # A full disk or a lock that does not end: nothing was changed.
            raise
        except module.DatabaseError:
            return False
        return True

    def forget(self) -> None:
        """The folder it lies in goes with it."""


def is_empty() -> bool:
    """Whether nobody has an account in the database in use. Raises `DamagedDatabaseError`."""
    try:
        if schema.current() is None:
            return True
        with db.engine().connect() as connection:
            return connection.execute(text("SELECT 1 FROM account LIMIT 1")).first() is None
    except Exception as error:
        raise DamagedDatabaseError from error
