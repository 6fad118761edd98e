"""Sealing small secrets that must be read again, under a key derived from the installation's.

Encrypted and signed (Fernet), each text bound to whom it belongs to: a row copied to another account opens nothing.
"""

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

# What a box is for: a text sealed for one thing opens nothing in another.
SECOND_STEP: Final = "second step"
SAFEGUARDING: Final = "safeguarding"
REFLECTION: Final = "reflection"


class SecretBoxError(ValueError):
    """The text was sealed under a key that is no longer known, for somebody else, or not at all."""


class SecretBox:
    """Seals with the newest key and opens with any; `keys` are the installation's, newest first.

    Each `purpose` has keys of its own, derived from the same ones.
    """

    def __init__(self, keys: Sequence[str], *, purpose: str = SECOND_STEP) -> None:
        # These two take a tenth of a second and 10 MB to load, and few requests need them.
        from cryptography.fernet import Fernet, MultiFernet

        derived = [_derived(key, purpose) for key in keys]
        self._newest = Fernet(derived[0])
        self._any = MultiFernet([Fernet(key) for key in derived])
        self.names = [hashlib.sha256(b"name of " + key).hexdigest()[:16] for key in derived]
        self.name = self.names[0]

    def seal(self, text: str, *, owner: str, now: datetime) -> str:
        """Return a text sealed under the newest key."""
        return self._newest.encrypt_at_time(f"{owner}\n{text}".encode(), int(now.timestamp())).decode()

    def open(self, sealed: str, *, owner: str) -> str:
        """Return a sealed text. Raises `SecretBoxError`."""
        return self._belonging(self._decrypted(sealed), owner)

    def open_young(self, sealed: str, *, owner: str, seconds: int, now: datetime) -> str:
        """Return a text that was sealed at most so many seconds ago. Raises `SecretBoxError`."""
        from cryptography.fernet import InvalidToken

        try:
            plain = self._any.decrypt_at_time(sealed, seconds, int(now.timestamp()))
        except (InvalidToken, ValueError) as error:
            raise SecretBoxError("too old, or not ours") from error
        return self._belonging(plain, owner)

    def _decrypted(self, sealed: str) -> bytes:
        from cryptography.fernet import InvalidToken

        try:
            return self._any.decrypt(sealed)
        except (InvalidToken, ValueError) as error:
            raise SecretBoxError("no key opens this") from error

    @staticmethod
    def _belonging(plain: bytes, owner: str) -> str:
        found, _line, text = plain.decode().partition("\n")
        if found != owner:
            raise SecretBoxError("sealed for somebody else")
        return text


def _derived(key: str, purpose: str) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    info = f"mhfa_lms {purpose}, 1".encode()
    return base64.urlsafe_b64encode(HKDF(SHA256(), 32, salt=None, info=info).derive(key.encode()))
