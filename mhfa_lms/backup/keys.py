"""The installation's keys inside a backup, encrypted with a passphrase: scrypt makes the key, AES-256-GCM the cover."""

import base64
import json
import os
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

# RFC 7914's parameters at OWASP's recommended strength (2024): 128 MiB for about half a second.
COST: Final = 2**17
BLOCK: Final = 8
PARALLEL: Final = 1
# Somebody else's archive must not make us take all memory there is.
LARGEST_COST: Final = 2**20
SHORTEST_PASSPHRASE: Final = 12
ABOUT: Final = b"mhfa-lms keys 1"


class KeysError(Exception):
    """The keys cannot be opened: another passphrase, or changed bytes."""


def seal(keys: dict[str, Any], passphrase: str, *, cost: int = COST) -> bytes:
    """Return keys in an encrypted form."""
    salt, nonce = os.urandom(16), os.urandom(12)
    secret = AESGCM(_derived(passphrase, salt, cost)).encrypt(nonce, json.dumps(keys).encode(), ABOUT)
    form = {"kdf": "scrypt", "n": cost, "r": BLOCK, "p": PARALLEL, "cipher": "AES-256-GCM"}
    return json.dumps({**form, "salt": _text(salt), "nonce": _text(nonce), "secret": _text(secret)}).encode()


def unseal(sealed: bytes, passphrase: str) -> dict[str, Any]:
    """Return the keys. Raises `KeysError`."""
    try:
        form = json.loads(sealed)
        salt, nonce, secret = (base64.b64decode(form[name]) for name in ("salt", "nonce", "secret"))
        cost = int(form["n"])
        if (form["kdf"], form["r"], form["p"]) != ("scrypt", BLOCK, PARALLEL) or not 2 <= cost <= LARGEST_COST:
            raise KeysError
        opened = json.loads(AESGCM(_derived(passphrase, salt, cost)).decrypt(nonce, secret, ABOUT))
    except (InvalidTag, ValueError, KeyError, TypeError) as error:
        raise KeysError from error
    return dict(opened)


def _derived(passphrase: str, salt: bytes, cost: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=cost, r=BLOCK, p=PARALLEL).derive(passphrase.encode())


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
