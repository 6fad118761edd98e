"""Fixtures for the commands: an installation of the test's own, and a way to run a command in it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mhfa_lms import db
from mhfa_lms.cli import cli

Run = Callable[..., Result]


@pytest.fixture
def installation(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The environment of an installation with a migrated database; its data folder."""
    folder = tmp_path / "data"
    monkeypatch.setenv("MHFA_DATA_DIR", str(folder))
    monkeypatch.setenv("MHFA_DATABASE_URL", database_url)
    monkeypatch.setenv("MHFA_SECRET_KEY", "a-test-key-that-is-long-enough")
    db.configure(database_url)
    yield folder
    db.release()


@pytest.fixture
def run(installation: Path, database_url: str) -> Run:
    """Run a command the way a person would; afterwards the test may look into the database."""

    def run_command(*words: str, fed: str | None = None) -> Result:
        result = CliRunner().invoke(cli, list(words), input=fed, catch_exceptions=False)
        db.configure(database_url)
        return result

    return run_command
