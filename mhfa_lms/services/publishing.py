"""Publishing: a course whose files are right becomes a revision, stored whole; one with problems changes nothing.

What is being served goes on being served, and administrators see the problems.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from mhfa_lms.content import loader
from mhfa_lms.content.corrections import TooLarge, too_large
from mhfa_lms.content.media import File
from mhfa_lms.content.problems import CourseProblemsError, Problem
from mhfa_lms.content.schema import Course as Content
from mhfa_lms.db import transaction
from mhfa_lms.models import CertificationType, Course, CourseKind, CourseProblem, CourseRevision
from mhfa_lms.policy import Actor, Can, require
from mhfa_lms.services import acceptance, audit, corrections, course_media, review_mail

# More would only repeat itself; the command line shows every one.
PROBLEMS_KEPT: Final = 200


@dataclass(frozen=True, slots=True)
class Published:
    """What became of one course: the revision's number, whether it is new and open to new learners, and how many
    learners under way got it as a correction; or the problems, or what is too large for a correction, that stopped it.
    """

    slug: str
    number: int | None
    new: bool
    problems: tuple[Problem, ...] = ()
    too_large: tuple[TooLarge, ...] = ()
    open: bool = True
    corrected: int = 0


def publish_all(folder: Path, *, by: Actor, now: datetime) -> list[Published]:
    """Publish every course under a folder; one with problems does not hold up the others."""
    return [publish(path, by=by, now=now) for path in loader.find(folder)]


def publish(folder: Path, *, by: Actor, now: datetime, correction: bool = False) -> Published:
    """Publish the course in a folder. Files that say what the newest revision says make no new one.

    `correction` marks the new revision as one that mends small mistakes of the revision before, and gives it to the
    learners who are under way on that one; refused where it is more than that (`mhfa_lms.content.corrections`).
    A revision opens to new learners when its files say who reviewed it, or when it corrects one that is open; any other
    waits for an acceptance or a sign-off.
    """
    require(by, Can.ADMINISTER)
    try:
        content = loader.load(folder)
        files = course_media.keep(content, folder)
    except CourseProblemsError as error:
        return _keep_problems(folder.name, error.problems, now=now)
    return publish_content(content, files, by=by, now=now, correction=correction)


def publish_content(
    content: Content, files: Sequence[File] = (), *, by: Actor, now: datetime, correction: bool = False
) -> Published:
    """Publish a course that was read already, and whose media are kept already; otherwise as `publish`."""
    require(by, Can.ADMINISTER)
    done = _publish(content, files, by=by, now=now, correction=correction)
    # In transactions of their own, so that nobody who learns waits for all the others.
    return replace(done, corrected=corrections.flow(now=now)) if done.new and correction else done


def _publish(content: Content, files: Sequence[File], *, by: Actor, now: datetime, correction: bool) -> Published:
    document = content.model_dump(mode="json")
    with transaction() as session:
        session.execute(delete(CourseProblem).where(CourseProblem.slug == content.slug))
        course = _course(session, content)
        course_media.record(session, files, now=now)
        last = newest_of(session, course.id)
        before = Content.model_validate(last.document) if last else None
        if last and before == content:
            return Published(content.slug, last.number, new=False, open=last.open)
        # Both as this version of the program writes them, so that a field it has learnt since is no difference.
        if before and correction and (found := too_large(before.model_dump(mode="json"), document)):
            return Published(content.slug, None, new=False, too_large=tuple(found))
        corrects = last if correction else None
        ready = corrects.open if corrects else acceptance.says_reviewed(content, before)
        if corrects and before:
            # Before the revision itself, which stays the newest.
            last = _carry(session, course, before, document, corrects, by=by, now=now)
        revision = _add(session, course, content, document, last, corrects, now=now)
        if ready:
            acceptance.open_up(session, revision)
        else:
            review_mail.waits(session, revision, now=now)
        verb = "course-correction-published" if corrects else "course-published"
        subject, number = CourseRevision.__tablename__, revision.number
        audit.record(session, verb, by=by, now=now, subject=subject, subject_id=revision.id, number=number)
        return Published(content.slug, number, new=True, open=ready)


def _carry(
    session: Session,
    course: Course,
    before: Content,
    document: dict[str, Any],
    last: CourseRevision,
    *,
    by: Actor,
    now: datetime,
) -> CourseRevision:
    """Correct the older revisions that learners are still on, where the correction fits; returns the last one made."""
    newest = last
    for older, carried in corrections.for_older(session, before.model_dump(mode="json"), document, last).items():
        if not isinstance(carried, Content):
            continue
        newest = _add(session, course, carried, carried.model_dump(mode="json"), newest, older, now=now)
        subject, number = CourseRevision.__tablename__, newest.number
        verb = "course-correction-published"
        audit.record(session, verb, by=by, now=now, subject=subject, subject_id=newest.id, number=number)
    return newest


def newest_of(session: Session, course_id: int) -> CourseRevision | None:
    """Return a course's newest revision, open or not."""
    of_course = select(CourseRevision).where(CourseRevision.course_id == course_id)
    return session.scalars(of_course.order_by(CourseRevision.number.desc()).limit(1)).one_or_none()


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
    """Return the course's row, locked; a new one with its certification type as the files describe it."""
    course = session.scalars(select(Course).where(Course.slug == content.slug).with_for_update()).one_or_none()
    if course is None:
        named = content.certification
        kind = session.scalars(select(CertificationType).where(CertificationType.slug == named.slug)).one_or_none()
        kind = kind or CertificationType(slug=named.slug, name=named.name, description=named.description)
        course = Course(slug=content.slug, certification_type=kind, kind=CourseKind(content.kind))
        session.add(course)
        session.flush()
    return course


def _add(
    session: Session,
    course: Course,
    content: Content,
    document: dict[str, Any],
    last: CourseRevision | None,
    corrects: CourseRevision | None,
    *,
    now: datetime,
) -> CourseRevision:
    revision = CourseRevision(
        course_id=course.id,
        number=(last.number if last else 0) + 1,
        title=content.title,
        digest=document_digest(document),
        document=document,
        corrects_id=corrects.id if corrects else None,
        published_at=now,
        open=False,
    )
    session.add(revision)
    session.flush()
    return revision
