"""`mhfa-lms backup` and `restore`."""

import json
import tarfile
from pathlib import Path

import pytest
from sqlalchemy import func, select

from mhfa_lms import db
from mhfa_lms.models import Account
from tests import make
from tests.cli.conftest import Run


def accounts() -> int:
    """Count the accounts in the database in use."""
    found = db.session().scalar(select(func.count(Account.id))) or 0
    db.session().rollback()
    return found


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_was_backed_up_comes_back_with_its_files(run: Run, installation: Path, tmp_path: Path) -> None:
    make.account("amina@example.org")
    stored = installation / "files" / "certificates" / "AB" / "ABCD.pdf"
    stored.parent.mkdir(parents=True)
    stored.write_bytes(b"%PDF-")
    archive = tmp_path / "backup.tar"
    told = json.loads(run("backup", str(archive), "--json").stdout)
    assert told["files"] == 1
    assert archive.stat().st_mode & 0o077 == 0

    make.account("later@example.org")
    stored.write_bytes(b"changed")
    db.release()
    refused = run("restore", str(archive))
    assert refused.exit_code == 1
    assert "--yes" in refused.stderr
    assert accounts() == 2
    db.release()
    assert run("restore", str(archive), "--yes").exit_code == 0
    assert accounts() == 1
    assert stored.read_bytes() == b"%PDF-"
    assert list(tmp_path.glob("test.db.before-restore"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_backup_holds_no_keys(run: Run, installation: Path, tmp_path: Path) -> None:
    installation.mkdir(exist_ok=True)
    (installation / "secret-key").write_text("very-secret")
    run("backup", str(tmp_path / "backup.tar"))
    with tarfile.open(tmp_path / "backup.tar") as archive:
        assert sorted(archive.getnames()) == ["database.sqlite3", "manifest.json"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("damage", ["cut", "changed", "strange", "escaping"])
def test_a_damaged_backup_changes_nothing(run: Run, tmp_path: Path, damage: str) -> None:
    make.account("amina@example.org")
    archive = tmp_path / "backup.tar"
    run("backup", str(archive))
    whole = archive.read_bytes()
    if damage == "cut":
        archive.write_bytes(whole[: len(whole) // 2])
    elif damage == "changed":
        archive.write_bytes(whole.replace(b"amina@", b"anima@"))
    elif damage == "strange":
        archive.write_bytes(b"no archive at all")
    else:
        with tarfile.open(archive, "w") as made:
            made.add(tmp_path / "test.db", "../../escaped.db")
    db.release()
    result = run("restore", str(archive), "--yes")
    assert result.exit_code == 1
    assert accounts() == 1
    assert not (tmp_path.parent / "escaped.db").exists()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_empty_installation_has_nothing_to_back_up(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MHFA_DATABASE_URL", f"sqlite:///{tmp_path / 'other.db'}")
    assert run("backup", str(tmp_path / "backup.tar")).exit_code == 1
    assert not (tmp_path / "backup.tar").exists()


def test_postgresql_is_left_to_its_own_tools(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MHFA_DATABASE_URL", "postgresql+psycopg://somebody:secret@nowhere.invalid/training")
    result = run("backup", str(tmp_path / "backup.tar"))
    assert result.exit_code == 1
    assert "pg_dump" in result.stderr
    assert "training" in result.stderr
    assert "secret" not in result.stderr
