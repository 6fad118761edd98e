"""Codes that change every half-minute (RFC 6238: SHA-1, six digits, which every app understands). No database here."""

import hmac
import unicodedata
from datetime import datetime
from typing import Final

import pyotp

STEP_SECONDS: Final = 30
DIGITS: Final = 6
# Half-minutes that a phone's clock may be ahead or behind.
DRIFT: Final = 1


def new_secret() -> str:
    """Return a new shared secret: 160 bits in base 32."""
    return pyotp.random_base32()


def uri(secret: str, *, account: str, issuer: str) -> str:
    """Return the address that an app reads from the QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def matching_step(secret: str, typed: str, *, now: datetime, after: int | None) -> int | None:
    """Return the half-minute (since 1970) whose code was typed, if it is current and later than `after`.

    pyotp takes the same code twice. The caller stores what is returned here and hands it in as `after` next time, so
    that a code seen over a shoulder is of no use.
    """
    code = digits_in(typed)
    current = int(now.timestamp()) // STEP_SECONDS
    found = None
    for step in range(current - DRIFT, current + DRIFT + 1):
        # Every candidate is compared, so that the time taken tells nothing.
        right = hmac.compare_digest(pyotp.TOTP(secret).at(step * STEP_SECONDS), code)
        if right and (after is None or step > after) and found is None:
            found = step
    return found


def digits_in(typed: str) -> str:
    """Return the digits of a typed code as ASCII: spaces are forgiven, and so are the digits of other scripts."""
    found = (unicodedata.digit(letter, None) for letter in typed[:40] if not letter.isspace() and letter != "-")
    return "".join("x" if digit is None else str(digit) for digit in found)
