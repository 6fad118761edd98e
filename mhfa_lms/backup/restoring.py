"""Restoring a backup, also while the site runs: everything is prepared aside, then put in place at one stroke.

Only the last part keeps people out (see `standby`). Before it nothing has changed; the database changes over wholly or
not at all; files that the restored database names are there before it is, and others go after it. Whoever runs a
restore again after a crash at any point ends up in the same place.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import psycopg
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from mhfa_lms import db, logs, schema
from mhfa_lms.adapters.keys import KeysDamagedError, check_stored, open_keys
from mhfa_lms.adapters.lines import ERASURES, parse
from mhfa_lms.backup import archive, databases, keys, making
from mhfa_lms.backup.archive import FILES, KEYS, Manifest
from mhfa_lms.jobs.retention import SAFETY_COPY
from mhfa_lms.jobs.tick import tick
from mhfa_lms.models import StoredFile
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import erasures, upkeep
from mhfa_lms.settings import Settings
from mhfa_lms.standby import Standby

PREFIX: Final = ".restore-"
SPARE: Final = 1.2
SWAP_TRIES: Final = 3
Told = Callable[[int], None]


class RestoreError(Exception):
    """Nothing was restored and nothing changed; the text says why."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did."""

    manifest: Manifest
    held: int
    erased: int
    safety_copy: Path | None
    keys: bool


def restore(
    settings: Settings,
    file: Path,
    *,
    now: datetime,
    force: bool = False,
    safety_copy: bool = True,
    passphrase: str | None = None,
    told: Told = lambda _count: None,
) -> Restored:
    """Bring back what is in the archive `file`. Leaves the process bound to no database.

    `force` replaces a database in which people have accounts; what is there is first backed up to `SAFETY_COPY` in the
    data folder. A passphrase brings back the keys as well. Raises `RestoreError`, and `standby`'s errors.
    """
    used = _in_use(settings)
    if used is not False and not force:
        raise RestoreError(
            "There is data in this installation. Add --force to put the backup in its place;"
            f" what is there is backed up first, to {settings.data_dir / SAFETY_COPY}."
        )
    database = databases.of(settings)
    with _folder(settings, file) as folder:
        try:
            manifest = _unpacked(file, folder, told)
            _check(manifest, database)
            secrets = _secrets(folder, manifest, passphrase)
            address = database.prepare(folder, manifest)
            with Standby(settings.data_dir).closed():
                copy = safety_copy and used is not False
                done = _change_over(settings, folder, manifest, address, database, now, copy=copy)
                if secrets:
                    _put_keys(settings, secrets)
        finally:
            db.release()
            database.forget()
    return Restored(manifest, *done, keys=bool(secrets))


def _in_use(settings: Settings) -> bool | None:
    """Whether there is data in the installation; None when its database cannot be read."""
    if settings.is_sqlite and not databases.Sqlite(settings).path.exists():
        return False
    db.configure(settings.database_url)
    try:
        return not databases.is_empty()
    except databases.DamagedDatabaseError:
        if not settings.is_sqlite:
            raise RestoreError("The database server cannot be reached, or refuses what it is asked.") from None
        return None
    finally:
        db.release()


@contextmanager
def _folder(settings: Settings, file: Path) -> Iterator[Path]:
    """Yield a folder beside the data to unpack into; what a killed restore left there goes first."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    for old in settings.data_dir.glob(f"{PREFIX}*"):
        shutil.rmtree(old, ignore_errors=True)
    wanted, free = int(SPARE * file.stat().st_size), shutil.disk_usage(settings.data_dir).free
    if free < wanted:
        raise RestoreError(
            f"There is too little room in {settings.data_dir}:"
            f" {making.mega(wanted)} are needed, {making.mega(free)} free."
        )
    with tempfile.TemporaryDirectory(dir=settings.data_dir, prefix=PREFIX) as name:
        yield Path(name)


def _unpacked(file: Path, folder: Path, told: Told) -> Manifest:
    try:
        return archive.unpack(file, folder, told)
    except archive.DamagedError as error:
        raise RestoreError(f"{file} is not a whole backup: {error}. Nothing was changed.") from error


def _check(manifest: Manifest, database: databases.Database) -> None:
    if manifest.database != database.kind:
        raise RestoreError(
            f"The backup is of {manifest.database}, and this installation uses {database.kind}. Nothing was changed."
        )
    if not schema.knows(manifest.schema):
        raise RestoreError("The backup was made by a newer version of this program. Nothing was changed.")


def _secrets(folder: Path, manifest: Manifest, passphrase: str | None) -> dict[str, Any]:
    if passphrase is None:
        return {}
    if not manifest.has_keys:
        raise RestoreError("There are no keys in the backup. Nothing was changed.")
    try:
        found = keys.unseal((folder / KEYS).read_bytes(), passphrase)
        check_stored(found.get(making.SIGNING_KEYS, []))
    except keys.KeysError as error:
        raise RestoreError("The passphrase does not open the keys in the backup. Nothing was changed.") from error
    except KeysDamagedError as error:
        raise RestoreError("A signing key in the backup is damaged. Nothing was changed.") from error
    return found


def _change_over(
    settings: Settings,
    folder: Path,
    manifest: Manifest,
    address: str,
    database: databases.Database,
    now: datetime,
    *,
    copy: bool,
) -> tuple[int, int, Path | None]:
    """Do what must happen while nobody works: returns mails held, people erased, and where the safety copy lies."""
    safe = _look_back(settings, folder, now, copy=copy)
    db.configure(address)
    held, erased = _settle(settings, now)
    _remember(manifest)
    wanted = set(db.session().scalars(select(StoredFile.key)))
    db.release()
    added = _add_files(settings, folder, wanted)
    try:
        _swap(database)
    except RestoreError:
        for path in added:
            path.unlink(missing_ok=True)
        raise
    _drop_files(settings, wanted)
    return held, erased, safe


def _look_back(settings: Settings, folder: Path, now: datetime, *, copy: bool) -> Path | None:
    """Save from the database in use what must outlive it: its erasures, and all of it in a safety copy."""
    known = making.erasure_list(settings)
    known.add(one.line() for one in erasures.read(parse((folder / ERASURES).read_bytes())))
    if not copy:
        return None
    safe = settings.data_dir / SAFETY_COPY
    db.configure(settings.database_url)
    try:
        # Writes the erasures down as well.
        making.make(settings, safe, now=now, force=True)
    except making.BackupError as error:
        raise RestoreError(f"{error} Nothing was changed. Without a safety copy: --no-safety-copy.") from error
    except Exception as error:
        # A database that is damaged is a reason to restore, not one to refuse it.
        logs.logger().warning("safety-copy-not-made", error=type(error).__name__)
        return None
    finally:
        db.release()
    return safe


def _settle(settings: Settings, now: datetime) -> tuple[int, int]:
    """Bring the prepared database to the present day without anything going out twice.

    Reminders whose day came between the backup and now were most likely sent: they are posted, so that the ledger has
    them, and held back with what waited.
    """
    held = upkeep.settle(by=SYSTEM, now=now)
    tick(settings, now)
    held += upkeep.hold_mails(now=now)
    erased = erasures.apply_again(erasures.read(making.erasure_list(settings).read()), by=SYSTEM, now=now)
    upkeep.backup_restored(held=held, erased=erased, by=SYSTEM, now=now)
    return held, erased


def _remember(manifest: Manifest) -> None:
    """Note the backup itself, at its own time: it was taken before that could stand in it."""
    upkeep.backup_made(
        size=manifest.size,
        files=manifest.files,
        keys=manifest.has_keys,
        by=SYSTEM,
        now=datetime.fromisoformat(manifest.made_at),
    )


def _swap(database: databases.Database) -> None:
    for left in reversed(range(SWAP_TRIES)):
        try:
            database.swap()
        except (DBAPIError, psycopg.Error) as error:
            db.release()
            if left:
                continue
            raise RestoreError(
                "Some program goes on reading the database, or holds rows in it, so that the backup could not take its"
                " place. Nothing was changed. End that program, such as a report or a psql with an open transaction"
                f" (pg_stat_activity lists them), and restore again. The server said: {type(error).__name__}."
            ) from error
        else:
            return


def _add_files(settings: Settings, folder: Path, wanted: set[str]) -> list[Path]:
    """Put the files that the restored database names in place; returns those that were not there.

    Written once under a random name, they never differ.
    """
    target, added = settings.data_dir / FILES, list[Path]()
    for key in wanted:
        source = folder / FILES / key
        if source.exists():
            (target / key).parent.mkdir(parents=True, exist_ok=True)
            if not (target / key).exists():
                added.append(target / key)
            source.replace(target / key)
    return added


def _drop_files(settings: Settings, wanted: set[str]) -> None:
    for key, path in making.stored_files(settings):
        if key not in wanted:
            path.unlink(missing_ok=True)


def _put_keys(settings: Settings, secrets: dict[str, Any]) -> None:
    # Backups of earlier versions hold the first pair only.
    for key, fallbacks in ((making.SECRET_KEY, making.FALLBACKS), (making.PRIVATE_KEY, making.PRIVATE_FALLBACKS)):
        if secrets.get(key):
            _write_secret(settings.data_dir / key, str(secrets[key]))
        if secrets.get(fallbacks):
            _write_secret(settings.data_dir / fallbacks, ",".join(map(str, secrets[fallbacks])))
    open_keys(settings.keys_dir).bring_back(secrets.get(making.SIGNING_KEYS, []))


def _write_secret(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
