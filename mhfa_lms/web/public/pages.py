"""The public pages that need no more than reading."""

from dataclasses import dataclass

from flask import Response, abort, jsonify, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import db
from mhfa_lms.content.markdown import render
from mhfa_lms.content.schema import Course as Content
from mhfa_lms.models import CourseRevision
from mhfa_lms.services import catalogue, readiness, review_state
from mhfa_lms.services.privacy import PRIVACY_VERSION
from mhfa_lms.services.review_state import ReviewState
from mhfa_lms.web.access import public
from mhfa_lms.web.identity import actor
from mhfa_lms.web.public import tested
from mhfa_lms.web.public.blueprint import blueprint


@dataclass(frozen=True, slots=True)
class Listed:
    """A course as the public list shows it."""

    revision: CourseRevision
    content: Content
    review: ReviewState

    @property
    def minutes(self) -> int:
        """The time its steps take, in minutes."""
        return sum(module.minutes for module in self.content.modules)


def _listed() -> list[Listed]:
    session = db.session()
    offered = catalogue.newest(session)
    states = review_state.of_all(session, offered)
    return [Listed(one, catalogue.shown(one), states[one.id]) for one in offered]


@blueprint.get("/")
@public
def index() -> ResponseReturnValue:
    """What the site is for; people who are signed in go on to their home page."""
    if actor():
        return redirect(url_for("learn.home"), 303)
    return render_template("public/index.html", listed=_listed())


@blueprint.get("/courses")
@public
def courses() -> str:
    """The courses that can be taken here."""
    return render_template("public/courses.html", listed=_listed())


@blueprint.get("/courses/<slug>")
@public
def course(slug: str) -> str:
    """One course: who it is for, what is in it, where its facts come from, whether a clinician reviewed it."""
    found = next((entry for entry in _listed() if entry.content.slug == slug), None)
    if found is None:
        abort(404)
    return render_template("public/course.html", entry=found, about=render(found.content.about))


@blueprint.get("/privacy")
@public
def privacy() -> str:
    """What is kept about people, why, for how long and who sees it."""
    return render_template("public/privacy.html", version=PRIVACY_VERSION)


@blueprint.get("/accessibility")
@public
def accessibility() -> str:
    """What was done so that everybody can use the site, and what is known not to work."""
    return render_template(
        "public/accessibility.html",
        checker=tested.CHECKER,
        widths=tested.WIDTHS,
        stated_on=tested.STATED_ON,
    )


@blueprint.get("/shortcuts")
@public
def shortcuts() -> str:
    """The keys that do something by themselves, and the switch that turns them off in this browser."""
    return render_template("public/shortcuts.html")


@blueprint.get("/healthz")
@public
def healthz() -> Response:
    """This process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@public
def readyz() -> ResponseReturnValue:
    """This process can serve people: database, migrations and courses are there."""
    parts = readiness.check()
    ready = all(parts.values())
    return jsonify(status="ready" if ready else "not ready", **parts), 200 if ready else 503
