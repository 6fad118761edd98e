"""`mhfa-lms backup` and `mhfa-lms restore`: the embedded database and the files, in one archive."""

import hashlib
import io
import json
import os
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import click
from sqlalchemy import make_url

from mhfa_lms import __version__, clock, db, schema
from mhfa_lms.cli.base import Failed, bound, emit, json_option
from mhfa_lms.settings import Settings, read_settings

MANIFEST: Final = "manifest.json"
DATABASE: Final = "database.sqlite3"
FILES: Final = "files"
# No name that leads out of a folder: each part begins with a letter or digit.
OURS: Final = re.compile(r"manifest\.json|database\.sqlite3|files(/[A-Za-z0-9][A-Za-z0-9_.-]*)+")


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@json_option
def backup(file: Path, as_json: bool) -> None:
    """Write the database and the files into the archive FILE (.tar), while the platform runs.

    The archive is one moment of the database. It holds no keys: keep MHFA_SECRET_KEY, or the file secret-key in the
    data folder, elsewhere. It holds personal data: keep it safe. On PostgreSQL use pg_dump.
    """
    settings = read_settings()
    refuse_postgresql(settings, f"pg_dump --format=custom --file={file} DATABASE")
    with bound(settings):
        if schema.current() is None:
            raise Failed("There is no database yet, so there is nothing to back up.")
        with _beside(file) as part:
            manifest = _write(part, settings)
            part.replace(file)
    emit(as_json, {"file": str(file), **manifest}, f"Wrote {file}: {manifest['files']} files and the database.")


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Put it in the place of a database that is there.")
@json_option
def restore(file: Path, yes: bool, as_json: bool) -> None:
    """Bring back what `backup` wrote into FILE. Stop the platform first.

    A database that is there is moved aside (its name then ends in .before-restore), and only with --yes.
    """
    settings = read_settings()
    refuse_postgresql(settings, f"pg_restore --clean --if-exists --dbname=DATABASE {file}")
    target = database_path(settings)
    if target.exists() and not yes:
        raise Failed(f"There is a database at {target}. Add --yes to move it aside and put the backup in its place.")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.data_dir, prefix=".restore-") as name:
        folder = Path(name)
        manifest = _unpack(file, folder)
        _check(folder, manifest)
        _put(folder, target, settings)
    with bound(settings):
        schema.upgrade()
    emit(as_json, {"file": str(file), **manifest}, f"Restored {file}, made at {manifest['made_at']}.")


def refuse_postgresql(settings: Settings, command: str) -> None:
    """Raise `Failed` with the command to use where the database is PostgreSQL's."""
    if settings.is_sqlite:
        return
    name = make_url(settings.database_url).database or "DATABASE"
    raise Failed(
        "This installation's database is PostgreSQL, whose own tools do this better. Use:\n"
        f"  {command.replace('DATABASE', name)}\n"
        f"and keep the folder of files beside it:\n  {settings.data_dir / FILES}"
    )


def database_path(settings: Settings) -> Path:
    """Return where the embedded database lies."""
    return Path(make_url(settings.database_url).database or "")


@contextmanager
def _beside(file: Path) -> Iterator[Path]:
    """Yield a name beside a file to write to, so that the file is there only when it is whole."""
    part = file.with_name(f".{file.name}.part")
    try:
        yield part
    except OSError as error:
        raise Failed(f"{file} cannot be written: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)


def _write(part: Path, settings: Settings) -> dict[str, Any]:
    # The database first: every file it names is written before its row, so the files copied afterwards hold them all.
    with tempfile.TemporaryDirectory(dir=settings.data_dir, prefix=".backup-") as name:
        copy = Path(name) / DATABASE
        _copy_database(copy)
        found = sorted(path for path in (settings.data_dir / FILES).rglob("*") if _is_kept(path))
        manifest = {
            "format": 1,
            "version": __version__,
            "made_at": clock.now().isoformat(timespec="seconds"),
            "schema": schema.current(),
            "files": len(found),
            "sha256": _digest(copy),
        }
        # Only this account may read it: it holds everybody's data.
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as raw, tarfile.open(fileobj=raw, mode="w") as archive:
            text = json.dumps(manifest, indent=2).encode()
            head = tarfile.TarInfo(MANIFEST)
            head.size = len(text)
            archive.addfile(head, io.BytesIO(text))
            archive.add(copy, DATABASE)
            for path in found:
                archive.add(path, f"{FILES}/{path.relative_to(settings.data_dir / FILES).as_posix()}")
            archive.close()
            raw.flush()
            os.fsync(raw.fileno())
    return manifest


def _is_kept(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".")


def _copy_database(target: Path) -> None:
    """Copy the database as it is at one moment, while others read and write it (SQLite's online backup)."""
    source = db.engine().raw_connection()
    try:
        with closing(db.sqlite_module().connect(str(target))) as copy:
            driver: Any = source.driver_connection
            driver.backup(copy)
    finally:
        source.close()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unpack(file: Path, folder: Path) -> dict[str, Any]:
    """Unpack an archive of ours. Only plain files with names that `backup` writes are taken out of it."""
    try:
        with tarfile.open(file) as archive:
            for member in archive:
                if member.isreg() and OURS.fullmatch(member.name):
                    _take_out(archive, member, folder / member.name)
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (tarfile.TarError, OSError, ValueError) as error:
        raise Failed(f"{file} is not a backup of this program, or it is damaged.") from error
    return manifest


def _take_out(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    source = archive.extractfile(member)
    if source is None:
        raise tarfile.TarError(member.name)
    with source, path.open("wb") as target:
        shutil.copyfileobj(source, target)


def _check(folder: Path, manifest: dict[str, Any]) -> None:
    copy = folder / DATABASE
    if not copy.exists() or _digest(copy) != manifest.get("sha256"):
        raise Failed("The database in the backup is not whole. Nothing was changed.")
    kept = sum(path.is_file() for path in (folder / FILES).rglob("*"))
    if kept != manifest.get("files"):
        raise Failed("Files are missing in the backup. Nothing was changed.")
    if str(manifest.get("schema")) > schema.head():
        raise Failed("The backup was made by a newer version of this program. Nothing was changed.")


def _put(folder: Path, target: Path, settings: Settings) -> None:
    """Move what was there aside, then what was unpacked into its place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    # A log that belongs to the old database must not be played onto the new one.
    for ending in ("", "-wal", "-shm"):
        old = target.with_name(target.name + ending)
        if old.exists():
            old.replace(target.with_name(f"{target.name}.before-restore{ending}"))
    (folder / DATABASE).replace(target)
    files = settings.data_dir / FILES
    if files.exists():
        aside = settings.data_dir / f"{FILES}.before-restore"
        shutil.rmtree(aside, ignore_errors=True)
        files.replace(aside)
    if (folder / FILES).exists():
        (folder / FILES).replace(files)
