"""Pages are tested on the day their people and courses are made on, and with quick passwords.

The real cost of passwords is tested where the hashing is (tests/services).
"""

import pytest
from argon2 import PasswordHasher

from mhfa_lms.services import passwords

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(scope="module", autouse=True)
def day_of_the_builders(at_noon: None) -> None:
    """Pages are asked for at that noon: whoever is signed in then still is, and certificates count."""


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash at the lowest cost there is, known and unknown accounts alike."""
    monkeypatch.setattr(passwords, "HASHER", QUICK)
    monkeypatch.setattr(passwords, "DUMMY", QUICK.hash("nobody's"))
