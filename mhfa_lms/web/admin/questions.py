"""How a course's assessment questions do, for its authors."""

from collections.abc import Mapping

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue

from mhfa_lms import db
from mhfa_lms.content.questions import Ordering, Question
from mhfa_lms.i18n import gettext as _
from mhfa_lms.policy import Can
from mhfa_lms.services import question_statistics
from mhfa_lms.services.item_analysis import FEWEST, Oddity
from mhfa_lms.services.question_statistics import Asked
from mhfa_lms.web.access import requires
from mhfa_lms.web.admin.blueprint import blueprint
from mhfa_lms.web.admin.publishing import folder_of
from mhfa_lms.web.identity import me
from mhfa_lms.web.requests import whole


@blueprint.get("/admin/courses/<course>/questions")
@requires(Can.ADMINISTER)
def questions(course: str) -> ResponseReturnValue:
    """Each question with its difficulty, discrimination, what is chosen, and what is odd; by revision or over all."""
    session, number = db.session(), request.args.get("revision", type=whole)
    every = question_statistics.revisions(session, course, by=me())
    wanted = [one for one in every if number is None or one.number == number]
    if not wanted and (number is not None or folder_of(course) is None):
        abort(404)
    found = question_statistics.of(session, wanted, by=me())
    return render_template(
        "admin/questions.html",
        course=course,
        title=wanted[0].title if wanted else course,
        revisions=every,
        number=number,
        # What is odd comes first, then what can be said something about.
        found=sorted(found, key=lambda one: (not one.oddities, one.tally is None)),
        chosen={one.question.id: _chosen(one) for one in found},
        oddities=oddities(),
        fewest=FEWEST,
    )


def oddities() -> dict[Oddity, str]:
    """Return what to look at, in words."""
    return {
        Oddity.BACKWARDS: _("Those who do well on the rest get this wrong more often. Is the right answer marked?"),
        Oddity.HARD: _("Nearly everybody gets this wrong. Look at the wording, and at whether a step teaches it."),
        Oddity.MISLEADING: _("A wrong answer is chosen more often than the right one. Look at how they differ."),
        Oddity.EASY: _("Nearly everybody gets this right. It may give itself away."),
        Oddity.WEAK: _("It hardly tells those who know from those who do not."),
        Oddity.BLANK: _("Many leave it blank. Look at whether it is clear what to do."),
    }


def _chosen(one: Asked) -> list[tuple[str, int, bool]]:
    """Return what was chosen: in words, how often, and whether it fits; the most often chosen first."""
    if one.tally is None:
        return []
    names, right = _names(one.question), _right(one.question)
    every = dict.fromkeys(names, 0) | dict(one.tally.chosen)
    listed = [(names.get(piece, piece), count, piece in right) for piece, count in every.items()]
    return sorted(listed, key=lambda piece: -piece[1])


def _right(question: Question) -> set[str]:
    if isinstance(question, Ordering):
        return {f"{place}:{one}" for place, one in enumerate(question.right, 1)}
    return set(question.right)


def _names(question: Question) -> Mapping[str, str]:
    """Return what can be chosen, by the way it is stored."""
    asked = question.asked((), ())
    names = {one.value: one.text for one in asked.options}
    if isinstance(question, Ordering):
        places = range(1, len(asked.controls) + 1)
        return {f"{place}:{one.id}": f"{place}. {one.label}" for place in places for one in asked.controls}
    for control in asked.controls:
        for one in control.options:
            value = one.value if "=" in one.value else f"{control.id}={one.value}"
            names[value] = f"{control.label}: {one.text}"
    return names
