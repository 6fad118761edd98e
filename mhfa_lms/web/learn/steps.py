"""One step a screen: reading, practising, going on."""

from flask import abort, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db
from mhfa_lms.content import glossary
from mhfa_lms.content.markdown import render
from mhfa_lms.content.questions import Asked, BadChoiceError, Fault, FreeText, Review
from mhfa_lms.content.schema import Step
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import Enrolment, Way
from mhfa_lms.policy import Can
from mhfa_lms.services import conversations, learning
from mhfa_lms.services.finishing import Missing, NotFinishedError
from mhfa_lms.services.learning import Place, UnknownStepError
from mhfa_lms.services.pathway import LockedError
from mhfa_lms.web import language
from mhfa_lms.web.access import requires
from mhfa_lms.web.identity import me
from mhfa_lms.web.learn import activities, locked, questions, reflections
from mhfa_lms.web.learn.blueprint import blueprint
from mhfa_lms.web.learn.kept import kept_step
from mhfa_lms.web.learn.load import course_of, own_enrolment
from mhfa_lms.web.learn.reflections import Box

WAYS = {"continue": Way.READ, "summary": Way.SUMMARY, "skip": Way.SKIPPED}


@blueprint.route("/learn/<int:enrolment_id>/step/<step_id>", methods=["GET", "POST"])
@requires(Can.LEARN, load=own_enrolment)
def step(enrolment: Enrolment, step_id: str) -> ResponseReturnValue:
    """Show a step; POST answers its question, or counts it as done in the way chosen and goes on."""
    try:
        here = learning.place(course_of(enrolment), step_id)
    except UnknownStepError:
        abort(404)
    if request.method == "GET":
        return _page(enrolment, here)
    ended = reflections.posted(enrolment, here.step, lambda box: _page(enrolment, here, box=box))
    if ended is not None:
        return ended
    if code := language.asked():
        return _switch(enrolment, here, code)
    do = request.form.get("do", "")
    if do == "report" and here.step.activity:
        return activities.report(enrolment, here)
    if do == "answer" and here.step.question:
        return _answer(enrolment, here)
    way = WAYS.get(do)
    if way is None or (way is not Way.READ and here.step.content_note is None):
        abort(400)
    return _go_on(enrolment, here, way)


def _switch(enrolment: Enrolment, here: Place, code: str) -> ResponseReturnValue:
    """Go on in another language with what was chosen.

    Practice answers are kept when they are checked; until then the choice travels in the address. Words do not, as
    addresses are logged: they are kept as if they had been checked, and shown to go on with; too many are to be
    shortened first.
    """
    answer = questions.sent()
    if not isinstance(here.step.question, FreeText):
        return language.switched(code, questions.here(answer))
    try:
        learning.answer(enrolment.id, here.step.id, answer, by=me(), now=clock.now())
    except BadChoiceError as error:
        if error.fault is Fault.TOO_LONG:
            return make_response(_page(enrolment, here, error.fault), 422)
    except LockedError as error:
        return locked.page(enrolment, here.step.title, error.lock)
    whole = "&whole=1" if "whole" in request.args else ""
    return language.switched(code, f"{request.path}?again=1{whole}")


def _shown(here: Place, way: Way | None, *, wanted: bool) -> str:
    """Return what to show of a step: `whole`; `summary`; or only the `note` about its content, until one has chosen."""
    if here.step.content_note is None or wanted or way is Way.READ:
        return "whole"
    return "summary" if way is Way.SUMMARY else "note"


def _page(enrolment: Enrolment, here: Place, fault: Fault | None = None, box: Box | None = None) -> ResponseReturnValue:
    session = db.session()
    progress = learning.progress(session, enrolment.id, course_of(enrolment))
    one = here.step
    if lock := progress.path.step_lock(here.module, one):
        return locked.page(enrolment, one.title, lock)
    if "kept" in request.args:
        return kept_step(enrolment, here)
    practised = learning.practice(session, enrolment.id, one.question)
    wanted = bool(fault or box or {"whole", "again"} & set(request.args))
    shown = _shown(here, progress.ways.get(one.id), wanted=wanted)
    if shown == "note" and practised:
        shown = "whole"
    text = (one.summary or one.body) if shown == "summary" else one.body
    asked, review = _question(enrolment, one, practised, fault)
    course = course_of(enrolment)
    talk = course.conversation(one.conversation) if one.conversation else None
    return render_template(
        "learn/step.html",
        course=course,
        talk=talk,
        report=activities.of(session, enrolment.id, one.id) if one.activity else None,
        confirmable=bool(one.activity) and activities.confirmable(enrolment.id),
        run=conversations.run(session, enrolment.id, talk) if talk else None,
        enrolment=enrolment,
        here=here,
        progress=progress,
        shown=shown,
        body=render(text) if shown != "note" else "",
        terms=glossary.used(course_of(enrolment), text) if shown != "note" else [],
        asked=asked,
        review=review,
        box=(box or reflections.box(enrolment, one)) if shown == "whole" else None,
        page_errors=[questions.problem(asked, fault)] if asked and fault else reflections.problems(box),
        quick_exit=one.offers_exit,
    )


def _question(
    enrolment: Enrolment, one: Step, practised: list[str], fault: Fault | None
) -> tuple[Asked | None, Review | None]:
    """Return the step's question to be answered, or its answer looked at again; neither without a question."""
    if one.question is None:
        return None, None
    if practised and not fault and "again" not in request.args:
        return None, one.question.looked(practised)
    given = questions.sent() if fault else questions.carried() or practised
    return one.question.asked(learning.order(enrolment.id, one.question), given), None


def _answer(enrolment: Enrolment, here: Place) -> ResponseReturnValue:
    enrolment_id = enrolment.id
    try:
        learning.answer(enrolment_id, here.step.id, questions.sent(), by=me(), now=clock.now())
    except BadChoiceError as error:
        return make_response(_page(enrolment, here, error.fault), 422)
    except LockedError as error:
        return locked.page(enrolment, here.step.title, error.lock)
    whole = "1" if here.step.content_note else None
    target = url_for("learn.step", enrolment_id=enrolment_id, step_id=here.step.id, whole=whole, _anchor="feedback")
    return redirect(target, 303)


def _waits(enrolment_id: int, here: Place, missing: Missing) -> ResponseReturnValue:
    """Say what a step still waits for, where it can be done."""
    if missing is Missing.CONVERSATION:
        flash(_("Talk with the person to an ending first. Any ending will do."), "info")
        return redirect(url_for("learn.conversation", enrolment_id=enrolment_id, step_id=here.step.id), 303)
    flash(_("There is something to do in this step first."), "warning")
    return redirect(url_for("learn.step", enrolment_id=enrolment_id, step_id=here.step.id), 303)


def _go_on(enrolment: Enrolment, here: Place, way: Way) -> ResponseReturnValue:
    enrolment_id = enrolment.id
    try:
        progress = learning.complete(enrolment_id, here.step.id, way, by=me(), now=clock.now())
    except LockedError as error:
        return locked.page(enrolment, here.step.title, error.lock)
    except NotFinishedError as error:
        return _waits(enrolment_id, here, error.missing)
    if way is Way.SUMMARY:
        return redirect(url_for("learn.step", enrolment_id=enrolment_id, step_id=here.step.id), 303)
    if here.following is not None and not here.ends_module:
        return redirect(url_for("learn.step", enrolment_id=enrolment_id, step_id=here.following.id), 303)
    if progress.all_done:
        flash(_("You have finished every step. Well done."), "success")
    elif progress.done_in(here.module) == len(here.module.steps):
        flash(_("You have finished the module “%(title)s”.", title=here.module.title), "success")
    elif left := [f"“{one.title}”" for one in here.module.steps if one.required and not progress.is_done(one)]:
        flash(_("Still to do in this module: %(steps)s.", steps=", ".join(left)), "info")
    return redirect(url_for("learn.course", enrolment_id=enrolment_id), 303)
