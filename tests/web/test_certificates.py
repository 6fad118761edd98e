"""One's own certificates in the browser: list, page, PDF, and how much of the name others see."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient

from mhfa_lms import db
from mhfa_lms.adapters.files import FolderFiles
from mhfa_lms.models import Certificate
from mhfa_lms.services import certificate_pdf
from mhfa_lms.settings import Settings
from tests import make
from tests.make import NOON

PDF = b"%PDF-1.7 a stored file"


def drawn(found: Certificate, settings: Settings) -> str:
    """Store a PDF for a certificate; returns its code."""
    code, key = found.code, f"certificates/{found.code[:2]}/{found.code}.pdf"
    stored = FolderFiles(settings.data_dir / "files").put(key, PDF)
    certificate_pdf.attach(found.id, key=key, size=stored.size, sha256=stored.sha256, now=NOON)
    return code


def page(client: FlaskClient, address: str, status: int = 200) -> str:
    """Get a page's text."""
    response = client.get(address)
    assert response.status_code == status
    return response.get_data(as_text=True)


def test_somebody_without_a_certificate_is_told_how_one_comes(client: FlaskClient) -> None:
    make.signed_in(client, make.member())
    text = page(client, "/certificates")
    assert "You have no certificate yet" in text
    assert 'href="/home"' in text


def test_the_list_shows_ones_own_certificates_of_every_organisation_newest_first(client: FlaskClient) -> None:
    holder = make.account()
    here, there = make.member(name="Amina Yusuf", holder=holder), make.member(name="A. Yusuf", holder=holder)
    make.certificate(here, type_name="Older")
    make.certificate(there, type_name="Newer")
    make.certificate(make.member(), type_name="Not mine")
    text = page(make.signed_in(client, here), "/certificates")
    assert text.index("Newer") < text.index("Older")
    assert "Not mine" not in text


def test_a_long_list_goes_on_to_a_second_page(client: FlaskClient) -> None:
    member, revision = make.member(), make.published()
    for number in range(26):
        make.certificate(member, revision, type_name=f"Type {number:02}.")
    make.signed_in(client, member)
    first = page(client, "/certificates")
    assert "Type 01." in first
    assert "Type 00." not in first
    following = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    second = page(client, following)
    assert "Type 00." in second
    assert "Type 01." not in second


def test_the_page_shows_every_fact(client: FlaskClient) -> None:
    member = make.member(name="Amina Yusuf")
    code = make.certificate(member, code="7KQ2M9XBT4HF0RWA", starts_on=date(2026, 12, 10)).code
    text = page(make.signed_in(client, member), f"/certificates/{code}")
    for fact in (
        "Amina Yusuf",
        "Small first aider",
        "An organisation",
        "21 November 2026",
        "10 December 2026",
        "21 November 2029",
        "7KQ2-M9XB-T4HF-0RWA",
        "/v/7KQ2-M9XB-T4HF-0RWA",
    ):
        assert fact in text


def test_until_the_pdf_is_drawn_the_page_says_so_and_then_offers_it(client: FlaskClient, settings: Settings) -> None:
    member = make.member()
    certificate_id = make.certificate(member, code="7KQ2M9XBT4HF0RWA").id
    address = "/certificates/7KQ2M9XBT4HF0RWA"
    make.signed_in(client, member)
    assert "is being drawn" in page(client, address)
    early = client.get(f"{address}.pdf")
    assert (early.status_code, early.location) == (303, address)
    drawn(db.session().get_one(Certificate, certificate_id), settings)
    db.sessions.remove()
    assert f'href="{address}.pdf"' in page(client, address)


def test_the_pdf_is_the_stored_file(client: FlaskClient, settings: Settings) -> None:
    member = make.member()
    code = drawn(make.certificate(member, code="7KQ2M9XBT4HF0RWA"), settings)
    response = make.signed_in(client, member).get(f"/certificates/{code}.pdf")
    assert (response.status_code, response.data, response.mimetype) == (200, PDF, "application/pdf")
    assert response.headers["Content-Disposition"] == 'attachment; filename="certificate-7KQ2-M9XB-T4HF-0RWA.pdf"'
    assert response.headers["Cache-Control"] == "no-store"


def test_a_file_that_was_changed_on_the_disk_is_not_handed_out(client: FlaskClient, settings: Settings) -> None:
    member = make.member()
    code = drawn(make.certificate(member), settings)
    (path,) = Path(settings.data_dir, "files").rglob("*.pdf")
    path.write_bytes(b"something else")
    make.signed_in(client, member).application.config["PROPAGATE_EXCEPTIONS"] = False
    assert client.get(f"/certificates/{code}.pdf").status_code == 500


@pytest.mark.parametrize("ending", ["", ".pdf"])
def test_somebody_elses_certificate_does_not_exist(client: FlaskClient, settings: Settings, ending: str) -> None:
    colleague = make.member()
    code = drawn(make.certificate(colleague), settings)
    owner = db.session().get_one(type(colleague), colleague.id).organisation
    make.signed_in(client, make.member(owner))
    assert client.get(f"/certificates/{code}{ending}").status_code == 404
    assert client.post(f"/certificates/{code}/name", data={"show": "initials"}).status_code == 404


def test_nobody_sees_a_certificate_page_without_signing_in(client: FlaskClient) -> None:
    code = make.certificate().code
    for response in (client.get(f"/certificates/{code}"), client.get("/certificates")):
        assert response.status_code == 303
        assert response.location.startswith("/sign-in")


def test_the_holder_reduces_the_name_to_initials_and_takes_it_back(client: FlaskClient) -> None:
    member = make.member(name="Amina Yusuf")
    code = make.certificate(member).code
    make.signed_in(client, member)
    response = client.post(f"/certificates/{code}/name", data={"show": "initials"})
    assert (response.status_code, response.location) == (303, f"/certificates/{code}#name-shown")
    assert "Amina Yusuf" not in page(client, f"/v/{code}").split("<footer")[0]
    assert "A. Y." in page(client, f"/certificates/{code}")
    client.post(f"/certificates/{code}/name", data={"show": "name"})
    assert "Amina Yusuf" in page(client, f"/v/{code}").split("<footer")[0]


STANDINGS: dict[str, dict[str, Any]] = {
    "You can renew now": {"window_opens_on": date(2026, 11, 1)},
    "has expired, and you can still renew it": {
        "starts_on": date(2023, 11, 1),
        "window_opens_on": date(2026, 5, 1),
        "expires_on": date(2026, 11, 1),
        "window_closes_on": date(2027, 2, 1),
    },
    "Your certificate has expired</h2>": {
        "starts_on": date(2022, 11, 1),
        "window_opens_on": date(2025, 5, 1),
        "expires_on": date(2025, 11, 1),
        "window_closes_on": date(2026, 2, 1),
    },
    "This certificate was withdrawn": {"revoked_at": NOON, "revoked_reason": "Confidential words"},
}


@pytest.mark.parametrize("words", STANDINGS)
def test_the_page_says_where_the_certificate_stands(client: FlaskClient, words: str) -> None:
    member = make.member()
    code = make.certificate(member, **STANDINGS[words]).code
    text = page(make.signed_in(client, member), f"/certificates/{code}")
    assert words in text
    assert "Confidential words" not in text


def test_a_replaced_certificate_leads_back_to_the_list(client: FlaskClient) -> None:
    member, revision = make.member(), make.published()
    new = make.certificate(member, revision)
    code = make.certificate(member, revision, replaced_by_id=new.id).code
    text = page(make.signed_in(client, member), f"/certificates/{code}")
    assert "A corrected certificate took the place of this one" in text
    assert "being drawn" not in text


def test_the_day_after_the_window_opens_is_counted_where_the_organisation_is(client: FlaskClient) -> None:
    member = make.member(make.organisation(timezone="Pacific/Auckland"))
    code = make.certificate(member, window_opens_on=date(2026, 11, 22)).code
    with time_machine.travel(NOON - timedelta(hours=2)):
        make.signed_in(client, member)
        assert "You can renew now" not in page(client, f"/certificates/{code}")
    assert "You can renew now" in page(client, f"/certificates/{code}")


def test_a_record_whose_time_is_over_says_so_and_waits_for_no_pdf(client: FlaskClient) -> None:
    member = make.member()
    code = make.certificate(member, name="", sort_key="", erased_at=NOON).code
    make.signed_in(client, member)
    text = page(client, f"/certificates/{code}")
    assert "Your name was taken off this record" in text
    assert "Name erased" in text
    assert "being drawn" not in text
    assert "Show my initials" not in text
