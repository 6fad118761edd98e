"""The demonstration in a database, made once for a whole module and copied for each test."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path

from mhfa_lms import db
from mhfa_lms.content import loader
from mhfa_lms.content.schema import Course
from mhfa_lms.services import demo, demo_renewals
from tests import make

COURSES = Path(__file__).parents[2] / "courses"


@cache
def course() -> Course:
    """The course that comes with the program, read once."""
    return loader.load(COURSES / demo.COURSE)


def fill(now: datetime) -> None:
    """Publish the course and make the demonstration in the database in use."""
    make.published(course(), published_at=now)
    make.published(loader.load(COURSES / demo_renewals.REFRESHER), published_at=now)
    assert demo.make(now=now, keys=("a key of the demonstration, long enough",))
    db.session().rollback()


def template(migrated: Path, folder: Path, now: datetime) -> Path:
    """Return a SQLite file that holds the demonstration."""
    path = folder / "demo.db"
    shutil.copy(migrated, path)
    db.configure(f"sqlite:///{path}")
    fill(now)
    with db.engine().connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    db.release()
    return path


@contextmanager
def copied(path: Path, folder: Path) -> Iterator[None]:
    """Use a copy of a template."""
    shutil.copy(path, folder / "copy.db")
    db.configure(f"sqlite:///{folder / 'copy.db'}")
    yield
    db.release()
