"""The files of published courses: stored once by their content, so that a revision stays whole when its folder changes.

The row of a file is made after its bytes are stored; a backup takes what the rows name. Files of courses are never
removed, as enrolments are pinned to old revisions.
"""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms.content.media import File
from mhfa_lms.content.media_files import FOLDER
from mhfa_lms.content.problems import CourseProblemsError, Problem
from mhfa_lms.content.schema import Course
from mhfa_lms.db import insert
from mhfa_lms.models import StoredFile


class Found(Protocol):
    """What a storage says of a stored file."""

    @property
    def size(self) -> int: ...
    @property
    def sha256(self) -> str: ...


class Storage(Protocol):
    """Where files are stored (`adapters.files.FolderFiles`)."""

    def copy(self, key: str, source: Path) -> Found: ...
    def find(self, key: str) -> Found | None: ...
    def remove(self, key: str) -> None: ...


class NoStorageError(RuntimeError):
    """A course with files was to be published before `configure`."""


_storage: Storage | None = None


def configure(storage: Storage) -> None:
    """Say where this process stores the files of courses."""
    global _storage  # one process serves one installation, as with the database
    _storage = storage


def keep(course: Course, folder: Path) -> list[File]:
    """Store every file of a course that was just read from its folder; what is stored already stays as it is.

    To be called before the transaction that records them: copying takes long. Raises `CourseProblemsError` when a file
    is no longer what it was when the course was read.
    """
    files = files_of(course)
    changed = [file for file in files if not _stored(file, folder / FOLDER / file.name)]
    if changed:
        text = "the file changed while the course was being published: publish it again"
        raise CourseProblemsError([Problem(f"{folder.name}/{FOLDER}/{file.name}", 1, text) for file in changed])
    return files


def _stored(file: File, source: Path) -> bool:
    if _storage is None:
        raise NoStorageError
    found = _storage.find(file.key)
    if found is not None and found.sha256 != file.sha256:
        # A disk that lost some of it: the author's file is whole.
        _storage.remove(file.key)
        found = None
    try:
        kept = found or _storage.copy(file.key, source)
    except FileNotFoundError:
        return False
    if kept.sha256 != file.sha256:
        _storage.remove(file.key)
    return kept.sha256 == file.sha256


def record(session: Session, files: Iterable[File], *, now: datetime) -> None:
    """Note stored files in the caller's transaction; those known already stay as they are."""
    wanted = {file.key: file for file in files}
    known = set(session.scalars(select(StoredFile.key).where(StoredFile.key.in_(wanted))))
    rows = [
        {
            "key": key,
            "media_type": file.media_type,
            "size": file.size,
            "sha256": file.sha256,
            "created_at": now,
        }
        for key, file in sorted(wanted.items())
        if key not in known
    ]
    if rows:
        session.execute(insert(session, StoredFile).values(rows).on_conflict_do_nothing(index_elements=["key"]))


def files_of(course: Course) -> list[File]:
    """Return the files of a course, each once, in the order of its steps."""
    return list({file.key: file for _module, step in course.steps() for file in step.files}.values())
