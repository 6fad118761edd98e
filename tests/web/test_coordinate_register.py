"""The register on screen, and the same query as a file."""

import csv
import io
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import func, select

from mhfa_lms import db
from mhfa_lms.models import AuditEvent, CourseRevision, Organisation, Role
from mhfa_lms.services.register import COLUMNS
from tests import kept as make
from tests.counting import queries
from tests.crowd import crowd


@pytest.fixture
def here(client: FlaskClient) -> Organisation:
    return make.organisation("here")


@pytest.fixture
def revision(client: FlaskClient) -> CourseRevision:
    return make.published()


@pytest.fixture
def coordinator(client: FlaskClient, here: Organisation) -> FlaskClient:
    return make.signed_in(client, make.member(here, Role.COORDINATOR, name="Coordinator"))


def certified(owner: Organisation, revision: CourseRevision, name: str, **values: Any) -> None:
    make.certificate(make.member(owner, name=name, **values), revision)


def names(found: Any) -> list[str]:
    assert found.status_code == 200
    return [row["name"] for row in csv.DictReader(io.StringIO(found.data.decode()))]


def test_nobody_yet(coordinator: FlaskClient) -> None:
    assert "Nobody is certified yet" in coordinator.get("/coordinate/register").text


def test_the_list_shows_what_the_register_holds(
    coordinator: FlaskClient, here: Organisation, revision: CourseRevision
) -> None:
    certified(
        here, revision, "Amina Yusuf", site_id=make.site(here).id, work_email="amina@here.example", languages="en, so"
    )
    certified(make.organisation("there"), revision, "Stranger")
    text = coordinator.get("/coordinate/register").text
    for shown in ("Amina Yusuf", "North", "amina@here.example", "en, so", "21 Nov 2026", "21 Nov 2029", "Valid"):
        assert shown in text
    assert "Stranger" not in text
    assert '<th scope="col"' in text
    assert "<caption>" in text
    assert "Export this 1 as CSV" in text


def test_the_export_takes_the_filters_of_the_screen(
    coordinator: FlaskClient, here: Organisation, revision: CourseRevision
) -> None:
    north = make.site(here)
    for number in range(3):
        certified(here, revision, f"North {number}", site_id=north.id)
    certified(here, revision, "Elsewhere")
    text = coordinator.get(f"/coordinate/register?site={north.id}").text
    assert "Export these 3 as CSV" in text
    assert f'href="/coordinate/register.csv?site={north.id}"' in text
    assert "Elsewhere" not in text
    found = coordinator.get(f"/coordinate/register.csv?site={north.id}")
    assert found.headers["Content-Disposition"].startswith("attachment; filename=register-here-")
    assert found.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert names(found) == ["North 0", "North 1", "North 2"]
    assert tuple(csv.reader(io.StringIO(found.data.decode())).__next__()) == COLUMNS


def test_xlsx_holds_the_same_rows(coordinator: FlaskClient, here: Organisation, revision: CourseRevision) -> None:
    certified(here, revision, "=HYPERLINK(1)")
    certified(here, revision, "Zoë")
    sheet = load_workbook(io.BytesIO(coordinator.get("/coordinate/register.xlsx").data)).active
    assert sheet is not None
    text = list(csv.reader(io.StringIO(coordinator.get("/coordinate/register.csv").data.decode())))
    assert [[cell.value or "" for cell in row] for row in sheet.iter_rows()] == text
    assert sheet["B2"].value == "'=HYPERLINK(1)"


def test_excel_gets_its_mark_on_request(coordinator: FlaskClient) -> None:
    assert coordinator.get("/coordinate/register.csv?bom=yes").data.startswith(b"\xef\xbb\xbfcertificate_number")
    assert coordinator.get("/coordinate/register.csv").data.startswith(b"certificate_number")


def test_each_filter_narrows_and_stays_in_the_address(
    coordinator: FlaskClient, here: Organisation, revision: CourseRevision
) -> None:
    certified(here, revision, "Amina Yusuf", listed_since=make.NOON)
    make.certificate(
        make.member(here, name="Bo Lapsed"),
        revision,
        starts_on=date(2020, 1, 1),
        window_opens_on=date(2022, 7, 1),
        expires_on=date(2023, 1, 1),
        window_closes_on=date(2023, 4, 1),
    )
    for query, wanted in {
        "q=amina": ["Amina Yusuf"],
        "listed=yes": ["Amina Yusuf"],
        "listed=no": ["Bo Lapsed"],
        "standing=lapsed": ["Bo Lapsed"],
        "standing=valid,due": ["Amina Yusuf"],
        "standing=valid&standing=lapsed": ["Amina Yusuf", "Bo Lapsed"],
        "site=none": ["Amina Yusuf", "Bo Lapsed"],
        f"course={revision.course_id}": ["Amina Yusuf", "Bo Lapsed"],
        "q=nobody": [],
    }.items():
        assert names(coordinator.get(f"/coordinate/register.csv?{query}")) == wanted, query
    mixed = coordinator.get("/coordinate/register?standing=valid,lapsed&q=a").text
    assert '<option value="valid,lapsed" selected>Valid and Expired</option>' in mixed
    assert "/coordinate/register.csv?q=a&amp;standing=valid,lapsed" in mixed.replace("%2C", ",")
    assert "No certificate matches these filters." in coordinator.get("/coordinate/register?q=nobody").text


@pytest.mark.parametrize(
    "query",
    ["site=x", "site=99999999999999999999999", "course=-1", "standing=late", "listed=maybe", "after=x", "before=0",
     "q=%00", "q=" + "x" * 5000, "after=1&before=1"],
)  # fmt: skip
def test_addresses_that_make_no_sense_do_no_harm(coordinator: FlaskClient, query: str) -> None:
    assert coordinator.get(f"/coordinate/register?{query}").status_code == 200
    assert coordinator.get(f"/coordinate/people?{query}").status_code == 200


def test_pages(coordinator: FlaskClient, here: Organisation, revision: CourseRevision) -> None:
    for number in range(30):
        certified(here, revision, f"Person {number:02}")
    first = coordinator.get("/coordinate/register?q=person").text
    assert "Person 24" in first
    assert "Person 25" not in first
    onward = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    assert "q=person" in onward
    second = coordinator.get(onward).text
    assert "Person 25" in second
    assert "Person 24" not in second
    assert 'rel="prev"' in second


def test_the_export_is_noted_and_asking_for_its_head_is_not(
    coordinator: FlaskClient, here: Organisation, revision: CourseRevision
) -> None:
    certified(here, revision, "Amina Yusuf")
    assert coordinator.head("/coordinate/register.csv").status_code == 200
    assert coordinator.get("/coordinate/register.csv?q=amina").status_code == 200
    db.session().rollback()
    events = db.session().scalars(select(AuditEvent).where(AuditEvent.verb == "register-exported")).all()
    assert [(event.organisation_id, event.data) for event in events] == [(here.id, {"rows": 1, "format": "csv"})]


def test_a_download_that_is_given_up_lets_the_database_go(coordinator: FlaskClient) -> None:
    for _number in range(3):
        found = coordinator.get("/coordinate/register.csv", buffered=False)
        found.close()
    assert db.engine().pool.checkedout() <= 1  # type: ignore[attr-defined]  # the pools in use have it


@pytest.mark.parametrize("role", [Role.LEARNER, Role.INSTRUCTOR, Role.SAFEGUARDING])
def test_only_coordinators(client: FlaskClient, here: Organisation, role: Role) -> None:
    make.signed_in(client, make.member(here, role))
    for path in ("/coordinate/register", "/coordinate/register.csv", "/coordinate/register.xlsx"):
        assert client.get(path).status_code == 403


@pytest.mark.parametrize("path", ["/coordinate/register", "/coordinate/register?q=person&standing=valid"])
def test_queries_do_not_grow(coordinator: FlaskClient, here: Organisation, revision: CourseRevision, path: str) -> None:
    for number in range(5):
        certified(here, revision, f"Person {number}")
    coordinator.get(path)
    with queries() as few:
        coordinator.get(path)
    crowd(here, revision, 500)
    with queries() as many:
        text = coordinator.get(path).text
    assert "Export these 505 as CSV" in text
    assert len(few) == len(many) <= 12
    assert db.session().scalar(select(func.count()).select_from(Organisation)) == 1
