"""Sealed secrets: opened by their owner, under the keys there are."""

from datetime import timedelta

import pytest

from mhfa_lms.services.secret_box import SecretBox, SecretBoxError
from tests.make import NOON

OLD, NEW = "an older key of the site", "the key of today, longer"


def test_what_an_older_key_sealed_is_opened_and_sealed_anew_under_the_newest() -> None:
    before = SecretBox([OLD])
    sealed = before.seal("JBSWY3DP", owner="1", now=NOON)
    assert "JBSWY3DP" not in sealed
    both = SecretBox([NEW, OLD])
    assert both.open(sealed, owner="1") == "JBSWY3DP"
    assert both.name == SecretBox([NEW]).name != before.name
    again = both.seal("JBSWY3DP", owner="1", now=NOON)
    assert SecretBox([NEW]).open(again, owner="1") == "JBSWY3DP"
    with pytest.raises(SecretBoxError):
        SecretBox([NEW]).open(sealed, owner="1")


def test_it_opens_for_its_owner_alone() -> None:
    box = SecretBox([NEW])
    sealed = box.seal("JBSWY3DP", owner="1", now=NOON)
    for wrong in ("2", "", "1\nJBSWY3DP"):
        with pytest.raises(SecretBoxError):
            box.open(sealed, owner=wrong)
    for nonsense in ("", "x", sealed[:-2], "é", "\ud800"):
        with pytest.raises(SecretBoxError):
            box.open(nonsense, owner="1")
        with pytest.raises(SecretBoxError):
            box.open_young(nonsense, owner="1", seconds=60, now=NOON)


def test_an_offer_grows_old() -> None:
    box = SecretBox([NEW])
    sealed = box.seal("JBSWY3DP", owner="1", now=NOON)
    assert box.open_young(sealed, owner="1", seconds=60, now=NOON + timedelta(seconds=60)) == "JBSWY3DP"
    with pytest.raises(SecretBoxError):
        box.open_young(sealed, owner="1", seconds=60, now=NOON + timedelta(seconds=61))
