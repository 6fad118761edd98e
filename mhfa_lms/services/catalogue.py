"""Published courses by revision. A revision never changes, so a process keeps those it has read."""

from functools import lru_cache
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mhfa_lms import i18n
from mhfa_lms.content import translations
from mhfa_lms.content.heads import Review
from mhfa_lms.content.schema import Course
from mhfa_lms.db import session as reading
from mhfa_lms.models import CertificationType, CourseRevision

_LAST: Final = (
    select(CourseRevision.course_id, func.max(CourseRevision.number).label("number"))
    .where(CourseRevision.open.is_(True))
    .group_by(CourseRevision.course_id)
    .subquery()
)
# Made once: putting it together takes longer than running it.
_NEWEST: Final = (
    select(CourseRevision)
    .join(_LAST, (_LAST.c.course_id == CourseRevision.course_id) & (_LAST.c.number == CourseRevision.number))
    .order_by(CourseRevision.title, CourseRevision.id)
)


class UnknownRevisionError(LookupError):
    """There is no such revision."""


# Keyed by digest, not by id alone: two databases in one process (tests, a restore) number alike.
@lru_cache(maxsize=64)
def _parse(digest: str, revision_id: int) -> Course:
    return translations.accepting(Course.model_validate(_read(digest, revision_id)))


def _read(digest: str, revision_id: int) -> dict[str, Any]:
    document: dict[str, Any] | None = (
        reading()
        .scalars(
            select(CourseRevision.document).where(CourseRevision.id == revision_id, CourseRevision.digest == digest)
        )
        .one_or_none()
    )
    if document is None:
        raise UnknownRevisionError(revision_id)
    return document


@lru_cache(maxsize=128)
def _spoken(digest: str, revision_id: int, language: str) -> Course:
    return translations.spoken(_parse(digest, revision_id), language)


def course(revision: CourseRevision, language: str = "") -> Course:
    """Return the course of a revision that is at hand, in its own language or in one that it is translated into.

    Each text knows which language it is in: a passage that is not translated is in the course's own. The document is
    read once per process.
    """
    return _spoken(revision.digest, revision.id, language or _parse(revision.digest, revision.id).language)


# What files say of a review is little, and asked of many old revisions: they must not push out the courses in use.
@lru_cache(maxsize=4096)
def _review(digest: str, revision_id: int) -> Review:
    return Review.model_validate(_read(digest, revision_id)["review"])


def review(revision: CourseRevision) -> Review:
    """Return what a revision's files say of its clinical review."""
    return _review(revision.digest, revision.id)


def shown(revision: CourseRevision) -> Course:
    """Return the course of a revision in the language of whoever reads it, as far as it is translated."""
    return course(revision, translations.choose(_parse(revision.digest, revision.id), i18n.for_courses()))


def by_id(revision_id: int) -> Course:
    """Return the course of a revision. Raises `UnknownRevisionError`."""
    revision = reading().get(CourseRevision, revision_id)
    if revision is None:
        raise UnknownRevisionError(revision_id)
    return course(revision)


def newest(session: Session) -> list[CourseRevision]:
    """Return each course's newest open revision, in the order of their titles: what new enrolments take."""
    return list(session.scalars(_NEWEST))


def newest_of(session: Session, course_id: int) -> CourseRevision | None:
    """Return a course's newest open revision."""
    return session.scalars(
        select(CourseRevision)
        .where(CourseRevision.course_id == course_id, CourseRevision.open.is_(True))
        .order_by(CourseRevision.number.desc())
        .limit(1)
    ).one_or_none()


def certification(slug: str) -> CertificationType | None:
    """Return what somebody can be certified in, by its slug."""
    return reading().scalars(select(CertificationType).where(CertificationType.slug == slug)).one_or_none()
