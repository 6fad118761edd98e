"""Pages are tested with quick passwords: the real cost is tested where the hashing is (tests/services)."""

import pytest
from argon2 import PasswordHasher

from mhfa_lms.services import passwords

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash at the lowest cost there is, known and unknown accounts alike."""
    monkeypatch.setattr(passwords, "HASHER", QUICK)
    monkeypatch.setattr(passwords, "DUMMY", QUICK.hash("nobody's"))
