"""`mhfa-lms export-person` and `erase-person`."""

import json
from pathlib import Path

from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.models import Account, Certificate
from tests import make
from tests.cli.conftest import Run


def test_a_person_is_written_out_and_erased_with_their_files(run: Run, installation: Path, tmp_path: Path) -> None:
    member = make.member(name="Amina Yusuf", holder=make.account("amina@example.org"))
    code = make.certificate(member).code
    drawn = json.loads(run("certificates", "render", code, "--json").stdout)["file"]
    assert Path(drawn).exists()
    out = tmp_path / "amina.json"
    assert run("export-person", "amina@example.org", "--out", str(out)).exit_code == 0
    assert json.loads(out.read_text())["membership"][0]["name"] == "Amina Yusuf"

    assert run("erase-person", "amina@example.org", fed="n\n").exit_code == 1
    assert db.session().scalars(select(Account.erased_at)).one() is None
    result = run("erase-person", "Amina@Example.org", "--yes", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["codes"] == [code]
    assert not Path(drawn).exists()
    assert db.session().scalars(select(Certificate.name)).one() == ""


def test_nobody_is_not_an_answer(run: Run) -> None:
    assert run("export-person", "nobody@example.org").exit_code == 1
    assert run("erase-person", "nobody@example.org", "--yes").exit_code == 1
    # But an address without an account may be.
    address = str(make.failed_mail(make.organisation()).to_address)
    assert address in run("export-person", address).stdout
    printed = run("erase-person", address, "--yes").stdout
    assert "Erased. Records gone: 0." in printed
    assert "No account has this address." in printed
    assert run("export-person", address).exit_code == 1
