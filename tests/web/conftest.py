"""Pages are tested on the day their people and courses are made on, and with quick passwords.

The real cost of passwords is tested where the hashing is (tests/services).
"""

from collections.abc import Iterator

import pytest
import time_machine
from argon2 import PasswordHasher

from mhfa_lms.services import passwords
from tests.make import NOON

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(scope="module", autouse=True)
def at_noon() -> Iterator[None]:
    """It is noon of the day that `tests.make` makes everything on, whatever the day and hour outside."""
    with time_machine.travel(NOON, tick=True):
        yield


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash at the lowest cost there is, known and unknown accounts alike."""
    monkeypatch.setattr(passwords, "HASHER", QUICK)
    monkeypatch.setattr(passwords, "DUMMY", QUICK.hash("nobody's"))
