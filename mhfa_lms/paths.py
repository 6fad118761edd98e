"""Where the program's own files lie: beside the package in a checkout, inside it once installed."""

from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).resolve().parent
# The wheel carries its data here; the folder does not exist in a checkout (see pyproject.toml, force-include).
_INSTALLED: Final = _PACKAGE / "_data"


def _data_dir(name: str) -> Path:
    return (_INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent) / name


def templates_dir() -> Path:
    """Return the folder of the page, mail and certificate templates."""
    return _data_dir("templates")


def courses_dir() -> Path:
    """Return the folder of the courses that come with the program."""
    return _data_dir("courses")


def migrations_dir() -> Path:
    """Return the folder of the database migrations, which holds Alembic's `env.py` and `versions/`."""
    return _data_dir("migrations")


def static_dir() -> Path:
    """Return the folder of style sheets, scripts, fonts and icons."""
    return _PACKAGE / "static"
