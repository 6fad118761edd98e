"""Many certificates as one file: made by the worker, continued after a kill, with one that fails and all others."""

import io
import threading
import zipfile
from datetime import date, timedelta
from typing import Any

import pikepdf
import pytest

from mhfa_lms import db
from mhfa_lms.adapters.files import FileDamagedError, FolderFiles
from mhfa_lms.adapters.pdf import Document, PdfUnavailableError
from mhfa_lms.jobs import certificate_files as packing
from mhfa_lms.jobs import drawing
from mhfa_lms.jobs.long import LEASE, Progress
from mhfa_lms.jobs.work import work_waiting
from mhfa_lms.models import AuditEvent, Certificate, Cohort, EnrolmentState, Organisation, Role, StoredFile, WorkState
from mhfa_lms.policy import Actor, Forbidden
from mhfa_lms.services import certificate_files as service
from mhfa_lms.services import register
from mhfa_lms.services.certificate_files import Bundle
from mhfa_lms.settings import Settings
from tests import make
from tests.adapters.test_bundles import small_pdf
from tests.crowd import crowd
from tests.jobs.mails import job
from tests.make import NOON

PEOPLE = 25
PIECE = 10


class Killed(BaseException):
    """What stops a test's worker where it stands."""


@pytest.fixture(autouse=True)
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Draw quickly; returns the codes drawn so far."""
    monkeypatch.setattr(packing, "PIECE", PIECE)
    codes: list[str] = []

    class QuickDrawer:
        def draw(self, document: Document) -> bytes:
            codes.append(document.identifier.decode())
            return small_pdf(codes[-1])

    monkeypatch.setattr(packing, "WeasyPrintDrawer", QuickDrawer)
    monkeypatch.setattr(drawing, "WeasyPrintDrawer", QuickDrawer)
    return codes


@pytest.fixture
def place(database: str) -> Organisation:
    here = make.organisation("here", name="Here")
    crowd(here, make.published(), PEOPLE)
    return here


@pytest.fixture
def by(place: Organisation) -> Actor:
    return make.actor(make.member(place, Role.COORDINATOR, name="Coordinator"))


def asked(by: Actor, kind: Bundle = Bundle.ZIP, **filters: Any) -> int:
    wanted = register.query(db.session(), register.Filters(**filters), by=by, now=NOON)
    return service.begin(wanted, kind, name=f"certificates.{kind}", now=NOON)


def do(settings: Settings, now: Any = NOON, **values: Any) -> int:
    return work_waiting(settings, lambda: now, long=True, **values)


def file_of(settings: Settings, job_id: int) -> io.BytesIO:
    row = job(job_id)
    assert row.state is WorkState.DONE, (row.state, row.error)
    file = db.session().get_one(StoredFile, row.file_id)
    return io.BytesIO(FolderFiles(settings.data_dir / "files").read(file.key, file.sha256))


def in_zip(settings: Settings, job_id: int) -> list[str]:
    with zipfile.ZipFile(file_of(settings, job_id)) as found:
        assert found.testzip() is None
        return found.namelist()


def put(certificate_id: int, **values: Any) -> None:
    with db.transaction() as session:
        row = session.get_one(Certificate, certificate_id)
        for name, value in values.items():
            setattr(row, name, value)


def test_the_zip_holds_each_as_it_was_issued_by_name(settings: Settings, by: Actor, drawn: list[str]) -> None:
    there = make.certificate(make.member(make.organisation("there"), name="Stranger"))
    job_id = asked(by)
    assert do(settings) == 1
    names = in_zip(settings, job_id)
    assert len(names) == len(drawn) == PEOPLE
    assert names == sorted(names)
    assert names[0].startswith("Person 00001 - ")
    assert there.code not in drawn
    row = job(job_id)
    assert (row.done_units, row.total_units, row.resume) == (PEOPLE, PEOPLE, {})
    assert FolderFiles(settings.data_dir / "files").all_unfinished("work") == []
    # What is drawn once is never drawn again, and is what the holder downloads.
    again = asked(by, text="00007")
    do(settings)
    assert len(drawn) == PEOPLE
    with zipfile.ZipFile(file_of(settings, again)) as found:
        (name,) = found.namelist()
        row_of_it = db.session().query(Certificate).filter_by(name="Person 00007").one()
        assert row_of_it.file is not None
        files = FolderFiles(settings.data_dir / "files")
        assert found.read(name) == files.read(row_of_it.file.key, row_of_it.file.sha256)


def test_the_pdf_has_a_page_for_each_in_the_order_of_names(settings: Settings, by: Actor) -> None:
    job_id = asked(by, Bundle.PDF)
    do(settings)
    rows = db.session().query(Certificate).order_by(Certificate.sort_key, Certificate.id)
    with pikepdf.open(file_of(settings, job_id)) as book:
        texts = [page.Contents.read_bytes().decode() for page in book.pages]
    assert texts == [f"BT /F0 12 Tf ({row.code} 0) Tj ET" for row in rows]


def test_withdrawn_replaced_and_erased_ones_stay_out(settings: Settings, place: Organisation, by: Actor) -> None:
    owner = db.session().get_one(Organisation, by.organisation_id)
    revision = make.published()
    rows = {name: make.certificate(make.member(owner, name=f"Zz {name}"), revision).id for name in ("a", "b", "c", "d")}
    put(rows["a"], revoked_at=NOON, revoked_reason="A mistake")
    put(rows["b"], replaced_by_id=rows["d"])
    put(rows["c"], erased_at=NOON)
    wanted = register.query(db.session(), register.Filters(text="Zz"), by=by, now=NOON)
    assert service.total(db.session(), wanted).number == 1
    job_id = asked(by, text="Zz")
    do(settings)
    (name,) = in_zip(settings, job_id)
    assert name.startswith("Zz d - ")


def test_one_that_cannot_be_drawn_is_named_and_the_rest_is_there(
    settings: Settings, by: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = drawing.draw
    row = db.session().query(Certificate).filter_by(name="Person 00012").one()
    bad, code = row.id, row.code

    def draw(certificate_id: int, **values: Any) -> None:
        if certificate_id == bad:
            raise OSError("the disk said no")
        real(certificate_id, **values)

    monkeypatch.setattr(drawing, "draw", draw)
    job_id = asked(by)
    do(settings)
    with zipfile.ZipFile(file_of(settings, job_id)) as found:
        assert len(found.namelist()) == PEOPLE
        assert "Person 00012" in found.read("missing.txt").decode()
    told = job(job_id).payload["told"]
    assert told["missing"] == 1
    assert told["codes"][0].replace("-", "") == code
    assert job(job_id).done_units == PEOPLE - 1


def test_without_what_drawing_needs_the_work_is_put_off(
    settings: Settings, by: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NoPango:
        def draw(self, _document: Document) -> bytes:
            raise PdfUnavailableError("no Pango")

    monkeypatch.setattr(packing, "WeasyPrintDrawer", NoPango)
    job_id = asked(by)
    do(settings)
    row = job(job_id)
    assert (row.state, row.error) == (WorkState.WAITING, "PdfUnavailableError")


def test_a_damaged_file_is_left_out_not_handed_on(settings: Settings, by: Actor) -> None:
    do(settings) if asked(by) else None
    row = db.session().query(Certificate).filter_by(name="Person 00003").one()
    assert row.file is not None
    (settings.data_dir / "files" / row.file.key).write_bytes(b"something else")
    job_id = asked(by, Bundle.PDF)
    do(settings)
    assert job(job_id).payload["told"]["missing"] == 1


@pytest.mark.parametrize("kind", list(Bundle))
@pytest.mark.parametrize("pieces", [1, 2])
def test_killed_anywhere_it_goes_on_and_draws_nothing_twice(
    settings: Settings, by: Actor, drawn: list[str], monkeypatch: pytest.MonkeyPatch, kind: Bundle, pieces: int
) -> None:
    job_id = asked(by, kind)
    now = NOON
    real_save, real_read = Progress.save, FolderFiles.read

    def killed_between_pieces(self: Progress, done: int, **resume: Any) -> None:
        if done > pieces * PIECE:
            raise Killed
        real_save(self, done, **resume)

    def killed_when_packing(self: FolderFiles, key: str, sha256: str) -> bytes:
        raise Killed

    for target, name, kill in (
        (Progress, "save", killed_between_pieces),
        (FolderFiles, "read", killed_when_packing),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(target, name, kill)
            with pytest.raises(Killed):
                do(settings, now)
        db.sessions.remove()
        now += LEASE + timedelta(seconds=1)
    assert FolderFiles.read is real_read
    assert do(settings, now) == 1
    assert len(drawn) == len(set(drawn)) == PEOPLE
    assert job(job_id).done_units == PEOPLE
    file_of(settings, job_id)
    assert FolderFiles(settings.data_dir / "files").all_unfinished("work") == []


def test_killed_while_packing_it_goes_on_behind_the_last_whole_piece(
    settings: Settings, by: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = db.session().query(Certificate).filter_by(name="Person 00002").one()
    job_id, bad, now, read = asked(by), row.code, NOON, list[str]()
    real = FolderFiles.read

    def killed_after(count: int) -> Any:
        left = iter(range(count))

        def read_some(self: FolderFiles, key: str, sha256: str) -> bytes:
            if next(left, None) is None:
                raise Killed
            read.append(key)
            if bad in key:
                raise FileDamagedError(key)
            return real(self, key, sha256)

        return read_some

    # In the middle of the second piece, and of the third.
    for count in (PIECE + 3, PIECE + 2):
        with monkeypatch.context() as patched:
            patched.setattr(FolderFiles, "read", killed_after(count))
            with pytest.raises(Killed):
                do(settings, now)
        db.sessions.remove()
        now += LEASE + timedelta(seconds=1)
        assert "packed" in job(job_id).resume
    assert not any("Person" in str(one) for one in job(job_id).resume.values())
    do(settings, now)
    # What stood in a whole piece is not read again: two pieces, and what the two kills left unfinished.
    assert len(read) == 2 * PIECE + 3 + 2
    with zipfile.ZipFile(file_of(settings, job_id)) as found:
        assert found.testzip() is None
        names = found.namelist()
        assert len(names) == len(set(names)) == PEOPLE
        assert names[:-1] == sorted(names[:-1])
        assert {one.compress_type for one in found.infolist()} == {zipfile.ZIP_STORED}
        assert "Person 00002" in found.read("missing.txt").decode()
    assert job(job_id).payload["told"]["missing"] == 1
    assert job(job_id).done_units == PEOPLE - 1


def test_told_to_stop_the_worker_gives_the_work_back(
    settings: Settings, by: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id, stop = asked(by), threading.Event()
    real = packing.draw_missing

    def draw_and_stop(*args: Any) -> None:
        real(*args)
        stop.set()

    with monkeypatch.context() as patched:
        patched.setattr(packing, "draw_missing", draw_and_stop)
        do(settings, stop=stop)
    row = job(job_id)
    assert (row.state, row.leased_until, row.attempts, row.done_units) == (WorkState.WAITING, None, 0, PIECE)


def test_too_many_and_none_are_refused_and_only_coordinators_ask(
    settings: Settings, place: Organisation, by: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST", PEOPLE - 1)
    with pytest.raises(service.NotSoManyError):
        asked(by)
    with pytest.raises(service.NotSoManyError):
        asked(by, text="nobody of this name")
    assert job_count() == 0
    learner = Actor(by.account_id, membership_id=by.membership_id, organisation_id=by.organisation_id)
    with pytest.raises(Forbidden):
        service.begin(register.Query(learner, register.Filters(), NOON.date(), "UTC"), Bundle.ZIP, name="x", now=NOON)


def job_count() -> int:
    return db.session().query(AuditEvent).filter_by(verb="certificates-packed").count()


def test_the_trail_notes_who_took_how_many(settings: Settings, by: Actor) -> None:
    asked(by, Bundle.PDF)
    event = db.session().query(AuditEvent).filter_by(verb="certificates-packed").one()
    assert (event.account_id, event.data) == (by.account_id, {"rows": PEOPLE, "format": "pdf"})


def test_the_certificates_of_a_cohort_and_of_days_of_issue(settings: Settings, by: Actor) -> None:
    owner = db.session().get_one(Organisation, by.organisation_id)
    revision = make.published()
    with db.transaction() as session:
        cohort = Cohort(organisation_id=owner.id, course_id=revision.course_id, name="Spring", created_at=NOON)
        session.add(cohort)
    day = date(2026, 3, 2)
    earned, other = make.member(owner, name="Zz earned"), make.member(owner, name="Zz other")
    for member, cohort_id in ((earned, cohort.id), (other, None)):
        make.enrolment(
            member, revision, cohort_id=cohort_id, state=EnrolmentState.COMPLETED, completed_at=NOON, completed_on=day
        )
        # Without an enrolment, as a corrected certificate is.
        make.certificate(member, revision, completed_on=day, issued_on=day)
        make.certificate(member, revision)

    def found(**filters: Any) -> list[str]:
        wanted = register.query(db.session(), register.Filters(text="Zz", **filters), by=by, now=NOON)
        entries, _place = service.piece(db.session(), wanted, last=10**6, after=None, size=99)
        return [one.name for one in entries]

    assert found(cohort_id=cohort.id) == ["Zz earned"]
    assert found(issued_from=day, issued_to=day) == ["Zz earned", "Zz other"]
    assert found(issued_to=date(2026, 3, 1)) == []
    assert len(found(issued_from=date(2026, 3, 3))) == 2
