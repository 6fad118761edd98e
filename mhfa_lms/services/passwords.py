"""Passwords: how they are hashed, and which ones are refused.

The rules follow NIST SP 800-63B: length and a list of common ones, no rules about kinds of letters.
"""

import unicodedata
from typing import Any, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from mhfa_lms.i18n import lazy
from mhfa_lms.services.names import email_key

LEAST: Final = 10
MOST: Final = 200
# The least OWASP asks of argon2id: 19 MiB, two passes, one lane. About 30 ms on a small server.
HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# Verified where there is no account, so that its absence takes as long as a wrong password. Matches nothing.
DUMMY: Final = (
    f"$argon2id$v=19$m={HASHER.memory_cost},t={HASHER.time_cost},p={HASHER.parallelism}${'A' * 22}${'A' * 43}"
)
# Of the lists of passwords people use most, those that are long enough to pass otherwise.
COMMON: Final = frozenset(
    """
    1234567890 12345678910 0123456789 0987654321 1111111111 0000000000 1234512345 1212121212 1q2w3e4r5t 1qaz2wsx3edc
    q1w2e3r4t5 q1w2e3r4t5y6 qwertyuiop qwerty1234 qwerty12345 qwerty123456 qwertyuiop123 asdfghjkl1 asdfghjkl123
    zxcvbnm123 abcdefghij abcdefg123 abcd123456 abc1234567 aaaaaaaaaa a123456789 password12 password123 password1234
    password12345 passwordpassword mypassword mypassword1 mypassword123 passw0rd123 p@ssw0rd123 p@ssword123 p@55w0rd123
    changeme12 changeme123 changeme1234 letmein123 letmein1234 letmeinplease welcome123 welcome1234 welcome2024
    welcome2025 welcome2026 administrator admin12345 admin123456 iloveyou12 iloveyou123 iloveyouso sunshine12
    sunshine123 princess12 princess123 football12 football123 baseball12 baseball123 basketball superman123 batman1234
    pokemon123 starwars123 dragon1234 monkey1234 michael123 charlie123 liverpool1 manchester chocolate1 butterfly1
    summer2024 summer2025 summer2026 winter2024 winter2025 winter2026 spring2026 autumn2026 trustno1234 secret1234
    firstaid123 mentalhealth mentalhealth1 firstaider1
    """.split()  # noqa: SIM905  # a hundred quoted words are harder to read
)


class PasswordError(ValueError):
    """A password that is refused; `message` says why, in words for the person who chose it."""

    def __init__(self, message: Any) -> None:
        super().__init__(str(message))
        self.message = message


def check(password: str, email: str = "") -> None:
    """Raise `PasswordError` unless the password may be used by the account of this address."""
    if len(password) < LEAST:
        raise PasswordError(lazy("Use at least %(count)s characters. Three or four words work well", count=LEAST))
    if len(password) > MOST:
        raise PasswordError(lazy("Use at most %(count)s characters", count=MOST))
    plain = email_key(password)
    if email and plain in {email_key(email), email_key(email).partition("@")[0]}:
        raise PasswordError(lazy("Choose a password that is not your e-mail address"))
    if plain in COMMON or len(set(plain)) == 1:
        raise PasswordError(lazy("Many people use this password, so it is easy to guess. Choose another one"))


def hashed(password: str) -> str:
    """Return what is stored of a password. Takes tens of milliseconds: never inside a transaction."""
    return HASHER.hash(_normal(password))


def verify(stored: str | None, password: str) -> bool:
    """Whether a password is the stored one. Costs one verification also when nothing is stored."""
    try:
        HASHER.verify(stored or DUMMY, _normal(password))
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def outdated(stored: str) -> bool:
    """Whether a hash was made with other parameters than today's, so that it is made anew at the next sign-in."""
    return HASHER.check_needs_rehash(stored)


def _normal(password: str) -> str:
    # Keyboards write the same letter in different ways; too long a text is never anybody's password.
    return unicodedata.normalize("NFKC", password) if len(password) <= MOST else ""
