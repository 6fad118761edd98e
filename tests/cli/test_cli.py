"""What holds for every command: help, exit codes, wrong settings, answers for programs."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from mhfa_lms.cli import COMMANDS, cli, main
from tests.cli.conftest import Run


def every_command() -> list[tuple[str, ...]]:
    """Return the path of every command and sub-command."""
    context = click.Context(cli)
    found: list[tuple[str, ...]] = []
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        found.append((name,))
        if isinstance(command, click.Group):
            found += [(name, inner) for inner in command.list_commands(context)]
    return found


def test_every_command_has_help_and_says_what_it_does(run: Run) -> None:
    for path in every_command():
        result = run(*path, "--help")
        assert result.exit_code == 0, path
        assert "Usage: " in result.output
        assert len(result.output.splitlines()[2].strip()) > 10, path


def test_the_list_of_commands_loads_none_of_them() -> None:
    code = "import sys; from mhfa_lms.cli import cli; cli.main(['--help'], standalone_mode=False); "
    told = subprocess.run(
        [sys.executable, "-c", code + "print([m for m in sys.modules if m.startswith('sqlalchemy')])"],
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    assert told.stdout.strip().endswith("[]")
    assert "certificates" in told.stdout


def test_wrong_settings_stop_the_start_and_each_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("MHFA_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PORT", "many")
    monkeypatch.setenv("MHFA_BASE_URL", "example.org")
    monkeypatch.setattr(sys, "argv", ["mhfa-lms", "db", "check"])
    assert main() == 2
    told = capsys.readouterr().err
    assert "PORT: must be a whole number from 1 to 65535" in told
    assert "MHFA_BASE_URL: must be a web address that starts with" in told


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("sqlite:////nowhere/at/all.db", "unable to open"),
        ("postgresql://user:hunter2@127.0.0.1:1/name", "connection"),
    ],
)
def test_a_database_that_cannot_be_opened_is_a_wrong_setting(
    address: str, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("MHFA_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("MHFA_DATABASE_URL", address)
    monkeypatch.setattr(sys, "argv", ["mhfa-lms", "tick"])
    assert main() == 2
    said = capsys.readouterr().err
    assert "MHFA_DATABASE_URL: the database" in said
    assert told in said
    assert "hunter2" not in said


def outside(*words: str, folder: Path, **how: Any) -> subprocess.Popen[bytes]:
    """Start a command in a process of its own, as a shell would."""
    env = {**os.environ, "MHFA_DATA_DIR": str(folder)}
    env.pop("MHFA_DATABASE_URL", None)
    return subprocess.Popen([sys.executable, "-m", "mhfa_lms.cli", *words], env=env, stderr=subprocess.PIPE, **how)


@pytest.mark.parametrize("words", [("routes",), ("routes", "--json"), ("--help",)])
def test_a_reader_that_goes_away_is_no_error_to_talk_about(words: tuple[str, ...], tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    with outside(*words, folder=tmp_path, stdout=write) as process:
        os.close(write)
        assert process.communicate(timeout=300)[1] == b""
        assert process.returncode == 1


def test_a_full_disk_is_said_in_one_line(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full, outside("routes", folder=tmp_path, stdout=full) as process:
        assert process.communicate(timeout=300)[1] == b"No space left on device\n"
        assert process.returncode == 1


@pytest.mark.parametrize("words", [("outbox", "retry"), ("courses", "diff", "small", "1")])
def test_a_number_no_database_can_hold_is_refused(run: Run, words: tuple[str, ...]) -> None:
    assert run(*words, "9" * 30).exit_code == 2


def test_words_that_are_not_utf_8_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["mhfa-lms", "organisations", "create", "x", "--name", "\udcff"])
    assert main() == 2


def test_an_unknown_command_is_refused(run: Run) -> None:
    assert run("dance").exit_code == 2


def test_database_check_agrees_with_a_migrated_database(run: Run) -> None:
    result = run("db", "check", "--json")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert told["current"] == told["newest"]
    assert told["differences"] == []


def test_database_check_says_what_to_run_on_an_empty_one(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MHFA_DATABASE_URL", f"sqlite:///{tmp_path / 'other.db'}")
    result = run("db", "check")
    assert result.exit_code == 1
    assert "mhfa-lms db upgrade" in result.output
    assert run("db", "upgrade").exit_code == 0
    assert json.loads(run("db", "upgrade", "--json").stdout)["changed"] is False
    assert run("db", "check").exit_code == 0


def test_routes_name_a_permission_for_each(run: Run) -> None:
    result = run("routes", "--json")
    assert result.exit_code == 0
    routes = {row["route"]: row for row in json.loads(result.stdout)}
    assert routes["/help"]["permission"] == "public"
    assert routes["/help"]["methods"] == ["GET"]
    assert all(row["permission"] for row in routes.values())


def test_nobody_else_on_the_computer_reads_what_is_made(run: Run, installation: Path) -> None:
    """Database, keys and files hold personal data: folder and files are their owner's alone."""
    before = os.umask(0o022)
    try:
        assert run("db", "upgrade").exit_code == 0
        (installation / "made-after-it").touch()
    finally:
        os.umask(before)
    assert stat.S_IMODE(installation.stat().st_mode) == 0o700
    assert stat.S_IMODE((installation / "made-after-it").stat().st_mode) == 0o600
