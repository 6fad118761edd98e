"""The marking desk: one answer, its rubric, and what became of it."""

from typing import Any

from flask import Response, abort, flash, jsonify, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db
from mhfa_lms.content.markdown import render
from mhfa_lms.i18n import format_time
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import ScenarioAnswer
from mhfa_lms.policy import Can
from mhfa_lms.services import grading, marking_queue, marks, safeguarding
from mhfa_lms.services.grading import DecidedError, TakenError
from mhfa_lms.web import language
from mhfa_lms.web.access import requires
from mhfa_lms.web.grading import reading
from mhfa_lms.web.grading.blueprint import blueprint
from mhfa_lms.web.grading.queue import go_on
from mhfa_lms.web.grading.reading import Hold
from mhfa_lms.web.grading.sheet import Sheet
from mhfa_lms.web.identity import me
from mhfa_lms.web.pages import zone


@blueprint.route("/mark/<int:answer_id>", methods=["GET", "POST"])
@requires(Can.MARK, load=reading.submitted)
def answer(found: ScenarioAnswer) -> ResponseReturnValue:
    """The answer to mark; once it is marked, the result with the learner's name."""
    if request.method == "POST":
        return _send(found)
    kept = Sheet.read(_scenario(found), reading.draft(found.id))
    if reading.decided(found):
        return _result(found, kept)
    return _desk(found, kept, {})


@blueprint.post("/mark/<int:answer_id>/hold")
@requires(Can.MARK, load=reading.submitted)
def hold(found: ScenarioAnswer) -> ResponseReturnValue:
    """Take an answer that nobody holds, or keep one's own for longer."""
    answer_id = found.id
    try:
        until = grading.hold(answer_id, by=me(), now=clock.now())
    except (TakenError, DecidedError):
        # The answer's own page says who was quicker.
        return redirect(url_for("grading.answer", answer_id=answer_id), 303)
    flash(_("You have this answer until %(time)s.", time=format_time(until, zone())), "info")
    return redirect(url_for("grading.answer", answer_id=answer_id), 303)


@blueprint.post("/mark/<int:answer_id>/let-go")
@requires(Can.MARK, load=reading.submitted)
def let_go(found: ScenarioAnswer) -> ResponseReturnValue:
    """Give an answer back."""
    grading.let_go(found.id, by=me(), now=clock.now())
    flash(_("You gave the answer back. Somebody else can mark it now."), "info")
    return redirect(url_for("grading.queue"), 303)


@blueprint.post("/mark/<int:answer_id>/draft")
@requires(Can.MARK, load=reading.submitted)
def draft(found: ScenarioAnswer) -> ResponseReturnValue:
    """Keep an unfinished mark (JSON, fields by name); says whether the answer is still the marker's."""
    fields = request.get_json(silent=True)
    if not isinstance(fields, dict):
        return jsonify(error="Unprocessable Entity", message=_("Send the fields of the form as JSON.")), 422
    sheet = Sheet.read(_scenario(found), fields)
    return jsonify(held=grading.save_draft(found.id, sheet.values, by=me(), now=clock.now()))


@blueprint.post("/mark/<int:answer_id>/worried")
@requires(Can.MARK, load=reading.submitted)
def worried(found: ScenarioAnswer) -> ResponseReturnValue:
    """Tell the safeguarding lead that the writer may need somebody. What was typed so far is kept."""
    answer_id, by, now = found.id, me(), clock.now()
    if not reading.decided(found):
        grading.save_draft(answer_id, Sheet.read(_scenario(found), request.form).values, by=by, now=now)
    try:
        safeguarding.flag(answer_id, by=by, now=now)
    except safeguarding.NobodyThereError:
        flash(_("Nobody can be told from here. Please speak to one of the people named below, today."), "warning")
    else:
        flash(_("The safeguarding lead has been told, and can find the writer. You can go on marking."), "success")
    return redirect(url_for("grading.answer", answer_id=answer_id), 303)


def _scenario(found: ScenarioAnswer) -> Any:
    scenario = reading.scenario_of(found)
    if scenario is None:
        abort(404)
    return scenario


def _send(found: ScenarioAnswer) -> ResponseReturnValue:
    sheet = Sheet.read(_scenario(found), request.form)
    if code := language.asked():
        grading.save_draft(found.id, sheet.values, by=me(), now=clock.now())
        return language.switched(code, language.here())
    problems = sheet.problems()
    if problems:
        return _page(_desk(found, sheet, problems), 422)
    answer_id, alias, by, now = found.id, found.alias, me(), clock.now()
    try:
        given = grading.mark(answer_id, sheet.judgement(), sheet.feedback, by=by, now=now)
    except (TakenError, DecidedError):
        grading.save_draft(answer_id, sheet.values, by=by, now=now)
        return _too_late(answer_id, sheet)
    passed = given.passed
    flash(_saved(alias, passed=passed), "success")
    if request.form.get("then") == "stop":
        return redirect(url_for("grading.answer", answer_id=answer_id), 303)
    return go_on()


def _saved(alias: str, *, passed: bool) -> str:
    if passed:
        return _("Saved: learner %(alias)s passed.", alias=alias)
    return _("Saved: learner %(alias)s is asked to try again.", alias=alias)


def _too_late(answer_id: int, sheet: Sheet) -> ResponseReturnValue:
    """Somebody else was quicker: say so, and keep everything that was typed."""
    found = reading.submitted(me(), answer_id)
    if found is None:
        abort(404)
    if reading.decided(found):
        return _page(_result(found, sheet, late=True), 409)
    return _page(_desk(found, sheet, {}, late=True), 409)


def _page(text: str, status: int) -> Response:
    response = make_response(text)
    response.status_code = status
    return response


def _desk(found: ScenarioAnswer, sheet: Sheet, problems: dict[str, str], *, late: bool = False) -> str:
    paper = reading.paper(found, sheet.scenario, now=clock.now())
    errors = [{"id": name, "text": words} for name, words in problems.items()]
    if late:
        errors.append({"id": "", "text": _taken(paper)})
    if paper.hold in {Hold.NOBODY, Hold.OTHER} and not errors:
        return render_template("grading/elsewhere.html", paper=paper, kept=bool(sheet.values))
    return render_template(
        "grading/desk.html",
        paper=paper,
        sheet=sheet,
        problems=problems,
        errors=errors,
        waiting=marking_queue.waiting(db.session(), me()),
        first_time=not reading.has_marked(paper.scenario.id),
        contacts=reading.to_tell(),
        flagged=safeguarding.is_flagged(db.session(), found.id),
        render=render,
    )


def _taken(paper: reading.Paper) -> str:
    if paper.hold is not Hold.OTHER or paper.until is None:
        return _("This answer was with somebody else for a moment. Press save again.")
    return _(
        "%(name)s took this answer after your time was over, and has it until %(time)s. Your mark was not saved, but "
        "what you typed is kept here.",
        name=paper.holder,
        time=format_time(paper.until, zone()),
    )


def _result(found: ScenarioAnswer, sheet: Sheet, *, late: bool = False) -> str:
    paper = reading.paper(found, sheet.scenario, now=clock.now())
    given = reading.marks(found.id)
    last = given[-1]
    errors = []
    if late:
        text = _("%(name)s marked this answer before you. Your mark was not saved; it is below.", name=last.marker)
        errors.append({"id": "typed", "text": text})
    judgement = marks.Judgement(last.mark.levels, last.mark.required)
    return render_template(
        "grading/result.html",
        paper=paper,
        learner=found.enrolment.membership.name,
        given=given,
        last=last,
        reason=marks.outcome(sheet.scenario, judgement).reason,
        sheet=sheet,
        errors=errors,
        render=render,
    )
