"""What a code proves, and what it keeps to itself."""

from datetime import date, timedelta
from typing import Any

from mhfa_lms.services import verification
from mhfa_lms.services.periods import Standing
from tests import make
from tests.make import NOON

CODE = "7KQ2M9XBT4HF0RWA"


def test_a_code_proves_what_was_issued(database: str) -> None:
    make.certificate(make.member(name="Amina Yusuf"), code=CODE)
    found = verification.look_up("7kq2 m9xb t4hf orwa", now=NOON)
    assert found is not None
    assert (found.name, found.standing, found.is_certified) == ("Amina Yusuf", Standing.VALID, True)
    assert (found.completed_on, found.expires_on) == (date(2026, 11, 21), date(2029, 11, 21))
    assert (found.checked_on, found.revoked_on, found.is_renewed) == (date(2026, 11, 21), None, False)


def test_nothing_else_proves_anything(database: str) -> None:
    make.certificate(code=CODE)
    for typed in ("", "7KQ2", "0000000000000000", CODE[:-1], f"{CODE}0", "%", "７ＫＱ２Ｍ９ＸＢＴ４ＨＦ０ＲＷＡ?"):
        assert verification.look_up(typed, now=NOON) is None


def test_the_day_of_withdrawal_is_the_organisations_own(database: str) -> None:
    member = make.member(make.organisation(timezone="Pacific/Auckland"))
    make.certificate(member, code=CODE, revoked_at=NOON, revoked_reason="a mistake")
    found = verification.look_up(CODE, now=NOON + timedelta(days=3))
    assert found is not None
    assert (found.standing, found.revoked_on, found.checked_on) == (
        Standing.REVOKED,
        date(2026, 11, 22),
        date(2026, 11, 25),
    )


def test_the_name_is_whole_reduced_or_gone(database: str) -> None:
    member, revision = make.member(name="Amina van der Yusuf"), make.published()
    new = make.certificate(member, revision)
    cases: dict[str, tuple[dict[str, Any], str | None]] = {
        "0000000000000001": ({}, "Amina van der Yusuf"),
        "0000000000000002": ({"initials_only": True}, "A. V. D. Y."),
        "0000000000000003": ({"erased_at": NOON, "initials_only": True}, None),
        "0000000000000004": ({"replaced_by_id": new.id}, None),
    }
    for code, (values, name) in cases.items():
        make.certificate(member, revision, code=code, **values)
        found = verification.look_up(code, now=NOON)
        assert found is not None
        assert found.name == name
