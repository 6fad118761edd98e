"""Publishing: revisions are kept whole, and a broken file changes nothing that is served."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.models import CourseProblem, CourseRevision
from mhfa_lms.paths import courses_dir
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import catalogue, publishing
from tests.make import NOON

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(courses_dir() / "first-conversation", tmp_path / "courses" / "first-conversation"))


def publish(folder: Path, *, correction: bool = False) -> publishing.Published:
    return publishing.publish(folder, by=SYSTEM, now=NOON, correction=correction)


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / "course.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")


def numbers() -> list[int]:
    return list(db.session().scalars(select(CourseRevision.number).order_by(CourseRevision.number)))


def test_publishing_twice_makes_one_revision(folder: Path) -> None:
    assert publish(folder).new
    assert not publish(folder).new
    assert numbers() == [1]


def test_an_edit_makes_a_new_revision_and_leaves_the_old_one(folder: Path) -> None:
    publish(folder)
    edit(folder, "hours: 3", "hours: 4")
    assert publish(folder, correction=True).number == 2
    first, second = db.session().scalars(select(CourseRevision).order_by(CourseRevision.number))
    assert (catalogue.course(first).hours, catalogue.course(second).hours) == (3, 4)
    assert second.corrects_id == first.id


def test_going_back_to_older_files_is_a_revision_of_its_own(folder: Path) -> None:
    for hours in ("hours: 3", "hours: 4", "hours: 3"):
        edit(folder, "hours: 4" if hours == "hours: 3" else "hours: 3", hours)
        publish(folder)
    assert numbers() == [1, 2, 3]


def test_a_broken_file_keeps_the_old_revision_and_shows_the_problem(folder: Path) -> None:
    publish(folder)
    edit(folder, "language: en", "langauge: en")
    report = publish(folder)
    assert report.number is None
    assert report.problems
    assert numbers() == [1]
    assert [problem.slug for problem in publishing.problems(db.session())] == ["first-conversation"] * len(
        report.problems
    )
    edit(folder, "langauge: en", "language: en")
    publish(folder)
    assert db.session().scalars(select(CourseProblem)).all() == []


def test_what_is_stored_is_what_was_read(folder: Path) -> None:
    from mhfa_lms.content import loader

    publish(folder)
    revision = db.session().scalars(select(CourseRevision)).one()
    assert catalogue.course(revision) == loader.load(folder)
