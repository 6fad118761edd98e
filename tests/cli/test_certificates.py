"""`mhfa-lms certificates`."""

import json
import zipfile
from datetime import date
from pathlib import Path

import pytest

from mhfa_lms import clock, db
from mhfa_lms.adapters.pdf import Document
from mhfa_lms.jobs import certificate_files
from mhfa_lms.models import Certificate, Course
from mhfa_lms.services.periods import add_months
from tests import make
from tests.adapters.test_bundles import small_pdf
from tests.cli.conftest import Run
from tests.crowd import crowd


def valid_certificate(name: str = "Amina Yusuf") -> str:
    """Make a certificate that counts today; returns its code."""
    today = clock.now().date()
    expires = add_months(today, 30)
    row = make.certificate(
        make.member(name=name), completed_on=today, starts_on=today, issued_on=today, expires_on=expires,
        window_opens_on=add_months(expires, -6), window_closes_on=add_months(expires, 3),
    )  # fmt: skip
    return row.code


def test_a_valid_certificate_is_verified_however_it_is_typed(run: Run) -> None:
    code = valid_certificate()
    typed = f"{code[:4]}-{code[4:8]} {code[8:]}".lower()
    result = run("certificates", "verify", typed, "--json")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert (told["certified"], told["standing"], told["name"]) == (True, "valid", "Amina Yusuf")


def test_what_does_not_count_exits_with_one(run: Run) -> None:
    assert run("certificates", "verify", "0000000000000000").exit_code == 1
    lapsed = make.certificate(
        starts_on=date(2015, 1, 1), expires_on=date(2018, 1, 1),
        window_opens_on=date(2017, 7, 1), window_closes_on=date(2018, 4, 1),
    )  # fmt: skip
    result = run("certificates", "verify", lapsed.code)
    assert result.exit_code == 1
    assert result.stdout.startswith("Expired")


def test_revoking_needs_a_reason_and_is_seen_at_once(run: Run) -> None:
    code = valid_certificate()
    assert run("certificates", "revoke", code).exit_code == 2
    assert run("certificates", "revoke", code, "--reason", "Issued to the wrong person").exit_code == 0
    assert json.loads(run("certificates", "verify", code, "--json").stdout)["standing"] == "revoked"
    assert run("certificates", "revoke", "0000000000000000", "--reason", "x").exit_code == 1


def test_replacing_gives_a_new_code_and_keeps_the_dates(run: Run) -> None:
    code = valid_certificate("Amina Yusof")
    told = json.loads(run("certificates", "replace", code, "--name", "Amina Yusuf", "--json").stdout)
    assert told["code"] != code
    assert run("certificates", "verify", code).exit_code == 1
    assert run("certificates", "verify", told["code"]).exit_code == 0
    assert run("certificates", "replace", code, "--name", "Again").exit_code == 1


def test_issue_follows_the_rule_and_says_what_is_missing(run: Run) -> None:
    revision = make.published()
    slug = db.session().get_one(Course, revision.course_id).slug
    db.session().rollback()
    make.enrolment(make.member(holder=make.account("a@example.org")), revision)
    result = run("certificates", "issue", "--email", "A@example.org", "--course", slug)
    assert result.exit_code == 1
    assert "4 steps, the assessment, the scenario sam" in result.stderr
    assert run("certificates", "issue", "--email", "b@example.org", "--course", slug).exit_code == 1


def test_the_pdf_is_drawn_once(run: Run, tmp_path: Path) -> None:
    code, out = valid_certificate(), tmp_path / "certificate.pdf"
    first = json.loads(run("certificates", "render", code, "--out", str(out), "--json").stdout)
    assert first["drawn"] is True
    assert out.read_bytes().startswith(b"%PDF-")
    again = json.loads(run("certificates", "render", code, "--json").stdout)
    assert (again["drawn"], again["sha256"]) == (False, first["sha256"])
    assert db.session().query(Certificate).one().file_id is not None


@pytest.mark.parametrize("kind", ["zip", "pdf"])
def test_many_go_into_one_file(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    class QuickDrawer:
        def draw(self, document: Document) -> bytes:
            return small_pdf(document.identifier.decode())

    monkeypatch.setattr(certificate_files, "WeasyPrintDrawer", QuickDrawer)
    crowd(make.organisation("here"), make.published(), 5)
    out = tmp_path / f"all.{kind}"
    words = ("certificates", "render", "--organisation", "here", f"--{kind}", str(out), "--json")
    for more in ("--issued-from", "--issued-to"):
        told = json.loads(run(*words, more, "2026-11-21").stdout)
        assert told == {"file": str(out), "certificates": 5, "missing": []}
    if kind == "zip":
        with zipfile.ZipFile(out) as packed:
            assert len(packed.namelist()) == 5
    else:
        assert out.read_bytes().startswith(b"%PDF")
    for chosen in (("--issued-to", "2026-11-20"), ("--cohort", "none"), ("--site", "none"), ("--course", "none")):
        assert run(*words, *chosen).exit_code == 1
    assert list(tmp_path.glob("all.*")) == [out]


def test_many_need_an_organisation_and_one_file(run: Run) -> None:
    for words in (
        (),
        ("--zip", "x.zip"),
        ("--organisation", "here"),
        ("--organisation", "h", "--zip", "x", "--pdf", "y"),
    ):
        assert run("certificates", "render", *words).exit_code == 2


def test_earlier_certificates_are_imported_once_and_bad_rows_named(run: Run, tmp_path: Path) -> None:
    title = make.published().title
    make.member(make.organisation("here"), name="Amina Yusuf", holder=make.account("amina@example.org"))
    table = tmp_path / "earlier.csv"
    rows = [f"amina@example.org;{title};2025-03-31", f"amina@example.org;{title};never"]
    table.write_text("\n".join(["email;course;completed_on", *rows]))
    words = ("certificates", "import", "--organisation", "here", str(table), "--json")
    dry = json.loads(run(*words, "--dry-run").stdout)
    assert (dry["would_record"], dry["known"], [one["number"] for one in dry["faults"]]) == (1, 0, [3])
    for recorded, known in ((1, 0), (0, 1)):
        result = run(*words)
        assert result.exit_code == 1
        told = json.loads(result.stdout)
        assert (told["recorded"], told["known"]) == (recorded, known)
    table.write_text("\n".join(["email;course;completed_on", rows[0]]))
    assert run(*words[:-1]).stdout.startswith("Recorded 0 certificates; 1 were there already")
    table.write_text("name\nA")
    assert run(*words).exit_code == 1
