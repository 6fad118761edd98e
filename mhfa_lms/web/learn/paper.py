"""A course on paper: a file to read and print, and a workbook to write in, for those without a device or a connection.

Nothing of the assessment is in them. Steps with a content note give their summary, unless the whole text is asked for.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask import abort, render_template, request
from markupsafe import Markup

from mhfa_lms import clock, db
from mhfa_lms.content import glossary
from mhfa_lms.content.markdown import render, within
from mhfa_lms.content.questions import Asked, Review
from mhfa_lms.content.schema import Module, Step
from mhfa_lms.help import lines
from mhfa_lms.models import CourseRevision, Enrolment
from mhfa_lms.policy import Can
from mhfa_lms.services import catalogue, help_lines, learning, review_state
from mhfa_lms.web.access import requires
from mhfa_lms.web.identity import me
from mhfa_lms.web.learn.blueprint import blueprint
from mhfa_lms.web.learn.load import course_of, own_enrolment


@dataclass(frozen=True, slots=True)
class Printed:
    """A step on paper. `gentle`: its summary stands for the whole text."""

    number: int
    step: Step
    body: Markup
    gentle: bool
    asked: Asked | None
    answer: Review | None


@dataclass(frozen=True, slots=True)
class Chapter:
    """A module on paper."""

    module: Module
    steps: list[Printed]


def chapters(modules: Sequence[Module], *, whole: bool, reader: int) -> list[Chapter]:
    """Return modules as they are printed; `reader` settles the order in which a question's options stand."""
    return [Chapter(module, list(_steps(module, whole, reader))) for module in modules]


def _steps(module: Module, whole: bool, reader: int) -> Iterator[Printed]:
    for number, step in enumerate(module.steps, 1):
        gentle = step.content_note is not None and not whole
        question = step.question
        yield Printed(
            number,
            step,
            within(render((step.summary or step.body) if gentle else step.body), 2),
            gentle,
            question.asked(learning.order(reader, question), []) if question else None,
            question.looked(question.right) if question else None,
        )


def _facts(revision: CourseRevision) -> dict[str, object]:
    """Return what the paper says of its text's review, and whom its reader can call, as Help now shows it."""
    who, session, directory = me(), db.session(), lines.load()
    country = directory.country(who.country) if who.country else None
    return {
        "review": review_state.of(session, revision),
        "revision": revision,
        "country": country,
        "shown": country or directory.international,
        "own_lines": help_lines.listed(session, by=who),
        "today": clock.civil_date(clock.now(), who.timezone),
    }


def page(kind: str, revision: CourseRevision, modules: Sequence[Module], *, reader: int, **more: object) -> str:
    """Return the page `paper` (to read) or `workbook` (to write in) of some modules of a revision.

    `reader` settles the order of options; `more` names `back` and `left_out`.
    """
    course, whole = catalogue.shown(revision), "whole" in request.args
    return render_template(
        f"learn/{kind}.html",
        course=course,
        chapters=chapters(modules, whole=whole, reader=reader),
        whole=whole,
        has_notes=any(step.content_note for module in modules for step in module.steps),
        words=glossary.sorted_terms(course) if kind == "paper" else [],
        here=request.path,
        only=request.args.get("module", ""),
        quick_exit=any(step.offers_exit for module in modules for step in module.steps),
        **(_facts(revision) if kind == "paper" else {}),
        **more,
    )


def _open(enrolment: Enrolment) -> list[Module]:
    """Return the modules that are open to a learner, or the one that is asked for."""
    course = course_of(enrolment)
    path = learning.progress(db.session(), enrolment.id, course).path
    wanted = request.args.get("module")
    found = [one for one in course.modules if wanted in {None, one.id} and path.module_lock(one) is None]
    if not found:
        abort(404)
    return found


def _own(kind: str, enrolment: Enrolment) -> str:
    course, modules = course_of(enrolment), _open(enrolment)
    left_out = len(course.modules) - len(modules) if "module" not in request.args else 0
    return page(
        kind, enrolment.revision, modules, reader=enrolment.id, back=f"/learn/{enrolment.id}", left_out=left_out
    )


@blueprint.get("/learn/<int:enrolment_id>/paper")
@requires(Can.LEARN, load=own_enrolment)
def paper(enrolment: Enrolment) -> str:
    """The open modules of one's course, or one of them, to read and print."""
    return _own("paper", enrolment)


@blueprint.get("/learn/<int:enrolment_id>/workbook")
@requires(Can.LEARN, load=own_enrolment)
def workbook(enrolment: Enrolment) -> str:
    """A workbook with room to write, for the same modules."""
    return _own("workbook", enrolment)
