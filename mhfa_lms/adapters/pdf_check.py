"""Checking a signed PDF with nothing but trusted keys: no database, no network, and no harm from whatever it is.

The file is read in a process of its own with little memory and time (`pdf_check_engine`).
"""

import hashlib
import json
import re
import subprocess
import sys
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

LARGEST_FILE: Final = 20 * 1024 * 1024
LARGEST_KEYS: Final = 1024 * 1024
PATIENCE_S: Final = 60
BLOCK: Final = re.compile(
    rb"-----BEGIN (CERTIFICATE|PUBLIC KEY)-----[A-Za-z0-9+/=\s]{1,8000}-----END \1-----",
)


class Verdict(StrEnum):
    """What is true of a file."""

    GENUINE = "genuine"
    ALTERED = "altered"
    UNTRUSTED = "untrusted"  # unaltered, and signed by a key that was not named
    UNSIGNED = "unsigned"
    SEVERAL = "several"  # signed more than once, which certificates never are
    ENCRYPTED = "encrypted"
    NOT_A_PDF = "not-a-pdf"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too-large"


class NoKeysError(ValueError):
    """A file with keys to trust holds none that can be read."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What is true of a file, and what it says: proved only when the verdict is genuine. Texts are safe to show."""

    verdict: Verdict
    whole: bool = False
    signed_by: str = ""
    key: str = ""
    sha256: str = ""
    signed_at: str = ""
    says: dict[str, str] = field(default_factory=dict)
    badge: dict[str, str] | None = None


def trusted_keys(path: Path) -> set[str]:
    """Return the fingerprints (SHA-256) of the public keys in a PEM file of certificates or public keys.

    Raises `NoKeysError` when there are none, and OSError.
    """
    with path.open("rb") as file:
        text = file.read(LARGEST_KEYS)
    try:
        found = {_fingerprint(match[0], match[1] == b"CERTIFICATE") for match in BLOCK.finditer(text)}
    except ValueError as error:
        raise NoKeysError(str(path)) from error
    if not found:
        raise NoKeysError(str(path))
    return found


def _fingerprint(pem: bytes, is_certificate: bool) -> str:
    key = x509.load_pem_x509_certificate(pem).public_key() if is_certificate else load_pem_public_key(pem)
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def check(path: Path, trusted: set[str]) -> Checked:
    """Return what is true of a file. Raises OSError when it cannot be opened."""
    with path.open("rb") as file:
        data = file.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        return Checked(Verdict.TOO_LARGE)
    # -P: nothing is loaded from the folder one happens to stand in, where strangers' files may lie.
    command = [sys.executable, "-P", "-m", f"{__name__}_engine", *sorted(trusted)]
    try:
        # Our own module, with digests of ours as arguments.
        done = subprocess.run(command, input=data, capture_output=True, check=True, timeout=PATIENCE_S)  # noqa: S603
        found: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.SubprocessError, ValueError):
        # It took more memory or time than any certificate needs.
        return Checked(Verdict.UNREADABLE)
    return Checked(**{**found, "verdict": Verdict(found["verdict"])})
