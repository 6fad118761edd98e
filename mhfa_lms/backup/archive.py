"""The archive: a tar file of parts, and at its end a manifest with each part's size and SHA-256.

The manifest stands last, so that an archive that has one was written to its end. Reading trusts nothing: only plain
files with names of ours, each once, each as the manifest says.
"""

import hashlib
import io
import json
import re
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from mhfa_lms.adapters.lines import ERASURES

FORMAT: Final = 2
MANIFEST: Final = "manifest.json"
KEYS: Final = "keys.json"
SQLITE: Final = "database.sqlite3"
TABLES: Final = "database"
FILES: Final = "files"
# No name that leads out of a folder: each part of a path begins with a letter or digit.
OURS: Final = re.compile(
    rf"{re.escape(ERASURES)}|{re.escape(KEYS)}|{re.escape(SQLITE)}|{TABLES}/[a-z][a-z0-9_]*\.[0-9]{{6}}"
    rf"|{FILES}(/[A-Za-z0-9][A-Za-z0-9_.-]*)+"
)
LARGEST_MANIFEST: Final = 256 * 1024 * 1024
CHUNK: Final = 1024 * 1024
Told = Callable[[int], None]


class DamagedError(Exception):
    """The archive is not whole, or is none of ours; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file in the archive: size in bytes, SHA-256 in hexadecimal."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive holds. `schema` is the database's revision, `head` the last seal of its audit trail."""

    program: str
    made_at: str
    database: str
    schema: str
    sealed: int
    head: str
    # For PostgreSQL: the tables in the order in which they can be filled, with their columns; and the counters.
    tables: dict[str, list[str]] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    parts: dict[str, Part] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def files(self) -> int:
        """How many stored files it holds."""
        return sum(name.startswith(f"{FILES}/") for name in self.parts)

    @property
    def size(self) -> int:
        """Return the sum of its parts, in bytes."""
        return sum(part.size for part in self.parts.values())

    @property
    def has_keys(self) -> bool:
        """Whether the installation's keys are in it, encrypted."""
        return KEYS in self.parts

    def summary(self) -> dict[str, Any]:
        """Return what a person or a program wants to know of it."""
        wanted = {name: getattr(self, name) for name in ("format", "program", "made_at", "database", "schema")}
        return {**wanted, "files": self.files, "bytes": self.size, "keys": self.has_keys} | {
            "audit_sealed": self.sealed,
            "audit_head": self.head,
        }


class _Hashed(io.RawIOBase):
    """What is read through it is counted and hashed."""

    def __init__(self, source: BinaryIO, told: Told) -> None:
        self.source, self.told = source, told
        self.hash, self.count = hashlib.sha256(), 0

    def read(self, size: int = -1) -> bytes:
        """Read on."""
        data = self.source.read(size)
        self.hash.update(data)
        self.count += len(data)
        self.told(len(data))
        return data

    def part(self) -> Part:
        """Return what went through."""
        return Part(self.count, self.hash.hexdigest())


class Writer:
    """Writes an archive, part after part; `told` hears how many bytes were taken in."""

    def __init__(self, raw: BinaryIO, told: Told) -> None:
        self.archive = tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115  # `close` does
        self.parts: dict[str, Part] = {}
        self.told = told

    def add(self, name: str, data: bytes) -> None:
        """Add a part that is in memory."""
        self._add(name, len(data), io.BytesIO(data))

    def add_file(self, name: str, path: Path) -> None:
        """Add a file. One that has gone meanwhile is left out: it belonged to somebody who was just erased."""
        try:
            source = path.open("rb")
        except FileNotFoundError:
            return
        with source:
            self._add(name, path.stat().st_size, source)

    def _add(self, name: str, size: int, source: BinaryIO) -> None:
        if not OURS.fullmatch(name) or name in self.parts:
            raise ValueError(name)
        through = _Hashed(source, self.told)
        self.archive.addfile(_entry(name, size), cast(BinaryIO, through))
        self.parts[name] = through.part()

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest and end the archive."""
        text = json.dumps(asdict(manifest), indent=1).encode()
        self.archive.addfile(_entry(MANIFEST, len(text)), io.BytesIO(text))
        self.archive.close()


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    return entry


def verify(file: Path, told: Told = lambda _count: None) -> Manifest:
    """Read an archive through and compare every part with the manifest. Raises `DamagedError`."""
    return _read(file, None, told)


def unpack(file: Path, folder: Path, told: Told = lambda _count: None) -> Manifest:
    """Unpack an archive into an empty folder, checked as by `verify`. Raises `DamagedError`; the folder is then waste.

    `OSError` of the folder's own, such as a full disk, comes through.
    """
    return _read(file, folder, told)


def _read(file: Path, folder: Path | None, told: Told) -> Manifest:
    try:
        with tarfile.open(file, "r|") as archive:
            return _checked(archive, folder, told)
    except (tarfile.TarError, EOFError, UnicodeError) as error:
        raise DamagedError("it is no archive, or was cut off") from error


def _checked(archive: tarfile.TarFile, folder: Path | None, told: Told) -> Manifest:
    found: dict[str, Part] = {}
    manifest: Manifest | None = None
    for member in archive:
        plain = _is_plain(member)
        source = cast(BinaryIO, archive.extractfile(member) if plain else io.BytesIO())
        if plain and member.name == MANIFEST and manifest is None and member.size <= LARGEST_MANIFEST:
            manifest = _manifest(source.read())
            continue
        if not plain or not OURS.fullmatch(member.name) or member.name in found or manifest is not None:
            raise DamagedError(f"it holds {member.name!r}, which no backup has there")
        found[member.name] = _take(source, folder / member.name if folder else None, told)
    if manifest is None:
        raise DamagedError("it has no end: the manifest is missing")
    _compare(found, manifest)
    return manifest


def _is_plain(member: tarfile.TarInfo) -> bool:
    # A sparse file's holes are no bytes in the archive: 2 KB of it would fill a disk.
    return member.type in {tarfile.REGTYPE, tarfile.AREGTYPE} and not member.issparse()


def _take(source: BinaryIO, target: Path | None, told: Told) -> Part:
    through = _Hashed(source, told)
    if target is None:
        while through.read(CHUNK):
            pass
        return through.part()
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as written:
        shutil.copyfileobj(cast(BinaryIO, through), written, CHUNK)
    return through.part()


def _manifest(text: bytes) -> Manifest:
    try:
        read = json.loads(text)
        if read["format"] != FORMAT:
            raise DamagedError(f"it has the format {read['format']!r}; this version of the program reads {FORMAT}")
        parts = {str(name): Part(int(one["size"]), str(one["sha256"])) for name, one in read.pop("parts").items()}
        return Manifest(**read, parts=parts)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DamagedError("its manifest cannot be read") from error


def _compare(found: dict[str, Part], manifest: Manifest) -> None:
    for name, part in manifest.parts.items():
        if name not in found:
            raise DamagedError(f"{name} is missing")
        if found[name] != part:
            raise DamagedError(f"{name} was changed")
    for name in found:
        if name not in manifest.parts:
            raise DamagedError(f"{name} does not belong to it")
