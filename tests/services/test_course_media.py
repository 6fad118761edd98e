"""A published course keeps its files: once each, whole when the folder changes, and in every backup."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.adapters.files import FolderFiles
from mhfa_lms.content.schema import Course
from mhfa_lms.models import CourseRevision, StoredFile
from mhfa_lms.paths import courses_dir
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import catalogue, course_media, publishing
from mhfa_lms.services.publishing import Published
from tests import tiny_media
from tests.make import NOON

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def files(tmp_path: Path) -> FolderFiles:
    storage = FolderFiles(tmp_path / "files")
    course_media.configure(storage)
    return storage


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = Path(shutil.copytree(courses_dir() / "first-conversation", tmp_path / "first-conversation"))
    tiny_media.enrich(made)
    return made


def publish(folder: Path) -> Published:
    return publishing.publish(folder, by=SYSTEM, now=NOON)


def newest() -> Course:
    """The revision published last, whether or not anybody has opened it for learners."""
    db.session().rollback()
    query = select(CourseRevision).order_by(CourseRevision.number.desc()).limit(1)
    return catalogue.course(db.session().scalars(query).one())


def digest_of(name: str) -> str:
    return next(file.sha256 for file in course_media.files_of(newest()) if file.name == name)


def test_each_file_is_stored_once_and_named_by_its_content(folder: Path, files: FolderFiles) -> None:
    assert publish(folder).new
    assert not publish(folder).new
    keys = list(db.session().scalars(select(StoredFile.key).order_by(StoredFile.key)))
    assert f"media/{digest_of('talk.mp4')}.mp4" in keys
    assert len(keys) == len(set(keys)) == len(course_media.files_of(newest()))
    assert files.read(f"media/{digest_of('talk.mp4')}.mp4", digest_of("talk.mp4")) == tiny_media.mp4()


def test_an_older_revision_stays_whole(folder: Path, files: FolderFiles) -> None:
    publish(folder)
    before = digest_of("plan.png")
    (folder / "media" / "plan.png").write_bytes(tiny_media.png(20, 20))
    assert publish(folder).new
    assert digest_of("plan.png") != before
    assert files.read(f"media/{before}.png", before) == tiny_media.png(600, 300)


def test_publishing_again_mends_what_a_disk_lost(folder: Path, files: FolderFiles) -> None:
    publish(folder)
    key = f"media/{digest_of('talk.mp4')}.mp4"
    (files.folder / key).write_bytes(b"damaged")
    assert not publish(folder).new
    assert files.read(key, digest_of("talk.mp4")) == tiny_media.mp4()


def test_a_file_that_changes_meanwhile_stops_publishing(
    folder: Path, files: FolderFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Late(FolderFiles):
        def copy(self, key: str, source: Path):  # type: ignore[no-untyped-def]  # as in the class above it
            source.write_bytes(source.read_bytes() + b"more")
            return super().copy(key, source)

    course_media.configure(Late(files.folder))
    found = publish(folder)
    assert not found.new
    assert all("changed while the course was being published" in one.text for one in found.problems)
    assert not [path for path in files.folder.rglob("*") if path.is_file()]
