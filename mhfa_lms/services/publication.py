"""What publishing would change, and for whom: a course's files beside its newest revision. Nothing is written."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mhfa_lms.content import differences, loader
from mhfa_lms.content.corrections import TooLarge, too_large
from mhfa_lms.content.differences import Difference
from mhfa_lms.content.problems import CourseProblemsError, Problem
from mhfa_lms.content.schema import Course as Content
from mhfa_lms.models import Course, CourseRevision, Enrolment, EnrolmentState
from mhfa_lms.policy import Actor, Can, require
from mhfa_lms.services import acceptance, catalogue, corrections, publishing
from mhfa_lms.services.corrections import Stays


@dataclass(frozen=True, slots=True)
class UnderWay:
    """How many learn on a revision now, and why a correction of the newest one would not reach them, if so."""

    number: int
    learners: int
    stays: Stays | None = None

    @property
    def reached(self) -> bool:
        """Whether it would reach them."""
        return self.stays is None


@dataclass(frozen=True, slots=True)
class Plan:
    """What publishing a course's files would do. `last` is the newest revision, `live` what new learners take now.

    With `problems` there is no `content`, and nothing can be published.
    """

    slug: str
    content: Content | None
    last: CourseRevision | None
    live: CourseRevision | None
    problems: tuple[Problem, ...] = ()
    differences: tuple[Difference, ...] = ()
    too_large: tuple[TooLarge, ...] = ()
    under_way: tuple[UnderWay, ...] = ()
    # Whether a revision made of these files opens by itself, because they say who reviewed this text.
    reviewed: bool = False

    @property
    def changed(self) -> bool:
        """Whether there is anything to publish."""
        return self.content is not None and (self.last is None or bool(self.differences))

    @property
    def number(self) -> int:
        """The number the new revision would have."""
        return self.last.number + 1 if self.last else 1

    @property
    def can_correct(self) -> bool:
        """Whether the change is small enough to be published as a correction."""
        return self.changed and self.last is not None and not self.too_large

    @property
    def staying(self) -> int:
        """How many learn now: all of them stay where they are, unless it is a correction."""
        return sum(one.learners for one in self.under_way)

    @property
    def reached(self) -> int:
        """How many of them a correction would reach."""
        return sum(one.learners for one in self.under_way if one.reached)


def plan(session: Session, folder: Path, *, by: Actor) -> Plan:
    """Return what publishing the files in a course's folder would do now. Six queries, and one for each older revision
    that learners are on. Raises `Forbidden`."""
    require(by, Can.ADMINISTER)
    slug = folder.name
    course = session.scalars(select(Course).where(Course.slug == slug)).one_or_none()
    last = publishing.newest_of(session, course.id) if course else None
    live = catalogue.newest_of(session, course.id) if course else None
    try:
        content = loader.load(folder)
    except CourseProblemsError as error:
        problems = tuple(error.problems)
        return Plan(slug, None, last, live, problems, under_way=_under_way(session, last, {}, {}))
    # As it was stored: what learners are shown takes answers in other languages too, which the files do not say.
    before = Content.model_validate(last.document) if last else None
    old, new = (one.model_dump(mode="json") if one else {} for one in (before, content))
    return Plan(
        slug,
        content,
        last,
        live,
        differences=tuple(differences.between(old, new)) if before else (),
        too_large=tuple(too_large(old, new)) if before else (),
        under_way=_under_way(session, last, old, new),
        reviewed=acceptance.says_reviewed(content, before),
    )


def _under_way(
    session: Session, last: CourseRevision | None, before: dict[str, Any], after: dict[str, Any]
) -> tuple[UnderWay, ...]:
    if last is None:
        return ()
    ends = corrections.newest(session)
    fitted = {one.id: found for one, found in corrections.for_older(session, before, after, last).items()}
    rows = session.execute(
        select(CourseRevision.id, CourseRevision.number, func.count(Enrolment.id))
        .join(Enrolment, (Enrolment.revision_id == CourseRevision.id) & (Enrolment.state == EnrolmentState.ACTIVE))
        .where(CourseRevision.course_id == last.course_id)
        .group_by(CourseRevision.id, CourseRevision.number)
        .order_by(CourseRevision.number.desc())
    )
    found = [(number, count, fitted.get(ends.get(one, one))) for one, number, count in rows]
    return tuple(UnderWay(number, count, why if isinstance(why, Stays) else None) for number, count, why in found)
