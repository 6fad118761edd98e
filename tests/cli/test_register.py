"""`mhfa-lms register export`."""

import csv
import io
import json
from pathlib import Path

import pytest
from openpyxl import load_workbook

from mhfa_lms.models import Organisation
from mhfa_lms.services.register import COLUMNS
from tests import make
from tests.cli.conftest import Run


@pytest.fixture
def here(installation: Path) -> Organisation:
    owner = make.organisation("here")
    revision = make.published()
    make.certificate(make.member(owner, name="=Amina", site_id=make.site(owner).id), revision)
    make.certificate(make.member(owner, name="Zoë"), revision)
    make.certificate(make.member(make.organisation("there"), name="Stranger"), revision)
    return owner


@pytest.mark.usefixtures("here")
def test_csv_on_standard_output(run: Run) -> None:
    found = run("register", "export", "--organisation", "here", "--format", "csv")
    assert found.exit_code == 0, found.stderr
    rows = list(csv.DictReader(io.StringIO(found.stdout_bytes.decode())))
    assert tuple(rows[0]) == COLUMNS
    assert [row["name"] for row in rows] == ["'=Amina", "Zoë"]


@pytest.mark.usefixtures("here")
def test_json_and_filters(run: Run) -> None:
    words = ("register", "export", "--organisation", "here", "--site", "North", "--course", "small", "--standing",
             "valid,due")  # fmt: skip
    found = run(*words, "--format", "json")
    assert [row["name"] for row in json.loads(found.stdout)] == ["=Amina"]
    assert json.loads(run(*words[:4], "--people", "listed", "--json").stdout) == []


@pytest.mark.usefixtures("here")
def test_files(run: Run, tmp_path: Path) -> None:
    sheet, text = tmp_path / "r.xlsx", tmp_path / "r.csv"
    words = ("register", "export", "--organisation", "here")
    assert run(*words, "--format", "xlsx", "--out", str(sheet)).exit_code == 0
    found = load_workbook(sheet).active
    assert found is not None
    assert [cell.value for cell in found[1]] == list(COLUMNS)
    assert found["B2"].value == "'=Amina"
    assert run(*words, "--bom", "--out", str(text)).exit_code == 0
    assert text.read_bytes().startswith(b"\xef\xbb\xbfcertificate_number,")
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".part") == []


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--organisation", "nowhere"), "There is no organisation 'nowhere'."),
        (("--organisation", "here", "--site", "South"), "The organisation has no site 'South'."),
        (("--organisation", "here", "--standing", "late"), "There is no standing 'late'"),
        (("--organisation", "here", "--out", "/nowhere/at/all.csv"), "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_said(run: Run, words: tuple[str, ...], says: str) -> None:
    found = run("register", "export", *words)
    assert found.exit_code == 1
    assert says in found.stderr
    assert found.stdout == ""
