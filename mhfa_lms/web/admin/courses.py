"""Courses: what is published, what is open to new learners, and what is wrong in the files."""

from dataclasses import dataclass, field

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms import clock, db
from mhfa_lms.content import loader
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import Course, CourseProblem, CourseRevision
from mhfa_lms.policy import Can
from mhfa_lms.services import acceptance, enrolments, publishing, review_state
from mhfa_lms.services.review_state import ReviewState
from mhfa_lms.web.access import requires
from mhfa_lms.web.admin.blueprint import blueprint
from mhfa_lms.web.admin.forms import AcceptForm
from mhfa_lms.web.identity import me, settings

# Older revisions live on in their enrolments, but nobody reads the list of them.
REVISIONS_SHOWN = 300
EACH = 5


@dataclass(slots=True)
class Listed:
    """One course's files and revisions. A course that was never published has problems only."""

    slug: str
    title: str
    review: ReviewState | None = None
    revisions: list[CourseRevision] = field(default_factory=list)
    # The revision that new learners take: the newest open one.
    live: int | None = None
    # The newest revision, while new learners do not get it.
    waits: CourseRevision | None = None
    problems: list[CourseProblem] = field(default_factory=list)
    has_files: bool = False


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
        if entry.live is None or entry.live < entry.revisions[0].id:
            entry.waits = entry.revisions[0]
    states = review_state.of_all(session, [entry.revisions[0] for entry in found.values()])
    for entry in found.values():
        entry.review = states[entry.revisions[0].id]
    for path in loader.find(settings().courses_dir):
        found.setdefault(path.name, Listed(path.name, path.name)).has_files = True
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
        accepted=acceptance.accepted(session, shown),
        folder=settings().courses_dir,
    )


@blueprint.route("/admin/courses/<int:revision_id>/accept", methods=["GET", "POST"])
@requires(Can.ADMINISTER)
def accept_course(revision_id: int) -> ResponseReturnValue:
    """Open a revision to new learners although no clinician has reviewed it, with a reason."""
    form = AcceptForm()
    revision = acceptance.by_id(db.session(), revision_id, by=me())
    if revision is None:
        abort(404)
    if not form.validate_on_submit():
        page = render_template("admin/accept.html", revision=revision, form=form)
        return page, 422 if form.is_submitted() else 200
    acceptance.accept(revision_id, by=me(), now=clock.now(), reason=form.reason.data or "")
    flash(_("The course is open to new learners. That you accepted it, and why, is kept."), "success")
    return redirect(url_for("admin.courses"), 303)
