"""What holds for every command: help, exit codes, wrong settings, answers for programs."""

import json
import subprocess
import sys
from pathlib import Path

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
        capture_output=True, text=True, check=True, timeout=60,
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
