"""Files in a folder, each written once and whole.

A file appears under its name only when all its bytes are on the disk, and is never overwritten: whoever comes second
with the same key gets what the first one stored.
"""

import errno
import hashlib
import io
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Protocol

KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(/[A-Za-z0-9][A-Za-z0-9_-]*)*\.[a-z0-9]{1,8}")
# Some network file systems have no hard links.
NO_LINKS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


PIECE: Final = 64 * 1024
UNFINISHED: Final = "unfinished"


class BadKeyError(ValueError):
    """A key that is not a plain path of letters, digits, hyphens and underscores with an ending."""


class FileDamagedError(Exception):
    """The stored bytes are missing, or are not those that were written."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What the storage holds under a key: size in bytes and SHA-256, hexadecimal."""

    key: str
    size: int
    sha256: str


class Files(Protocol):
    """A storage for files."""

    def put(self, key: str, data: bytes) -> Stored: ...
    def find(self, key: str) -> Stored | None: ...
    def read(self, key: str, sha256: str) -> bytes: ...


class FolderFiles:
    """Files below a folder, which is made when it is first needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, key: str, data: bytes) -> Stored:
        """Store bytes under a key, and return what is stored there: these, or those of whoever came first."""
        return self._store(key, io.BytesIO(data))

    def copy(self, key: str, source: Path) -> Stored:
        """Store a copy of a file under a key, as `put` does; never the whole of it in memory."""
        with source.open("rb") as data:
            return self._store(key, data)

    def _store(self, key: str, data: IO[bytes]) -> Stored:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                shutil.copyfileobj(data, file, PIECE)
                file.flush()
                os.fsync(file.fileno())
            _appear(Path(temporary), path)
        finally:
            Path(temporary).unlink(missing_ok=True)
        _sync_folder(path.parent)
        found = self.find(key)
        if found is None:
            raise FileDamagedError(key)
        return found

    def unfinished(self, key: str) -> Path:
        """Return where to write, piece by piece, what `keep` is to store in the end. It may be there from before."""
        # Hidden, so that a backup leaves it out.
        name = self._path(key).relative_to(self.folder)
        path = self.folder / UNFINISHED / name.with_name(f".{name.name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def all_unfinished(self, folder: str) -> list[str]:
        """Return the names of the folders in a folder of unfinished files."""
        path = self.folder / UNFINISHED / folder
        return sorted(one.name for one in path.iterdir()) if path.is_dir() else []

    def drop_unfinished(self, folder: str) -> None:
        """Remove a folder of unfinished files; nothing there is fine."""
        shutil.rmtree(self.folder / UNFINISHED / folder, ignore_errors=True)

    def keep(self, key: str, finished: Path) -> Stored:
        """Move a finished file below the folder to its key, and return what is stored there, as `put` does."""
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        with finished.open("rb") as file:
            os.fsync(file.fileno())
        _appear(finished, path)
        finished.unlink(missing_ok=True)
        _sync_folder(path.parent)
        found = self.find(key)
        if found is None:
            raise FileDamagedError(key)
        return found

    def find(self, key: str) -> Stored | None:
        """Return what is stored under a key, or None. Reads it in pieces."""
        try:
            with self._path(key).open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                return Stored(key, file.tell(), digest)
        except FileNotFoundError:
            return None

    def path_of(self, key: str) -> Path | None:
        """Return where the bytes under a key lie, for a server that sends them in pieces; None when there are none."""
        path = self._path(key)
        return path if path.is_file() else None

    def open(self, key: str, size: int) -> IO[bytes]:
        """Open what is stored under a key. Raises `FileDamagedError` when it is not there in full."""
        try:
            file = self._path(key).open("rb")
        except FileNotFoundError as error:
            raise FileDamagedError(key) from error
        if os.fstat(file.fileno()).st_size != size:
            file.close()
            raise FileDamagedError(key)
        return file

    def read(self, key: str, sha256: str) -> bytes:
        """Return the bytes under a key. Raises `FileDamagedError` when they are not those with this SHA-256."""
        try:
            data = self._path(key).read_bytes()
        except FileNotFoundError as error:
            raise FileDamagedError(key) from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise FileDamagedError(key)
        return data

    def remove(self, key: str) -> None:
        """Remove what is stored under a key; nothing there is fine."""
        self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        if not KEY.fullmatch(key):
            raise BadKeyError(key)
        return self.folder / key


def _appear(temporary: Path, path: Path) -> None:
    """Give the finished file its name, unless the name is taken: a link refuses that, a rename would replace it."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        return
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        if not path.exists():
            temporary.replace(path)


def _sync_folder(folder: Path) -> None:
    """Have the new name itself on the disk before anybody is told of it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def pieces(file: IO[bytes]) -> Iterator[bytes]:
    """Yield an open file in pieces and close it."""
    with file:
        while piece := file.read(PIECE):
            yield piece
