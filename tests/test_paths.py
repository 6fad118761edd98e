"""The program finds its own files in a checkout; tests/packaging shows the same for an installed one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mhfa_lms import paths


@pytest.mark.parametrize(
    ("folder", "holds"),
    [
        (paths.templates_dir, "layouts"),
        (paths.courses_dir, "LICENSE"),
        (paths.migrations_dir, "env.py"),
        (paths.static_dir, "css"),
    ],
)
def test_checkout_has_the_folder(folder: Callable[[], Path], holds: str) -> None:
    assert (folder() / holds).exists()


def test_installed_program_reads_the_copy_inside_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "_data").mkdir()
    monkeypatch.setattr(paths, "_INSTALLED", tmp_path / "_data")
    assert paths.templates_dir() == tmp_path / "_data" / "templates"
