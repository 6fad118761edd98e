"""Publishing: a course whose files are right becomes a revision, stored whole; one with problems changes nothing.

What is being served goes on being served, and administrators see the problems.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from mhfa_lms.content import loader
from mhfa_lms.content.problems import CourseProblemsError, Problem
from mhfa_lms.content.schema import Course as Content
from mhfa_lms.db import transaction
from mhfa_lms.models import CertificationType, Course, CourseKind, CourseProblem, CourseRevision
from mhfa_lms.policy import Actor, Can, require
from mhfa_lms.services import audit, course_media

# An administrator uses a course although no clinician has reviewed it: the trail is where that is kept.
ACCEPTED: Final = "course-accepted"
# More would only repeat itself; the command line shows every one.
PROBLEMS_KEPT: Final = 200


@dataclass(frozen=True, slots=True)
class Published:
    """What became of one course: the revision's number, whether it is new, or the problems that stopped it."""

    slug: str
    number: int | None
    new: bool
    problems: tuple[Problem, ...] = ()


def publish_all(folder: Path, *, by: Actor, now: datetime) -> list[Published]:
    """Publish every course under a folder; one with problems does not hold up the others."""
    return [publish(path, by=by, now=now) for path in loader.find(folder)]


def publish(folder: Path, *, by: Actor, now: datetime, correction: bool = False) -> Published:
    """Publish the course in a folder. Files that say what the newest revision says make no new one.

    `correction` marks the new revision as one that mends small mistakes of the revision before.
    """
    try:
        content = loader.load(folder)
        files = course_media.keep(content, folder)
    except CourseProblemsError as error:
        return _keep_problems(folder.name, error.problems, now=now)
    with transaction() as session:
        session.execute(delete(CourseProblem).where(CourseProblem.slug == content.slug))
        course = _course(session, content)
        course_media.record(session, files, now=now)
        last = session.scalars(
            select(CourseRevision)
            .where(CourseRevision.course_id == course.id)
            .order_by(CourseRevision.number.desc())
            .limit(1)
        ).one_or_none()
        document = content.model_dump(mode="json")
        digest = document_digest(document)
        if last and last.digest == digest:
            return Published(content.slug, last.number, new=False)
        revision = _add(session, course, content, digest, document, last, now=now, correction=correction)
        audit.record(
            session,
            "course-published",
            by=by,
            now=now,
            subject="course_revision",
            subject_id=revision.id,
            number=revision.number,
        )
        return Published(content.slug, revision.number, new=True)


def accept(revision_id: int, *, by: Actor, now: datetime) -> bool:
    """Note that a revision is used although no clinician has reviewed it. Returns False when there is no such one."""
    require(by, Can.ADMINISTER)
    with transaction() as session:
        revision = session.get(CourseRevision, revision_id)
        if revision is None:
            return False
        audit.record(
            session,
            ACCEPTED,
            by=by,
            now=now,
            subject=CourseRevision.__tablename__,
            subject_id=revision_id,
            number=revision.number,
        )
        return True


def document_digest(document: dict[str, Any]) -> str:
    """Return the SHA-256 of a course's canonical JSON, hexadecimal."""
    canonical = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def problems(session: Session) -> list[CourseProblem]:
    """Return the problems of the last publication, in order."""
    query = select(CourseProblem).order_by(CourseProblem.path, CourseProblem.line, CourseProblem.id)
    return list(session.scalars(query))


def _keep_problems(slug: str, found: list[Problem], *, now: datetime) -> Published:
    with transaction() as session:
        session.execute(delete(CourseProblem).where(CourseProblem.slug == slug))
        session.add_all(
            CourseProblem(slug=slug, path=problem.path, line=problem.line, text=problem.words, seen_at=now)
            for problem in found[:PROBLEMS_KEPT]
        )
    return Published(slug, None, new=False, problems=tuple(found))


def _course(session: Session, content: Content) -> Course:
    """Return the course's row, locked, with its certification type as the files describe it now."""
    named = content.certification
    kind = session.scalars(select(CertificationType).where(CertificationType.slug == named.slug)).one_or_none()
    if kind is None:
        kind = CertificationType(slug=named.slug, name=named.name, description=named.description)
        session.add(kind)
        session.flush()
    kind.name, kind.description = named.name, named.description
    course = session.scalars(select(Course).where(Course.slug == content.slug).with_for_update()).one_or_none()
    if course is None:
        course = Course(slug=content.slug, certification_type_id=kind.id, kind=CourseKind(content.kind))
        session.add(course)
        session.flush()
    return course


def _add(
    session: Session,
    course: Course,
    content: Content,
    digest: str,
    document: dict[str, Any],
    last: CourseRevision | None,
    *,
    now: datetime,
    correction: bool,
) -> CourseRevision:
    revision = CourseRevision(
        course_id=course.id,
        number=(last.number if last else 0) + 1,
        title=content.title,
        digest=digest,
        document=document,
        corrects_id=last.id if last and correction else None,
        published_at=now,
    )
    session.add(revision)
    session.flush()
    return revision
