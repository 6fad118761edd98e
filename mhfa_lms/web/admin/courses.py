"""Courses: what is published, what is wrong in their files, and publishing anew."""

from dataclasses import dataclass, field

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms import clock, db
from mhfa_lms.content.schema import Review
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import ngettext
from mhfa_lms.models import Course, CourseProblem, CourseRevision
from mhfa_lms.policy import Can
from mhfa_lms.services import catalogue, enrolments, first_steps, publishing
from mhfa_lms.web.access import requires
from mhfa_lms.web.admin.blueprint import blueprint
from mhfa_lms.web.identity import me, settings

# Older revisions live on in their enrolments, but nobody reads the list of them.
REVISIONS_SHOWN = 300
EACH = 5


@dataclass(slots=True)
class Listed:
    """One course's files and revisions. A course that was never published has problems only."""

    slug: str
    title: str
    review: Review | None = None
    revisions: list[CourseRevision] = field(default_factory=list)
    # The revision that new learners take: the newest open one.
    live: int | None = None
    problems: list[CourseProblem] = field(default_factory=list)


def _listed(session: Session) -> list[Listed]:
    found: dict[str, Listed] = {}
    rows = session.execute(
        select(Course.slug, CourseRevision)
        .join(CourseRevision, CourseRevision.course_id == Course.id)
        .order_by(CourseRevision.id.desc())
        .limit(REVISIONS_SHOWN)
    )
    for slug, revision in rows:
        entry = found.setdefault(slug, Listed(slug, revision.title))
        if len(entry.revisions) < EACH:
            entry.revisions.append(revision)
        if revision.open and entry.live is None:
            entry.live = revision.id
    for entry in found.values():
        entry.review = catalogue.course(entry.revisions[0]).review
    for problem in publishing.problems(session):
        found.setdefault(problem.slug, Listed(problem.slug, problem.slug)).problems.append(problem)
    return sorted(found.values(), key=lambda entry: entry.slug)


@blueprint.get("/admin/courses")
@requires(Can.ADMINISTER)
def courses() -> ResponseReturnValue:
    """Each course with its newest revisions, its clinical review and the problems in its files."""
    session = db.session()
    listed = _listed(session)
    shown = [revision.id for entry in listed for revision in entry.revisions]
    return render_template(
        "admin/courses.html",
        listed=listed,
        enrolled=enrolments.by_revision(session, shown, by=me()),
        accepted=first_steps.accepted(session, shown),
        folder=settings().courses_dir,
    )


@blueprint.post("/admin/courses/publish")
@requires(Can.ADMINISTER)
def publish() -> ResponseReturnValue:
    """Read the course files again and publish what has changed."""
    done = publishing.publish_all(settings().courses_dir, by=me(), now=clock.now())
    new = sum(one.new for one in done)
    broken = sum(bool(one.problems) for one in done)
    if new:
        flash(ngettext("%(num)s course has a new revision.", "%(num)s courses have a new revision.", new), "success")
    if broken:
        flash(
            ngettext(
                "%(num)s course has problems. What was published before goes on being served.",
                "%(num)s courses have problems. What was published before goes on being served.",
                broken,
            ),
            "warning",
        )
    if not new and not broken:
        flash(_("The files say what is published already. Nothing was changed."), "info")
    return redirect(url_for("admin.courses"), 303)


@blueprint.post("/admin/courses/<int:revision_id>/accept")
@requires(Can.ADMINISTER)
def accept_course(revision_id: int) -> ResponseReturnValue:
    """Note that a revision is used although no clinician has reviewed it."""
    if not publishing.accept(revision_id, by=me(), now=clock.now()):
        abort(404)
    flash(_("Noted, with your name, in the audit trail."), "success")
    return redirect(url_for("admin.courses"), 303)
