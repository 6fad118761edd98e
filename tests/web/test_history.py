"""Earlier certificates in the browser: a table, a preview that saves nothing, and recording what it showed."""

import io
import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from mhfa_lms import db
from mhfa_lms.models import Certificate, Job, Membership, Organisation, Role
from mhfa_lms.web.coordinate import history
from tests import make

PATH = "/coordinate/register/earlier"
HEADER = "email,name,course,completed_on,evidence,shoe size"


@pytest.fixture
def coordinator(client: FlaskClient) -> FlaskClient:
    here = make.organisation("here", name="Here")
    make.published()
    make.member(here, name="Amina Yusuf", holder=make.account("amina@example.org"))
    person = make.member(db.session().get_one(Organisation, here.id), Role.COORDINATOR, name="Coordinator")
    return make.signed_in(client, person)


def upload(client: FlaskClient, *rows: str, header: str = HEADER) -> str:
    text = "\n".join([header, *rows]).replace("COURSE", str(make.published().title))
    answer = client.post(PATH, data={"file": (io.BytesIO(text.encode()), "earlier.csv")})
    return str(answer.text)


def count() -> int:
    db.session().rollback()
    return db.session().scalar(select(func.count(Certificate.id))) or 0


def packed(text: str) -> str:
    found = re.search(r'name="rows" value="([^"]*)"', text)
    assert found is not None
    return found[1]


def test_upload_preview_record(coordinator: FlaskClient) -> None:
    assert f'href="{PATH}"' in coordinator.get("/coordinate/register").text
    assert "completed_on" in coordinator.get(PATH).text
    good = "amina@example.org,Amina Yusof,COURSE,2025-03-31,Seen on paper,38"
    text = upload(coordinator, good, "amina@example.org,,COURSE,31.3.2022,,", "who@example.org,,COURSE,2022-01-01,,")
    for shown in (
        "Nothing is saved yet.",
        "Record this 1 certificate",
        "shoe_size",
        "31.3.2022",
        "Write the day as year-month-day",
        "Nobody in your organisation",
        "<bdi>Amina Yusof</bdi> in the file",
    ):
        assert shown in text, shown
    assert count() == 0
    rows = packed(text)
    for expected in ("1 earlier certificate is recorded.", "0 earlier certificates are recorded."):
        answer = coordinator.post(f"{PATH}/record", data={"rows": rows}, follow_redirects=True)
        assert expected in answer.text
    assert count() == 1
    assert "There is nothing new to record." in upload(coordinator, good)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "Choose a file."),
        (b"\n", "The file is empty."),
        (b"name\nA", "The first row has to name these columns as well: email, course, completed_on"),
        (b"name\n\xff\xfe", "CSV UTF-8"),
        (b"PK\x03\x04", "This is no table"),
    ],
)
def test_a_file_that_cannot_be_read_is_answered_in_words(coordinator: FlaskClient, text: bytes, message: str) -> None:
    answer = coordinator.post(PATH, data={"file": (io.BytesIO(text), "x.csv")})
    assert answer.status_code == 422
    assert message in answer.text
    assert "There is a problem" in answer.text


def test_more_rows_than_a_page_takes(coordinator: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "AT_ONCE", 1)
    row = "amina@example.org,,COURSE,2025-03-31,,"
    assert "at most 1 rows at a time" in upload(coordinator, row, row)


def test_what_no_preview_made_is_refused(coordinator: FlaskClient) -> None:
    for rows in ("", "x", "eJwDAAAAAAE=", "QUJD"):
        assert coordinator.post(f"{PATH}/record", data={"rows": rows}).status_code == 422
    assert count() == 0


def test_only_coordinators(client: FlaskClient) -> None:
    make.signed_in(client, make.member(make.organisation("here"), Role.INSTRUCTOR))
    assert client.get(PATH).status_code == 403
    assert client.post(PATH).status_code == 403
    assert client.post(f"{PATH}/record").status_code == 403


def test_the_holder_asks_for_the_pdf_and_others_read_where_it_comes_from(client: FlaskClient) -> None:
    person = make.member(name="Amina Yusuf")
    member_id = person.id
    code = make.certificate(person, is_imported=True, organisation_name="Here", issuer_name="Here").code
    assert "Recorded from earlier records by Here" in client.get(f"/v/{code}").text
    make.signed_in(client, db.session().get_one(Membership, member_id))
    assert "Draw my PDF" in client.get(f"/certificates/{code}").text
    assert client.post(f"/certificates/{code}/draw").status_code == 303
    assert db.session().scalar(select(func.count(Job.id)).where(Job.kind == "certificate-pdf")) == 1
