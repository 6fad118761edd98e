"""What a code proves, and what it keeps to itself."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mhfa_lms import db
from mhfa_lms.models import Correction, Organisation, Role
from mhfa_lms.services import certificates, verification
from mhfa_lms.services.periods import Standing
from mhfa_lms.services.verification import Then, Verified
from tests import make
from tests.counting import queries
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


DAYS = st.dates(date(2020, 1, 1), date(2032, 12, 31))


@given(DAYS, st.integers(0, 2000), DAYS, DAYS, st.none() | DAYS, st.none() | DAYS)
def test_how_it_was_on_a_day(
    starts: date, days: int, today: date, asked: date, revoked: date | None, replaced: date | None
) -> None:
    ends = starts + timedelta(days=days)
    found = verified(starts_on=starts, expires_on=ends, revoked_on=revoked, replaced_on=replaced, checked_on=today)
    over = min((one for one in (revoked, replaced) if one), default=date.max)
    # It counts on a day exactly if the day lies in the period, and before whatever ended it.
    assert (found.on(asked) is Then.COUNTED) == (starts <= asked <= ends and asked < over)
    assert (found.on(asked) is Then.NOT_YET) == (asked < starts)
    assert (found.on(asked) in {Then.WITHDRAWN, Then.REPLACED}) == (asked >= max(over, starts))


def verified(**values: Any) -> Verified:
    """What a number proves, with dates of one's own."""
    return replace(BLANK, **values)


BLANK = Verified(
    code="7KQ2M9XBT4HF0RWA", standing=Standing.VALID, name="Amina Yusuf", is_initials=False, is_erased=False,
    type_name="First aider", course_title="Course", organisation_name="Here", issuer_name="Here",
    completed_on=date(2026, 1, 1), issued_on=date(2026, 1, 1), starts_on=date(2026, 1, 1),
    expires_on=date(2029, 1, 1), renewable_until=date(2029, 4, 1), revoked_on=None, replaced_on=None,
    replaced_by=None, minutes=None, is_renewed=False, checked_on=date(2026, 1, 1),
)  # fmt: skip


def test_numbers_in_a_pasted_list() -> None:
    text = """7KQ2-M9XB-T4HF-0RWA, 7kq2m9xbt4hf0rwa
    https://example.org/v/ABCD-EFGH-JKMN-PQRS\tnonsense; 0000 0000 0000 0001

    ABCDEFGHJKMNPQRT ABCDEFGHJKMNPQRV
    ABCD-EFGH-JKMN-PQRW Amina Farah
    ABCD-EFGH-JKMN-PQRX ABCD-EFGH-JKMN-PQR0-1"""
    assert verification.read_many(text) == [
        "7kq2m9xbt4hf0rwa",
        "ABCD-EFGH-JKMN-PQRS",
        "nonsense",
        "0000 0000 0000 0001",
        "ABCDEFGHJKMNPQRT",
        "ABCDEFGHJKMNPQRV",
        "ABCD-EFGH-JKMN-PQRW",
        # A number that was mistyped beside a right one is not left out unsaid.
        "ABCD-EFGH-JKMN-PQRX ABCD-EFGH-JKMN-PQR0-1",
    ]
    assert verification.read_many(" ,;\n\t") == []


def test_several_are_looked_up_in_their_order(database: str) -> None:
    member, revision = make.member(), make.published()
    codes = [make.certificate(member, revision).code for _one in range(3)]
    with queries() as seen:
        found = verification.look_up_many([codes[2], "nonsense", codes[0]], now=NOON)
    assert [one.code if one else None for one in found] == [codes[2], None, codes[0]]
    assert len(seen) == 1


def test_only_a_misspelt_certificate_leads_to_the_new_one(database: str) -> None:
    member, revision = make.member(name="Amina"), make.published()
    coordinator = make.actor(make.member(db.session().get_one(Organisation, member.organisation_id), Role.COORDINATOR))
    for because in Correction:
        old = make.certificate(member, revision)
        new = certificates.replace(old.code, f"A {because}", because=because, by=coordinator, now=NOON)
        found = verification.look_up(old.code, now=NOON + timedelta(days=30))
        assert found is not None
        assert (found.standing, found.replaced_on) == (Standing.REPLACED, NOON.date())
        assert found.replaced_by == (new.code if because is Correction.MISSPELT else None)
