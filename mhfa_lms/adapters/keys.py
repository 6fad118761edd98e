"""The installation's signing keys: EC P-256 with an X.509 certificate for PDFs, Ed25519 for badges.

Each key is one file in a folder, written once and never changed. The highest number of a kind is in use; those before
it sign nothing any more and go on verifying what they signed. Processes that start at once agree on the first key: a
file gets its name by a link, which only one of them can make.
"""

import json
import os
import re
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from mhfa_lms.adapters import key_making

FILE: Final = re.compile(r"(document|badge)-([0-9]{6})\.json")
IDENTIFIER: Final = re.compile(r"(document|badge)-[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9a-f]{8}")
LARGEST_FILE: Final = 64 * 1024
# Multicodec's mark of an Ed25519 public key.
ED25519: Final = b"\xed\x01"

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


class KeyKind(StrEnum):
    """What a key signs."""

    DOCUMENT = "document"
    BADGE = "badge"


class KeysDamagedError(ValueError):
    """A key's file cannot be read; the text names it and says what to do."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key. `id` can stand in addresses; `retired_at` is when the next one took its place. Keys for PDFs alone
    have a certificate."""

    id: str
    kind: KeyKind
    made_at: datetime
    private_key: PrivateKey
    certificate: x509.Certificate | None = None
    retired_at: datetime | None = None

    def __repr__(self) -> str:
        return f"<Key {self.id}>"

    @property
    def certificate_pem(self) -> str:
        """The certificate as PEM text; empty for a badge's key."""
        return self.certificate.public_bytes(Encoding.PEM).decode("ascii") if self.certificate else ""

    @property
    def multikey(self) -> str:
        """The public half as a Multikey (`publicKeyMultibase`); empty for a key that is not Ed25519."""
        if not isinstance(self.private_key, ed25519.Ed25519PrivateKey):
            return ""
        return f"z{key_making.base58(ED25519 + self.private_key.public_key().public_bytes_raw())}"

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the public half (SubjectPublicKeyInfo), hexadecimal."""
        return key_making.fingerprint(self.private_key)


class Keys:
    """The keys in a folder, read anew at each question, so that a rotation elsewhere is noticed at once."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name

    def current(self, kind: KeyKind) -> Key:
        """Return the key to sign with, made now when there is none. Raises `KeysDamagedError` and `OSError`."""
        found = self.all(kind)
        if not found:
            self._add(kind, 1, datetime.now(UTC))
            found = self.all(kind)
        return found[0]

    def all(self, kind: KeyKind) -> tuple[Key, ...]:
        """Return every key of a kind, newest first; none when none was made yet. Raises `KeysDamagedError`."""
        keys: dict[str, Key] = {}
        after: Key | None = None
        for _number, path in reversed(self._files(kind)):
            key = _read(path, path.stat().st_mtime_ns)
            if key.id in keys:
                continue
            # One brought back from a backup may be older than the one before it.
            keys[key.id] = replace(key, retired_at=max(key.made_at, after.made_at)) if after else key
            after = key
        return tuple(keys.values())

    def rotate(self, kind: KeyKind, *, now: datetime) -> Key:
        """Make a new key and use it from now on; the one before goes on verifying."""
        while True:
            if self._add(kind, self._next(kind), now):
                return self.current(kind)

    def make_first(self) -> list[Key]:
        """Make the first key of each kind, where there is none; returns those that this call made."""
        absent = [kind for kind in KeyKind if not self.all(kind)]
        return [self.current(kind) for kind in absent if self._add(kind, 1, datetime.now(UTC))]

    def stored(self) -> list[str]:
        """Return the keys as they are stored, private halves included, oldest first. For a backup."""
        return [path.read_text(encoding="ascii") for kind in KeyKind for _number, path in self._files(kind)]

    def bring_back(self, texts: list[str]) -> None:
        """Put keys from a backup beside those that are here, the newest of each kind in use. Safe to repeat.

        What is here stays: it may have signed something since. Raises `KeysDamagedError`; nothing has changed then.
        """
        parsed = list(zip(check_stored(texts), texts, strict=True))
        for kind in KeyKind:
            wanted = [(key, text) for key, text in parsed if key.kind is kind]
            for place, (key, text) in enumerate(wanted, start=1):
                here = self.all(kind)
                in_use = bool(here) and here[0].id == key.id
                if not in_use and (place == len(wanted) or all(key.id != one.id for one in here)):
                    put(self.folder, f"{kind}-{self._next(kind):06}.json", text.encode())

    def _next(self, kind: KeyKind) -> int:
        files = self._files(kind)
        return files[-1][0] + 1 if files else 1

    @property
    def open_to_others(self) -> bool:
        """Whether somebody else on this machine may read a key."""
        paths = (path for kind in KeyKind for _number, path in self._files(kind))
        return os.name == "posix" and any(path.stat().st_mode & 0o077 for path in paths)

    def _files(self, kind: KeyKind) -> list[tuple[int, Path]]:
        if not self.folder.is_dir():
            return []
        found = ((FILE.fullmatch(path.name), path) for path in self.folder.iterdir())
        return sorted((int(match[2]), path) for match, path in found if match and match[1] == kind)

    def _add(self, kind: KeyKind, number: int, now: datetime) -> bool:
        """Put a new key under a number; False when another process was there first."""
        made = key_making.make(kind.value, self.name, now)
        return put(self.folder, f"{kind}-{number:06}.json", json.dumps(made, indent=1).encode())


def open_keys(folder: Path, *, name: str = "") -> Keys:
    """Return the keys in a folder. `name` is the signer's name in the certificate of a key that is made."""
    return Keys(folder, name)


def public_text(keys: tuple[Key, ...]) -> str:
    """Return the certificates of keys for PDFs as one PEM text, with a line before each that says which it is."""
    return "".join(f"{key.id}\n{key.certificate_pem}" for key in keys)


def put(folder: Path, name: str, data: bytes) -> bool:
    """Write a file that only its owner may read, once and whole; False when the name is taken."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Made with mode 600 by itself.
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, folder / name)
    except FileExistsError:
        return False
    finally:
        Path(temporary).unlink()
    _sync(folder)
    return True


def check_stored(texts: list[str]) -> list[Key]:
    """Return the keys of `Keys.stored`. Raises `KeysDamagedError` when one of them is none."""
    try:
        return [parse(json.loads(text)) for text in texts]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise KeysDamagedError("a stored key is damaged") from error


@lru_cache(maxsize=64)
def _read(path: Path, _changed: int) -> Key:
    try:
        with path.open("rb") as file:
            form = json.loads(file.read(LARGEST_FILE))
        return parse(form)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise KeysDamagedError(f"{path} is damaged: bring it back from a backup") from error


def parse(form: Any) -> Key:
    """Return a key from its stored form. Raises ValueError, KeyError or TypeError."""
    private, kind = load_pem_private_key(form["private_key"].encode(), None), KeyKind(form["kind"])
    fits = ec.EllipticCurvePrivateKey if kind is KeyKind.DOCUMENT else ed25519.Ed25519PrivateKey
    made_at = datetime.fromisoformat(form["made_at"])
    if not isinstance(private, fits) or not IDENTIFIER.fullmatch(form["id"]) or made_at.tzinfo is None:
        raise ValueError(form["id"])
    certificate = x509.load_pem_x509_certificate(form["certificate"].encode()) if form["certificate"] else None
    if (certificate is not None) != (kind is KeyKind.DOCUMENT):
        raise ValueError(form["id"])
    return Key(form["id"], kind, made_at, private, certificate)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
