"""Earlier certificates in the browser: a table, a look that saves nothing, recording, and where each came from."""

import io
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from mhfa_lms import clock, db
from mhfa_lms.adapters import tables
from mhfa_lms.jobs import certificate_page
from mhfa_lms.jobs.work import work_waiting
from mhfa_lms.models import AwaitedCertificate, Certificate, Job, Membership, Organisation, Role
from mhfa_lms.settings import Settings
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
    """Upload a table; returns where it is looked at."""
    text = "\n".join([header, *rows]).replace("COURSE", str(make.published().title))
    answer = client.post(PATH, data={"file": (io.BytesIO(text.encode()), "lists/earlier.csv")})
    assert answer.status_code == 303
    return str(answer.headers["Location"])


def work_through(settings: Settings) -> None:
    db.session().rollback()
    work_waiting(settings, clock.now, long=True)
    db.sessions.remove()


def looked(client: FlaskClient, settings: Settings, *rows: str) -> str:
    """Upload a table and have it looked at; returns the preview's address."""
    path = upload(client, *rows)
    work_through(settings)
    return path.replace("/progress", PATH)


def count(model: Any = Certificate) -> int:
    db.session().rollback()
    return db.session().scalar(select(func.count(model.id))) or 0


GOOD = "amina@example.org,Amina Yusof,COURSE,2025-03-31,Seen on paper,38"
NEW = "who@example.org,,COURSE,2022-01-01,,"


def test_upload_look_record(coordinator: FlaskClient, settings: Settings) -> None:
    assert f'href="{PATH}"' in coordinator.get("/coordinate/register").text
    assert "completed_on" in coordinator.get(PATH).text
    path = upload(coordinator, GOOD, "amina@example.org,,COURSE,31.3.2022,,", NEW)
    page = coordinator.get(path).text
    assert "Earlier certificates: looking at" in page
    assert "earlier.csv" in page
    assert "lists/" not in page
    preview = path.replace("/progress", PATH)
    assert coordinator.get(preview).headers["Location"] == path
    work_through(settings)
    assert f'href="{preview}"' in coordinator.get(path).text
    assert f'href="{preview}"' in coordinator.get("/coordinate").text
    text = coordinator.get(preview).text
    for shown in (
        "Nothing is saved yet.",
        "Record these 2 certificates",
        "shoe_size",
        "31.3.2022",
        "Write the day as year-month-day",
        "1 person in this table",
        "send 1 person an invitation",
        "<bdi>Amina Yusof</bdi> in the file",
    ):
        assert shown in text, shown
    assert count() == 0
    begun = {coordinator.post(f"{preview}/record").headers["Location"] for _time in range(2)}
    assert len(begun) == 1
    work_through(settings)
    text = coordinator.get(begun.pop()).text
    for shown in ("1 certificate is recorded.", "1 waits until its holder joins.", "1 row could not be recorded"):
        assert shown in text, shown
    assert (count(), count(AwaitedCertificate)) == (1, 1)
    assert "There is nothing new to record." in coordinator.get(looked(coordinator, settings, GOOD)).text


def test_a_preview_from_before_says_so_and_looks_again(coordinator: FlaskClient, settings: Settings) -> None:
    stale, other = (looked(coordinator, settings, GOOD, row) for row in (NEW, ""))
    coordinator.post(f"{other}/record")
    work_through(settings)
    text = coordinator.get(stale).text
    assert "Certificates were recorded here since this table was looked at." in text
    assert "Record these 2 certificates" not in text
    again = coordinator.post(f"{stale}/record").headers["Location"]
    work_through(settings)
    text = coordinator.get(again.replace("/progress", PATH)).text
    assert "Record this 1 certificate" in text
    assert "may have changed" not in text


def test_where_it_came_from(coordinator: FlaskClient, settings: Settings) -> None:
    preview = looked(coordinator, settings, GOOD)
    coordinator.post(f"{preview}/record")
    work_through(settings)
    certificate = db.session().scalars(select(Certificate)).one()
    code, member = certificate.code, certificate.membership_id
    source = f'href="/coordinate/certificates/{code}/source"'
    assert source in coordinator.get("/coordinate/register").text
    assert source in coordinator.get(f"/coordinate/people/{member}").text
    text = coordinator.get(f"/coordinate/certificates/{code}/source").text
    for shown in ("earlier.csv", "Coordinator", "Seen on paper"):
        assert shown in text, shown
    assert "Seen on paper" not in coordinator.get(f"/v/{code}").text
    earned = make.certificate(db.session().get_one(Membership, member)).code
    assert coordinator.get(f"/coordinate/certificates/{earned}/source").status_code == 303
    elsewhere = make.certificate(make.member(make.organisation("there")), is_imported=True).code
    assert coordinator.get(f"/coordinate/certificates/{elsewhere}/source").status_code == 404


def test_those_that_wait_can_be_removed(coordinator: FlaskClient, settings: Settings) -> None:
    preview = looked(coordinator, settings, NEW)
    coordinator.post(f"{preview}/record", data={"invite": "yes"})
    work_through(settings)
    assert "1 certificate waits" in coordinator.get(PATH).text
    text = coordinator.get(f"{PATH}/waiting").text
    assert "who@example.org" in text
    row = db.session().scalars(select(AwaitedCertificate.id)).one()
    assert "who@example.org" in coordinator.get("/coordinate/people/invitations").text
    assert coordinator.post(f"{PATH}/waiting/{row}/remove").status_code == 303
    assert "Nothing waits." in coordinator.get(f"{PATH}/waiting").text
    assert coordinator.post(f"{PATH}/waiting/{row}/remove").status_code == 404


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
    assert count(Job) == 0


def test_more_rows_than_a_table_may_have(
    coordinator: FlaskClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MOST_ROWS", 1)
    assert "more than 1 rows" in coordinator.get(looked(coordinator, settings, GOOD, GOOD)).text


def test_a_large_one_is_first_looked_at_by_the_worker(
    coordinator: FlaskClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "is_small", lambda _data: False)
    words = "The first row has to name these columns as well: email, course, completed_on"
    for text, message in (("name\nA", words), ("PK\x03\x04", "This is no table")):
        answer = coordinator.post(PATH, data={"file": (io.BytesIO(text.encode()), "x.csv")})
        assert answer.status_code == 303
        work_through(settings)
        page = coordinator.get(answer.headers["Location"].replace("/progress", PATH)).text
        assert message in page
        assert "There is a problem" in page


def test_a_table_of_four_megabytes_is_taken_here_and_nowhere_else(coordinator: FlaskClient) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\n'
    big = head + b"email,course,completed_on\n" + b"x" * 4_000_000 + b"\r\n--x--\r\n"
    wanted = {PATH: 303, "/coordinate/people/invite": 413}
    for path, status in wanted.items():
        answer = coordinator.post(path, data=big, content_type="multipart/form-data; boundary=x")
        assert answer.status_code == status, path


def test_only_coordinators_and_only_ones_own(client: FlaskClient, settings: Settings) -> None:
    here = make.organisation("here")
    make.published()
    first, second = make.member(here, Role.COORDINATOR), make.member(here, Role.COORDINATOR)
    ids = (first.id, second.id)
    make.signed_in(client, first)
    path = looked(client, settings, NEW)
    make.signed_in(client, db.session().get_one(Membership, ids[1]))
    assert client.get(path).status_code == 404
    assert client.post(f"{path}/record").status_code == 404
    make.signed_in(client, make.member(make.organisation("there"), Role.INSTRUCTOR))
    for place in (PATH, f"{PATH}/waiting"):
        assert client.get(place).status_code == 403
    assert client.post(PATH).status_code == 403


def test_the_holder_asks_for_the_pdf_and_all_read_where_it_comes_from(client: FlaskClient, settings: Settings) -> None:
    person = make.member(name="Amina Yusuf")
    member_id = person.id
    made = make.certificate(person, is_imported=True, organisation_name="Here", issuer_name="Here")
    code, made_id = made.code, made.id
    assert "Recorded from earlier records by Here" in client.get(f"/v/{code}").text
    make.signed_in(client, db.session().get_one(Membership, member_id))
    text = client.get(f"/certificates/{code}").text
    for shown in (
        "Draw my PDF",
        "Recorded from earlier records by Here",
        "A badge tells what somebody did on this site",
    ):
        assert shown in text, shown
    html = certificate_page.document(db.session().get_one(Certificate, made_id), settings).html
    assert "according to earlier records that" in html
    assert client.post(f"/certificates/{code}/draw").status_code == 303
    assert db.session().scalar(select(func.count(Job.id)).where(Job.kind == "certificate-pdf")) == 1
