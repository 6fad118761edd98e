"""Courses on paper, for coordinators to hand out."""

from flask import abort, url_for

from mhfa_lms import db
from mhfa_lms.policy import Can
from mhfa_lms.services import catalogue
from mhfa_lms.web.access import requires
from mhfa_lms.web.coordinate.blueprint import blueprint
from mhfa_lms.web.learn import paper


@blueprint.get("/coordinate/courses/<slug>/paper")
@requires(Can.COORDINATE)
def course_paper(slug: str) -> str:
    """A whole course to read and print."""
    return _page("paper", slug)


@blueprint.get("/coordinate/courses/<slug>/workbook")
@requires(Can.COORDINATE)
def course_workbook(slug: str) -> str:
    """A course's workbook."""
    return _page("workbook", slug)


def _page(kind: str, slug: str) -> str:
    offered = ((revision, catalogue.shown(revision)) for revision in catalogue.newest(db.session()))
    found = next(((revision, course) for revision, course in offered if course.slug == slug), None)
    if found is None:
        abort(404)
    revision, course = found
    return paper.page(kind, revision, course.modules, reader=0, back=url_for("coordinate.courses"), left_out=0)
