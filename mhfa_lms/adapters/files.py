"""Files in a folder, each written once and whole.

A file appears under its name only when all its bytes are on the disk, and is never overwritten: whoever comes second
with the same key gets what the first one stored.
"""

import errno
import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(/[A-Za-z0-9][A-Za-z0-9_-]*)*\.[a-z0-9]{1,8}")
# Some network file systems have no hard links.
NO_LINKS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


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
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
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

    def find(self, key: str) -> Stored | None:
        """Return what is stored under a key, or None."""
        try:
            data = self._path(key).read_bytes()
        except FileNotFoundError:
            return None
        return Stored(key, len(data), hashlib.sha256(data).hexdigest())

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
