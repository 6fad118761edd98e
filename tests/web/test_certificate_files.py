"""Certificates as one file, asked for from the register: the query on screen, how many, and the file."""

import io
import re
import zipfile

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from mhfa_lms import clock, db
from mhfa_lms.adapters.pdf import Document
from mhfa_lms.jobs import certificate_files as packing
from mhfa_lms.jobs.work import work_waiting
from mhfa_lms.models import Certificate, Job, Organisation, Role
from mhfa_lms.services import certificate_files as service
from mhfa_lms.settings import Settings
from tests import make
from tests.adapters.test_bundles import small_pdf
from tests.crowd import crowd

PATH = "/coordinate/register/files"


class QuickDrawer:
    def draw(self, document: Document) -> bytes:
        return small_pdf(document.identifier.decode())


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "WeasyPrintDrawer", QuickDrawer)


@pytest.fixture
def coordinator(client: FlaskClient) -> FlaskClient:
    here = make.organisation("here", name="Here")
    crowd(here, make.published(), 5)
    make.certificate(make.member(make.organisation("there"), name="Stranger"))
    person = make.member(db.session().get_one(Organisation, here.id), Role.COORDINATOR, name="Coordinator")
    return make.signed_in(client, person)


def work_through(settings: Settings) -> None:
    db.session().rollback()
    assert work_waiting(settings, clock.now, long=True) == 1
    db.sessions.remove()


def test_from_the_register_to_the_file(coordinator: FlaskClient, settings: Settings) -> None:
    page = coordinator.get("/coordinate/register?q=person").text
    assert f'href="{PATH}?q=person"' in page
    page = coordinator.get(f"{PATH}?q=person").text
    assert "Make a ZIP of these 5 certificates" in page
    assert "for printing only: it holds no signatures" in page
    answer = coordinator.post(f"{PATH}.zip?q=person")
    assert answer.status_code == 303
    path = answer.headers["Location"]
    text = coordinator.get(path).text
    assert "Certificates as a ZIP file" in text
    assert "0 of 5 certificates" in text
    work_through(settings)
    found = coordinator.get(f"{path}/file")
    assert re.match(r"attachment; filename=certificates-here-.*\.zip", found.headers["Content-Disposition"])
    assert found.mimetype == "application/zip"
    with zipfile.ZipFile(io.BytesIO(found.data)) as packed:
        assert len(packed.namelist()) == 5
        assert not any("Stranger" in name for name in packed.namelist())


def test_the_filters_of_the_screen_go_with_it(coordinator: FlaskClient, settings: Settings) -> None:
    for query, count in (("q=sample", 1), ("from=2026-11-21&to=2026-11-21", 5), ("to=2026-11-20", 0), ("from=x", 5)):
        text = coordinator.get(f"{PATH}?{query}").text
        assert (f"{count} certificate" in text) is (count > 0), query
    path = coordinator.post(f"{PATH}.pdf?q=sample&from=2026-11-21").headers["Location"]
    assert "0 of 1 certificate<" in coordinator.get(path).text
    work_through(settings)
    assert coordinator.get(f"{path}/file").data.startswith(b"%PDF-1.7")


def test_the_page_says_what_is_left_out(coordinator: FlaskClient) -> None:
    with db.transaction() as session:
        one = session.query(Certificate).filter_by(name="Person 00001").one()
        session.execute(
            update(Certificate)
            .where(Certificate.id == one.id)
            .values(revoked_at=clock.now(), revoked_reason="A mistake")
        )
    text = coordinator.get(PATH).text
    assert "Make a ZIP of these 4 certificates" in text
    assert "The register shows 5. Withdrawn, replaced and erased certificates are left out." in text
    assert "None of these certificates" in coordinator.get(f"{PATH}?q=00001").text
    assert coordinator.post(f"{PATH}.zip?q=00001").headers["Location"] == f"{PATH}?q=00001"


def test_too_many_are_told_how_to_choose_fewer(coordinator: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST", 4)
    assert "A file holds at most 4 certificates" in coordinator.get(PATH).text
    assert coordinator.post(f"{PATH}.zip").headers["Location"] == PATH


def test_missing_ones_are_named_by_number(coordinator: FlaskClient, settings: Settings) -> None:
    path = coordinator.post(f"{PATH}.pdf").headers["Location"]
    told = {"missing": 3, "codes": ["AAAA-1", "BBBB-2"]}
    with db.transaction() as session:
        row = session.query(Job).filter_by(kind="certificate-files").one()
        row.payload = {**row.payload, "told": told}
    assert "3 certificates could not be drawn and are missing: AAAA-1 and BBBB-2 …" in coordinator.get(path).text


def test_only_coordinators(client: FlaskClient) -> None:
    make.signed_in(client, make.member(make.organisation("here"), Role.INSTRUCTOR))
    assert client.get(PATH).status_code == 403
    assert client.post(f"{PATH}.zip").status_code == 403
