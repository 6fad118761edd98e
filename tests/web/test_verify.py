"""Checking a certificate: by people and by programs, without signing in."""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient

from mhfa_lms.i18n import format_code
from mhfa_lms.models import Certificate
from mhfa_lms.services.limits import VERIFY_ADDRESS, VERIFY_LISTS
from mhfa_lms.services.verification import MOST
from tests import make
from tests.make import NOON

CODE = "7KQ2M9XBT4HF0RWA"
UNKNOWN = "0000000000000000"
JSON = {"Accept": "application/json"}
PRIVATE = {"X-Robots-Tag": "noindex, nofollow", "Cache-Control": "no-store", "Referrer-Policy": "same-origin"}


@pytest.fixture(autouse=True)
def standing_clock(client: FlaskClient) -> Iterator[None]:
    """No second goes by: the certificates of the builders are issued now."""
    with time_machine.travel(NOON, tick=False):
        yield


def issued(**values: Any) -> Certificate:
    """A certificate under a number that can be typed."""
    filled = {"code": CODE, **values}
    return make.certificate(make.member(name="Amina Yusuf"), **filled)


def read(client: FlaskClient, address: str = f"/v/{CODE}", status: int = 200) -> str:
    """Get what the page says to people, without its header and footer."""
    response = client.get(address)
    assert response.status_code == status
    assert {name: response.headers.get(name) for name in PRIVATE} == PRIVATE
    return response.get_data(as_text=True).split("<main")[1].split("</main>")[0]


def ask(client: FlaskClient, code: str = CODE, status: int = 200) -> dict[str, Any]:
    """Get what programs are told."""
    response = client.get(f"/v/{code}", headers=JSON)
    assert response.status_code == status
    assert {name: response.headers.get(name) for name in PRIVATE} == PRIVATE
    assert "Accept" in response.headers["Vary"]
    found = response.get_json()
    assert isinstance(found, dict)
    return found


EXPIRED = {"starts_on": date(2022, 11, 1), "window_opens_on": date(2022, 12, 1), "expires_on": date(2026, 11, 20)}
STANDINGS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "valid": ({}, ["This certificate is valid", "until the end of", "21 November 2029"]),
    "due": ({"window_opens_on": date(2026, 11, 21)}, ["This certificate is valid", "can be renewed already"]),
    "grace": (
        {**EXPIRED, "window_closes_on": date(2026, 11, 21)},
        ["This certificate has expired", "20 November 2026", "does not count now", "can still renew"],
    ),
    "lapsed": (
        {**EXPIRED, "window_closes_on": date(2026, 11, 20)},
        ["This certificate has expired", "20 November 2026", "does not count now"],
    ),
    "revoked": (
        {"revoked_at": datetime(2026, 11, 20, 23, 0, tzinfo=NOON.tzinfo), "revoked_reason": "Confidential words"},
        ["This certificate was withdrawn", "It was withdrawn on", "20 November 2026"],
    ),
}


@pytest.mark.parametrize("standing", STANDINGS)
def test_each_standing_is_told_in_words_and_to_programs(client: FlaskClient, standing: str) -> None:
    values, words = STANDINGS[standing]
    issued(**values)
    text = read(client)
    assert all(word in text for word in words)
    assert "Checked today" in text
    assert "Confidential words" not in text
    told = ask(client)
    assert (told["standing"], told["certified"]) == (standing, standing in {"valid", "due"})
    assert "Confidential words" not in str(told)


def test_programs_get_every_fact(client: FlaskClient) -> None:
    issued(organisation_name="Leeds Volunteers", issuer_name="The County", minutes=450)
    assert ask(client) == {
        "number": "7KQ2-M9XB-T4HF-0RWA",
        "standing": "valid",
        "certified": True,
        "name": "Amina Yusuf",
        "name_reduced_to_initials": False,
        "certification": "Small first aider",
        "course": "First aid for mental health: small",
        "hours": 7.5,
        "organisation": "Leeds Volunteers",
        "issuer": "The County",
        "completed_on": "2026-11-21",
        "issued_on": "2026-11-21",
        "valid_from": "2026-11-21",
        "expires_on": "2029-11-21",
        "revoked_on": None,
        "replaced_on": None,
        "replaced_by": None,
        "renewed_until": None,
        "renews_an_earlier_one": False,
        "checked_on": "2026-11-21",
        "statement": "Independent; not affiliated with or licensed by MHFA International or any national provider.",
    }


def test_people_get_every_fact_and_the_statement(client: FlaskClient) -> None:
    issued(organisation_name="Leeds Volunteers", issuer_name="The County")
    text = read(client)
    for fact in ("Amina Yusuf", "Small first aider", "Leeds Volunteers", "The County", "7KQ2-M9XB-T4HF-0RWA"):
        assert fact in text
    assert "not affiliated with or licensed by" in client.get(f"/v/{CODE}").get_data(as_text=True)


@pytest.mark.parametrize("typed", [CODE, "7kq2-m9xb-t4hf-0rwa", "7KQ2 M9XB T4HF ORWA", "-7kq2m9xb--t4hf0rwa-"])
def test_hyphens_case_and_look_alikes_are_forgiven(client: FlaskClient, typed: str) -> None:
    issued()
    assert ask(client, typed)["number"] == "7KQ2-M9XB-T4HF-0RWA"
    response = client.get("/v", query_string={"code": f" {typed} "})
    assert (response.status_code, response.location) == (303, "/v/7KQ2-M9XB-T4HF-0RWA")


def test_a_number_that_cannot_be_one_is_asked_for_again_and_kept(client: FlaskClient) -> None:
    text = read(client, "/v?code=7KQ2-M9XB", 422)
    assert "There is a problem" in text
    assert "Enter all 16 letters and digits" in text
    assert 'value="7KQ2-M9XB"' in text
    assert "Enter the number of the certificate" in read(client, "/v?code=", 422)


def test_the_form_asks_for_the_number(client: FlaskClient) -> None:
    text = read(client, "/v")
    assert 'name="code"' in text
    assert "There is a problem" not in text


@pytest.mark.parametrize("code", [UNKNOWN, "nonsense", "x" * 300, "<script>alert(1)</script>"[:-9] + "0000"])
def test_an_unknown_number_is_answered_alike_whatever_it_is(client: FlaskClient, code: str) -> None:
    issued()
    assert ask(client, code, 404) == ask(client, UNKNOWN, 404)
    kept, usual = read(client, f"/v/{code}", 404), read(client, f"/v/{UNKNOWN}", 404)
    assert "No certificate found" in kept
    assert "<script" not in kept
    assert kept.split("<form")[0] == usual.split("<form")[0]


def test_initials_are_all_that_is_shown_when_the_holder_asked(client: FlaskClient) -> None:
    issued(initials_only=True)
    assert "Yusuf" not in read(client)
    assert "A. Y." in read(client)
    assert (ask(client)["name"], ask(client)["name_reduced_to_initials"]) == ("A. Y.", True)


def test_after_erasure_no_name_is_shown(client: FlaskClient) -> None:
    issued(erased_at=NOON, name="", sort_key="")
    assert "The name was erased" in read(client)
    assert ask(client)["name"] is None


def test_nobody_is_left_to_renew_after_erasure(client: FlaskClient) -> None:
    issued(erased_at=NOON, name="", sort_key="", expires_on=date(2026, 12, 24), window_opens_on=date(2026, 6, 24))
    assert ask(client)["standing"] == "due"
    assert "renew" not in read(client)


def test_a_replaced_certificate_tells_neither_name_nor_the_new_number(client: FlaskClient) -> None:
    new = make.certificate(make.member(name="Amin Yusuf"), code="ABCDEFGHJKMNPQRS")
    issued(replaced_by_id=new.id)
    text, told = read(client), str(ask(client))
    assert "This certificate was replaced" in text
    for secret in ("Amina", "Amin", "ABCD", "EFGH"):
        assert secret not in text
        assert secret not in told


def test_a_renewed_certificate_keeps_its_standing_and_says_that_there_is_a_newer_one(client: FlaskClient) -> None:
    new = make.certificate(code="ABCDEFGHJKMNPQRS")
    issued(renewed_by_id=new.id)
    text = read(client)
    assert "This certificate is valid" in text
    assert "a newer certificate exists" in text
    assert "ABCD" not in text


def test_the_day_is_the_organisations_own(client: FlaskClient) -> None:
    member = make.member(make.organisation(timezone="Pacific/Auckland"))
    make.certificate(
        member,
        code=CODE,
        starts_on=date(2023, 11, 21),
        window_opens_on=date(2026, 5, 21),
        expires_on=date(2026, 11, 21),
        window_closes_on=date(2027, 2, 21),
    )
    told = ask(client)
    assert (told["checked_on"], told["standing"]) == ("2026-11-22", "grace")


def test_too_many_checks_from_one_address_have_to_wait(client: FlaskClient) -> None:
    issued()
    for number in range(VERIFY_ADDRESS.count):
        assert client.get(f"/v/{CODE if number % 2 else UNKNOWN}").status_code in {200, 404}
    for headers in ({}, JSON):
        response = client.get(f"/v/{CODE}", headers=headers)
        assert response.status_code == 429
        assert 0 < int(response.headers["Retry-After"]) <= VERIFY_ADDRESS.window.total_seconds() + 1
        assert response.headers["X-Robots-Tag"] == "noindex, nofollow"
        assert "Amina" not in response.get_data(as_text=True)
    assert client.get(f"/v/{CODE}", environ_base={"REMOTE_ADDR": "192.0.2.7"}).status_code == 200
    with time_machine.travel(NOON + VERIFY_ADDRESS.window + timedelta(seconds=1)):
        assert client.get(f"/v/{CODE}").status_code == 200


def test_markup_in_a_name_is_text(client: FlaskClient) -> None:
    issued(name="<script>alert(1)</script>")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in read(client)
    assert "<script" not in read(client)


# ------------------------------------------------------------------ another day, and several at once


def test_it_can_be_asked_about_another_day(client: FlaskClient) -> None:
    issued()
    assert ask(client, f"{CODE}?on=2026-11-20")["on_that_day"] == "not-yet"
    assert ask(client, f"{CODE}?on=2029-11-21")["on_that_day"] == "counted"
    # What was asked is the answer; how it is today stands below it.
    for day, words in {
        "2026-11-20": "This certificate did not count yet on",
        "2026-11-21": "This certificate is valid",
        "2029-11-21": "As things stand, this certificate will count on",
        "2029-11-22": "This certificate will have expired by",
    }.items():
        text = read(client, f"/v/{CODE}?on={day}")
        assert re.search(rf"<h1>\s*{words}", text), day
        assert ("Today: This certificate is valid." in text) is (day != "2026-11-21")
    assert "on_that_day" not in ask(client)


@pytest.mark.parametrize("day", ["2026-02-30", "tomorrow", "<b>"])
def test_a_day_that_no_calendar_has_is_asked_for_again(client: FlaskClient, day: str) -> None:
    issued()
    text = read(client, f"/v/{CODE}?on={day}", 422)
    assert "Enter a day, such as" in text
    assert "This certificate is valid" in text
    assert ask(client, f"{CODE}?on={day}", 422)["message"].startswith("Enter a day")


def check_list(client: FlaskClient, status: int = 200, **data: str) -> str:
    """Check a list, and get what the page says."""
    response = client.post("/v/several", data={name.rstrip("_"): value for name, value in data.items()})
    assert response.status_code == status
    assert {name: response.headers.get(name) for name in PRIVATE} == PRIVATE
    return response.get_data(as_text=True)


def test_several_are_checked_at_once(client: FlaskClient) -> None:
    issued(revoked_at=NOON, revoked_reason="x")
    good = make.certificate(make.member(name="Ben Ode")).code
    text = check_list(client, codes=f"{CODE}\n{good} ; {UNKNOWN}\nnonsense", on="")
    for words in ("1 of 4 count today", "Ben Ode", "Withdrawn", "Not found", "Not a number"):
        assert words in text
    assert "1 of 1 count on" in check_list(client, codes=good, on="2029-11-21")


def test_several_as_a_file(client: FlaskClient) -> None:
    issued(name="=1+1")
    rows = check_list(client, codes=f"{CODE},{UNKNOWN}", on="2029-11-22", as_="csv").splitlines()
    assert rows[1].startswith("7KQ2-M9XB-T4HF-0RWA,yes,2029-11-22,no,'=1+1,")
    assert rows[2].startswith(f"{UNKNOWN},no,,")


def test_a_list_that_cannot_be_checked_is_kept(client: FlaskClient) -> None:
    many = "\n".join(f"{number:016}" for number in range(MOST + 1))
    text = check_list(client, 422, codes=many, on="")
    assert f"These are {MOST + 1} numbers" in text
    assert f"{MOST:016}" in text
    for codes in ("", " ,; "):
        assert "Enter at least one number" in check_list(client, 422, codes=codes, on="")
    assert "Enter a day" in check_list(client, 422, codes=CODE, on="31.12.2027")


def test_too_many_lists_have_to_wait(client: FlaskClient) -> None:
    for _one in range(VERIFY_LISTS.count):
        check_list(client, codes=UNKNOWN, on="")
    check_list(client, 429, codes=UNKNOWN, on="")


def test_certificates_that_renew_each_other_say_so_without_their_numbers(client: FlaskClient) -> None:
    member, revision = make.member(), make.published()
    newer = make.certificate(member, revision, expires_on=date(2032, 8, 1), window_closes_on=date(2032, 11, 1))
    new, old = newer.code, make.certificate(member, revision, renewed_by_id=newer.id).code
    page = client.get(f"/v/{old}").text
    assert "issued to last until <bdi>1 August 2032</bdi>" in page
    assert format_code(new) not in page
    page = client.get(f"/v/{new}").text
    assert "It renewed an earlier certificate of the same person." in page
    assert format_code(old) not in page
    told = client.get(f"/v/{old}", headers=JSON).json or {}
    assert (told["renewed_until"], told["renews_an_earlier_one"]) == ("2032-08-01", False)
