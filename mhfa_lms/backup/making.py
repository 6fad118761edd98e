"""Making a backup while people work: written beside its place under a hidden name, renamed when it is whole."""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from mhfa_lms import __version__, db, schema
from mhfa_lms.adapters.keys import open_keys
from mhfa_lms.adapters.lines import ERASURES, GrowingFile
from mhfa_lms.backup import databases, keys
from mhfa_lms.backup.archive import FILES, KEYS, Manifest, Writer
from mhfa_lms.services import erasures
from mhfa_lms.settings import Settings

# Tar's own share, and room for a database that grows meanwhile.
SPARE: Final = 1.1
A_FILE: Final = 1024
SECRET_KEY: Final = "secret-key"  # noqa: S105  # a name
FALLBACKS: Final = "secret-key-fallbacks"  # a name
PRIVATE_KEY: Final = "private-key"
PRIVATE_FALLBACKS: Final = "private-key-fallbacks"
# The keys that sign certificates and badges, oldest first.
SIGNING_KEYS: Final = "signing-keys"


class BackupError(Exception):
    """No backup was made; the text says why."""


@dataclass(frozen=True, slots=True)
class Made:
    """A finished backup."""

    manifest: Manifest
    size: int


def erasure_list(settings: Settings) -> GrowingFile:
    """Return the list of erasures, which lies beside the database."""
    return GrowingFile(settings.data_dir / ERASURES)


def stored_files(settings: Settings) -> list[tuple[str, Path]]:
    """Return the stored files, by their key; what is just being written is not among them."""
    folder = settings.data_dir / FILES
    found = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return [(path.relative_to(folder).as_posix(), path) for path in found]


def make(
    settings: Settings,
    file: Path,
    *,
    now: datetime,
    force: bool = False,
    passphrase: str | None = None,
    starts: Callable[[int], None] = lambda _size: None,
    told: Callable[[int], None] = lambda _count: None,
) -> Made:
    """Write the database in use, the stored files and the list of erasures into `file`.

    With a passphrase the keys go in as well, encrypted. `starts` hears about how many bytes there are, `told` each
    number taken in. Raises `BackupError`; nothing is then left behind.
    """
    if file.exists() and not force:
        raise BackupError(f"{file} is there already. Choose another name, or add --force to replace it.")
    if schema.current() is None:
        raise BackupError("There is no database yet, so there is nothing to back up.")
    database = databases.of(settings)
    need = _need(settings, database)
    _check_space(file, need, database)
    starts(need)
    with _beside(file) as (part, raw):
        writer = Writer(raw, told)
        # The database first: every file it names is written before its row, so what is copied after it holds them all.
        facts = database.write(writer, part)
        for key, path in stored_files(settings):
            writer.add_file(f"{FILES}/{key}", path)
        writer.add(ERASURES, _erasures(settings))
        if passphrase is not None:
            writer.add(KEYS, keys.seal(_keys(settings), passphrase))
        manifest = Manifest(program=__version__, made_at=now.isoformat(timespec="seconds"), parts=writer.parts, **facts)
        writer.finish(manifest)
        raw.flush()
        os.fsync(raw.fileno())
        part.replace(file)
    _sync(file.parent)
    return Made(manifest, file.stat().st_size)


def _need(settings: Settings, database: databases.Database) -> int:
    return database.size() + sum(path.stat().st_size + A_FILE for _key, path in stored_files(settings))


def _check_space(file: Path, need: int, database: databases.Database) -> None:
    # SQLite's fresh copy lies beside the archive for a while.
    wanted = int(SPARE * (need + (database.size() if database.kind == "sqlite" else 0)))
    try:
        free = shutil.disk_usage(file.parent).free
    except OSError as error:
        raise BackupError(f"{file.parent} cannot be written to: {error.strerror}.") from error
    if free < wanted:
        raise BackupError(f"There is too little room in {file.parent}: {mega(wanted)} are needed, {mega(free)} free.")


def mega(count: int) -> str:
    """Return a number of bytes for people, in megabytes."""
    return f"{count / 1_000_000:,.1f} MB"


@contextmanager
def _beside(file: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """Yield a hidden file beside a place, to be renamed to it. Raises `BackupError` when that cannot be written.

    One name for each place, so that what a killed backup left is written over by the next one.
    """
    part = file.with_name(f".{file.name}.part")
    try:
        # Only this account may read it: it holds everybody's data.
        handle = os.open(part, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(handle, "r+b") as raw:
            _alone(handle, file)
            os.ftruncate(handle, 0)
            try:
                yield part, raw
            finally:
                part.unlink(missing_ok=True)
    except OSError as error:
        raise BackupError(f"{file} cannot be written: {error.strerror or error}.") from error


def _alone(handle: int, file: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise BackupError(f"Another backup is just writing {file}.") from error


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _erasures(settings: Settings) -> bytes:
    """Return the list of erasures with whoever is not in it yet."""
    found = erasures.listed(db.session())
    db.session().rollback()
    lines = erasure_list(settings)
    lines.add(one.line() for one in found)
    return "".join(f"{json.dumps(line, sort_keys=True)}\n" for line in lines.read()).encode()


def _keys(settings: Settings) -> dict[str, Any]:
    return {
        SECRET_KEY: settings.secret_key,
        FALLBACKS: list(settings.secret_key_fallbacks),
        PRIVATE_KEY: settings.private_key,
        PRIVATE_FALLBACKS: list(settings.private_key_fallbacks),
        SIGNING_KEYS: open_keys(settings.keys_dir).stored(),
    }
