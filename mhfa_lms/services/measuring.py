"""Measuring an installation: who works, what waits, how much room there is, which versions run."""

import os
import platform
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from mhfa_lms import __version__, db, schema
from mhfa_lms.models import AuditEvent, AuditSeal, CourseProblem, StoredFile
from mhfa_lms.services import attention, backlog, help_checks, renewing, workers

# What `backup` writes into the audit trail.
BACKUP_MADE: Final = "backup.made"
SQLITE_FILES: Final = ("", "-wal", "-shm")


class Installation(Protocol):
    """What is asked of the settings."""

    @property
    def data_dir(self) -> Path: ...
    @property
    def mail_url(self) -> str: ...
    @property
    def demo(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Disk:
    """Bytes: of the disk that holds the data folder, of the database, of the stored files. None when not to be read."""

    free: int
    total: int
    database: int | None
    files: int


@dataclass(frozen=True, slots=True)
class Versions:
    """What runs here; an empty text means that it is not installed."""

    program: str
    python: str
    database: str
    database_is_safe: bool
    weasyprint: str
    schema: str
    schema_wanted: str


@dataclass(frozen=True, slots=True)
class Key:
    """The file with the session key: since when it is there (None: no file), and whether others may read it."""

    made_at: datetime | None
    open_to_others: bool = False


class SigningKey(Protocol):
    """What is asked of a key that signs certificates or badges."""

    @property
    def id(self) -> str: ...
    @property
    def made_at(self) -> datetime: ...


class SigningKeys(Protocol):
    """What is asked of the keys: those of a kind ("document" or "badge"), newest first. Damaged: a ValueError."""

    def all(self, kind: Any) -> Sequence[SigningKey]: ...
    @property
    def open_to_others(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Signing:
    """The keys of one kind, newest first. None when they cannot be read."""

    keys: Sequence[SigningKey] | None
    open_to_others: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """The state of an installation at one moment."""

    workers: workers.Workers
    backlog: backlog.Backlog
    disk: Disk
    versions: Versions
    key: Key
    documents: Signing
    badges: Signing
    last_backup: datetime | None
    last_seal: datetime | None
    problems: int
    renewals_overdue: int
    stale_countries: list[str]
    mail_is_dropped: bool
    demo: bool


def measure(
    session: Session, here: Installation, *, key_file: Path | None, keys: SigningKeys, now: datetime
) -> Measured:
    """Look everywhere; nine queries. `key_file` is None when a variable holds the session key; `keys` are those
    that sign PDFs and badges."""
    one = session.execute(
        select(
            select(func.max(AuditEvent.at)).where(AuditEvent.verb == BACKUP_MADE).scalar_subquery(),
            select(AuditSeal.sealed_at).order_by(AuditSeal.id.desc()).limit(1).scalar_subquery(),
            select(func.coalesce(func.sum(StoredFile.size), 0)).scalar_subquery(),
            select(func.count(CourseProblem.id)).scalar_subquery(),
        )
    ).one()
    return Measured(
        workers.seen(session, now=now),
        backlog.measure(session, now=now),
        _disk(session, here.data_dir, int(one[2])),
        _versions(session),
        _key(key_file),
        _signing(keys, "document"),
        _signing(keys, "badge"),
        last_backup=one[0],
        last_seal=one[1],
        problems=one[3],
        renewals_overdue=renewing.overdue(session, now=now),
        stale_countries=[
            country.name for country, checked in attention.checked_lines(session) if help_checks.is_stale(checked, now)
        ],
        mail_is_dropped=here.mail_url.startswith("file:"),
        demo=here.demo,
    )


def _signing(keys: SigningKeys, kind: str) -> Signing:
    try:
        return Signing(keys.all(kind), keys.open_to_others)
    except (OSError, ValueError):
        return Signing(None)


def _disk(session: Session, folder: Path, files: int) -> Disk:
    usage = shutil.disk_usage(folder)
    return Disk(usage.free, usage.total, _database_size(session), files)


def _database_size(session: Session) -> int | None:
    url = db.engine().url
    if url.get_backend_name() == "postgresql":
        return int(session.scalar(text("SELECT pg_database_size(current_database())")) or 0)
    found = [Path(f"{url.database}{ending}") for ending in SQLITE_FILES]
    return sum(path.stat().st_size for path in found if path.exists()) or None


def _versions(session: Session) -> Versions:
    safe = True
    if session.get_bind().dialect.name == "postgresql":
        numbers = db.engine().dialect.server_version_info or ()
        name = "PostgreSQL " + ".".join(map(str, numbers))
    else:
        module = db.sqlite_module()
        name, safe = f"SQLite {module.sqlite_version}", db.sqlite_is_safe(module.sqlite_version_info)
    return Versions(
        __version__,
        platform.python_version(),
        name,
        safe,
        _installed("weasyprint"),
        schema.current() or "",
        schema.head(),
    )


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _key(path: Path | None) -> Key:
    if path is None or not path.exists():
        return Key(None)
    found = path.stat()
    # Group and others: whoever reads the key can sign in as anybody.
    readable = bool(found.st_mode & 0o077) and os.name == "posix"
    return Key(datetime.fromtimestamp(found.st_mtime, UTC), readable)
