"""Settings: every variable and every rule with its value, where it comes from, and the way to change a rule."""

from dataclasses import dataclass

from flask import render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms import db
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import CourseRevision, Organisation
from mhfa_lms.policy import Can
from mhfa_lms.services import catalogue, organisations, rules
from mhfa_lms.services.rules import Rule
from mhfa_lms.web import rule_words as words
from mhfa_lms.web.access import requires
from mhfa_lms.web.admin import variable_words
from mhfa_lms.web.admin.blueprint import blueprint
from mhfa_lms.web.identity import settings as installation


@dataclass(frozen=True, slots=True)
class Ruled:
    """A rule with its value in words and where that comes from; `own` when it is not the program's default."""

    key: str
    title: str
    value: str
    source: str
    own: bool
    # Whether it can be changed for the course that was chosen.
    for_courses: bool


def _ruled(session: Session, row: Organisation | None, revision: CourseRevision | None) -> list[Ruled]:
    found = rules.resolve(
        session,
        list(Rule),
        organisation_id=row.id if row else None,
        course_id=revision.course_id if revision else None,
        revision_defaults=catalogue.course(revision).defaults.model_dump() if revision else None,
    )
    above = {int(one.source.partition(":")[2]) for one in found.values() if ":" in one.source}
    named = {
        one.id: one.name
        for one in session.execute(select(Organisation.id, Organisation.name).where(Organisation.id.in_(above)))
    }
    return [
        Ruled(
            rule.value,
            words.rule(rule),
            words.value(one.value),
            words.source(one, row, revision, named),
            one.source != "default",
            rule in rules.FOR_COURSES,
        )
        for rule, one in found.items()
    ]


@blueprint.get("/admin/settings")
@requires(Can.ADMINISTER)
def settings() -> ResponseReturnValue:
    """The variables of the environment, then the rules of an organisation, in a course."""
    session = db.session()
    slug = request.args.get("organisation", "").strip().lower()[:60]
    course = request.args.get("course", "").strip()[:60]
    row = organisations.by_slug(session, slug) if slug else None
    offered = {catalogue.course(one).slug: one for one in catalogue.newest(session)}
    revision = offered.get(course)
    missing = bool(slug) and row is None
    return render_template(
        "admin/settings.html",
        variables=installation().variables,
        words=variable_words,
        row=row,
        slug=slug,
        course=course if revision else "",
        courses=[(one, offered[one].title) for one in offered],
        ruled=[] if missing else _ruled(session, row, revision),
        page_errors=[{"id": "organisation", "text": _("There is no organisation with this short name")}]
        if missing
        else [],
    ), 404 if missing else 200
