"""Random secrets and codes. Only hashes of secrets are stored."""

import hashlib
import secrets
from typing import Final

# Crockford's base 32: no I, L, O or U, so that a code can be read aloud and typed.
CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
FORGIVEN: Final = str.maketrans({"I": "1", "L": "1", "O": "0", "U": "V"})
CODE_LENGTH: Final = 16


def new_secret() -> str:
    """Return 32 random bytes for a link or a cookie, as text safe in addresses."""
    return secrets.token_urlsafe(32)


def hashed(secret: str) -> str:
    """Return what is stored of a secret: SHA-256, hexadecimal. Fit for random secrets only, not for passwords."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_code(length: int = CODE_LENGTH) -> str:
    """Return a random code of Crockford characters: 5 bits each, so 16 of them hold 80 bits."""
    return "".join(secrets.choice(CROCKFORD) for _ in range(length))


def read_code(typed: str) -> str | None:
    """Return a typed verification code in its stored form, forgiving case, spaces, hyphens and look-alike letters.

    None when it cannot be a code.
    """
    cleaned = "".join(letter for letter in typed.upper() if letter.isalnum()).translate(FORGIVEN)
    if len(cleaned) == CODE_LENGTH and set(cleaned) <= set(CROCKFORD):
        return cleaned
    return None
