"""A specimen of an organisation's certificates: drawn by the worker, certifying nothing."""

import subprocess
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from mhfa_lms import db
from mhfa_lms.adapters.files import FolderFiles
from mhfa_lms.jobs.work import work_waiting
from mhfa_lms.models import Accent, Certificate, Membership, Role, StoredFile, WorkState
from mhfa_lms.policy import Forbidden
from mhfa_lms.services import looks, specimens, work
from mhfa_lms.services.looks import Look, Signatory
from mhfa_lms.settings import Settings
from tests import make
from tests.adapters.test_pdf import unpacked
from tests.jobs.mails import job
from tests.make import NOON


@pytest.fixture
def coordinator(database: str) -> Membership:
    return make.member(make.organisation(name="Harbour Schools"), Role.COORDINATOR)


def test_it_is_drawn_as_certificates_look_and_says_that_it_certifies_nothing(
    coordinator: Membership, settings: Settings
) -> None:
    make.published()
    by = make.actor(coordinator)
    looks.save(Look(Accent.PLUM, "Recognised by the county.", (Signatory("Ada Okafor", "Head"),)), by=by, now=NOON)
    job_id = specimens.begin(by=by, now=NOON)
    assert specimens.begin(by=by, now=NOON) == job_id
    work_waiting(settings, lambda: NOON, long=True)
    row = job(job_id)
    assert row.state is WorkState.DONE, row.error
    file = db.session().get_one(StoredFile, row.file_id)
    assert file.media_type == "application/pdf"
    data = FolderFiles(settings.data_dir / "files").read(file.key, file.sha256)
    said = subprocess.run(["pdftotext", "-", "-"], input=data, capture_output=True, check=True).stdout.decode()
    for words in ("Harbour Schools", "Recognised by the county.", "Ada Okafor", "none, this is a specimen"):
        assert words in said
    inside = data + unpacked(data)
    assert b"/Title (Specimen of a certificate)" in inside
    # No code leads anywhere, nothing is signed, and nothing calls itself a certificate to programs.
    assert settings.base_url.split("://")[1] not in said
    assert not [mark for mark in (b"/ByteRange", b"/URI", b"CertificateNumber", b"/EmbeddedFiles") if mark in inside]
    assert db.session().scalar(select(func.count(Certificate.id))) == 0
    assert work.own(job_id, by=by, now=NOON + work.FILE_LASTS - timedelta(hours=1)) is not None


def test_without_a_course_there_is_nothing_to_show(coordinator: Membership) -> None:
    with pytest.raises(specimens.NoCourseError):
        specimens.begin(by=make.actor(coordinator), now=NOON)


def test_only_coordinators_have_it_drawn(coordinator: Membership) -> None:
    make.published()
    with pytest.raises(Forbidden):
        specimens.begin(by=make.actor(make.member(coordinator.organisation, Role.INSTRUCTOR)), now=NOON)
