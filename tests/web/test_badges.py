"""The addresses of badges: what anybody may look up, what stays between the holder and whom they show it to."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from PIL.PngImagePlugin import PngImageFile
from sqlalchemy import event, select

from mhfa_lms import db
from mhfa_lms.app import create_app
from mhfa_lms.jobs.badge_making import badge_of
from mhfa_lms.jobs.handlers import HANDLERS
from mhfa_lms.models import Job
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import certificate_pdf, certificates, erasure
from mhfa_lms.services.badges import MAKE
from mhfa_lms.services.limits import VERIFY_ADDRESS
from mhfa_lms.settings import Settings, read_settings
from tests import make
from tests.make import NOON

CODE = "7KQ2M9XBT4HF0RWA"
PAGE = {"Accept": "text/html"}


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """An installation that issues badges: it has https."""
    return read_settings(
        {
            "MHFA_DATA_DIR": str(tmp_path / "data"),
            "MHFA_DATABASE_URL": database_url,
            "MHFA_BASE_URL": "https://learn.example.org",
            "MHFA_SECRET_KEY": "a-test-key-that-is-long-enough",
        }
    )


@pytest.fixture(autouse=True)
def standing_clock(client: FlaskClient) -> Iterator[None]:
    """No second goes by: the certificates of the builders are issued now."""
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def badge(settings: Settings, client: FlaskClient) -> bytes:
    """Amina's badge."""
    held = make.certificate(make.member(holder=make.account("amina@example.org"), name="Amina Yusuf"), code=CODE)
    made = badge_of(held.id, settings=settings, now=NOON).data
    assert made is not None
    return made


def ask(client: FlaskClient, address: str, status: int = 200) -> dict[str, Any]:
    response = client.get(address)
    assert response.status_code == status
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["X-Robots-Tag"] == "noindex, nofollow"
    found: dict[str, Any] = json.loads(response.data) if status == 200 else {}
    return found


def test_the_badge_is_answered_as_it_was_signed(client: FlaskClient, badge: bytes) -> None:
    response = client.get(f"/credentials/{CODE.lower()}")
    assert response.data == badge
    assert response.content_type == "application/vc"
    assert response.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in response.headers


def test_people_are_led_to_the_page(client: FlaskClient, badge: bytes) -> None:
    response = client.get(f"/credentials/{CODE}", headers=PAGE)
    assert (response.status_code, response.location) == (303, "/v/7KQ2-M9XB-T4HF-0RWA")


HIDING: dict[str, Callable[[], object]] = {
    "initials": lambda: certificates.set_initials(CODE, True, by=_holder(), now=NOON),
    "replaced": lambda: certificates.replace(CODE, "Amina Y", by=SYSTEM, now=NOON),
    "erased": lambda: erasure.erase("amina@example.org", by=SYSTEM, now=NOON),
}


def _holder() -> Any:
    return make.actor(db.session().merge(certificates.by_code(db.session(), CODE)).membership)


@pytest.mark.parametrize("what", HIDING)
def test_a_name_that_its_page_does_not_show_is_not_told_by_the_badge(
    client: FlaskClient, badge: bytes, what: str
) -> None:
    unknown = client.get("/credentials/0000000000000000")
    HIDING[what]()
    hidden = client.get(f"/credentials/{CODE}")
    assert (hidden.status_code, hidden.data) == (404, unknown.data)
    assert hidden.headers == unknown.headers


def test_a_withdrawn_badge_is_still_there_to_be_checked(client: FlaskClient, badge: bytes) -> None:
    certificates.revoke(CODE, "A mistake", by=SYSTEM, now=NOON)
    assert client.get(f"/credentials/{CODE}").data == badge


def test_guessing_numbers_has_to_wait(client: FlaskClient) -> None:
    for _try in range(VERIFY_ADDRESS.count):
        assert client.get("/credentials/0000000000000000").status_code == 404
    assert client.get(f"/credentials/{CODE}").status_code == 429


def test_the_list_is_kept_for_minutes_and_costs_one_question(client: FlaskClient, badge: bytes) -> None:
    asked: list[str] = []
    event.listen(db.engine(), "before_cursor_execute", lambda *call: asked.append(call[2]))
    db.session().rollback()
    response = client.get("/status/1")
    assert len([one for one in asked if one != "BEGIN"]) == 1, asked
    assert json.loads(response.data)["id"] == "https://learn.example.org/status/1"
    assert response.content_type == "application/vc"
    assert response.headers["Cache-Control"] == "public, max-age=300"
    again = client.get("/status/1", headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("address", ["/status/2", "/status/0", "/status/99999999999999999999", "/achievements/unknown"])
def test_what_is_not_there_is_not_found(client: FlaskClient, badge: bytes, address: str) -> None:
    assert client.get(address).status_code == 404


def test_the_issuer_names_its_keys(client: FlaskClient, badge: bytes) -> None:
    found = ask(client, "/.well-known/did.json")
    assert found["id"] == "did:web:learn.example.org"
    [key] = found["verificationMethod"]
    assert found["assertionMethod"] == [key["id"]] == [json.loads(badge)["proof"]["verificationMethod"]]
    assert (key["type"], key["controller"]) == ("Multikey", found["id"])
    assert "private" not in json.dumps(found).lower()


def test_with_a_damaged_key_there_is_no_document_rather_than_half_of_one(
    client: FlaskClient, settings: Settings, badge: bytes
) -> None:
    (settings.keys_dir / "badge-000002.json").write_text("{")
    answer = client.get("/.well-known/did.json", headers={"Accept": "application/json"})
    assert answer.status_code == 503
    assert "verificationMethod" not in answer.text


def test_what_a_badge_stands_for_is_told_to_programs_and_people(client: FlaskClient, badge: bytes) -> None:
    named = json.loads(badge)["credentialSubject"]["achievement"]
    path = named["id"].removeprefix("https://learn.example.org")
    found = ask(client, path)
    # The certificate's is in the certificate's language, this one in the installation's: here both are English.
    assert {word: value for word, value in named.items() if word != "inLanguage"} == {
        word: value for word, value in found.items() if word != "@context"
    }
    page = client.get(path, headers=PAGE).get_data(as_text=True)
    assert found["name"] in page
    assert found["criteria"]["narrative"] in page
    assert client.get(path, headers={**PAGE, "Cookie": "language=en-XA"}).status_code == 200
    assert json.loads(client.get(path, headers={"Cookie": "language=en-XA"}).data) == found


@pytest.fixture
def amina(client: FlaskClient, badge: bytes) -> FlaskClient:
    """Amina's browser."""
    held = certificates.by_code(db.session(), CODE)
    return make.signed_in(client, held.membership)


def test_the_holder_downloads_the_badge_as_data_and_inside_pictures(amina: FlaskClient, badge: bytes) -> None:
    page = amina.get(f"/certificates/{CODE}").text
    for ending in ("json", "png", "svg"):
        assert f'"/certificates/{CODE}/badge.{ending}"' in page
    data = amina.get(f"/certificates/{CODE}/badge.json")
    assert (data.data, data.content_type) == (badge, "application/vc")
    assert data.headers["Content-Disposition"] == 'attachment; filename="badge-7KQ2-M9XB-T4HF-0RWA.json"'
    picture = Image.open(io.BytesIO(amina.get(f"/certificates/{CODE}/badge.png").data))
    assert isinstance(picture, PngImageFile)
    assert picture.text == {"openbadgecredential": badge.decode()}
    picture.load()
    assert picture.size == (512, 512)
    drawing = fromstring(amina.get(f"/certificates/{CODE}/badge.svg").data)  # noqa: S314  # our own drawing
    assert drawing[0].tag == "{https://purl.imsglobal.org/ob/v3p0}credential"
    assert drawing[0].text == badge.decode()


def test_nobody_else_gets_it(amina: FlaskClient, badge: bytes, app: Flask) -> None:
    other = make.signed_in(app.test_client(), make.member())
    for ending in ("json", "png", "svg"):
        assert other.get(f"/certificates/{CODE}/badge.{ending}").status_code == 404
        assert app.test_client().get(f"/certificates/{CODE}/badge.{ending}").status_code == 303
    assert other.post(f"/certificates/{CODE}/badge").status_code == 404


def test_an_older_certificate_gets_a_badge_when_its_holder_asks(client: FlaskClient, settings: Settings) -> None:
    member = make.member()
    held = make.certificate(member, code=CODE)
    certificate_pdf.attach(held.id, key="certificates/x.pdf", size=1, sha256="0" * 64, now=NOON)
    make.signed_in(client, member)
    assert "Make my badge" in client.get(f"/certificates/{CODE}").text
    assert client.get(f"/certificates/{CODE}/badge.json").status_code == 404
    for _press in range(2):
        answer = client.post(f"/certificates/{CODE}/badge")
        assert (answer.status_code, answer.location) == (303, f"/certificates/{CODE}#badge")
    assert "It is being made" in client.get(f"/certificates/{CODE}").text
    [payload] = db.session().scalars(select(Job.payload).where(Job.kind == MAKE)).all()
    db.session().rollback()
    HANDLERS[MAKE](settings, 0, payload, NOON)
    assert client.get(f"/certificates/{CODE}/badge.json").status_code == 200


def test_without_https_the_page_says_why_there_is_none(database_url: str, tmp_path: Path) -> None:
    values = {"MHFA_DATA_DIR": str(tmp_path / "plain"), "MHFA_DATABASE_URL": database_url}
    client = create_app(read_settings({**values, "MHFA_SECRET_KEY": "a-test-key-that-is-long-enough"})).test_client()
    with time_machine.travel(NOON, tick=False):
        make.signed_in(client, member := make.member())
        make.certificate(member, code=CODE)
        assert "they need an address that begins with https" in client.get(f"/certificates/{CODE}").text


@pytest.mark.parametrize("address", ["http://learn.example.org", "http://127.0.0.1:8000"])
def test_without_https_there_is_no_issuer(database_url: str, tmp_path: Path, address: str) -> None:
    values = {"MHFA_DATA_DIR": str(tmp_path / "plain"), "MHFA_DATABASE_URL": database_url, "MHFA_BASE_URL": address}
    client = create_app(read_settings({**values, "MHFA_SECRET_KEY": "a-test-key-that-is-long-enough"})).test_client()
    for path in ("/.well-known/did.json", "/status/1", "/credentials/0000000000000000"):
        assert client.get(path).status_code == 404
