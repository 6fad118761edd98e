"""A practice conversation: one scene a page, going back at any time, and a map of the way at the end."""

from urllib.parse import urlencode

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db
from mhfa_lms.content import conversation_drawing, playing
from mhfa_lms.content.markdown import render
from mhfa_lms.content.questions import BadChoiceError
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import Enrolment
from mhfa_lms.policy import Can
from mhfa_lms.services import conversations as service
from mhfa_lms.services import learning
from mhfa_lms.services.conversations import ElsewhereError, TooLongError
from mhfa_lms.services.learning import Place, UnknownStepError
from mhfa_lms.services.pathway import Lock
from mhfa_lms.web import language
from mhfa_lms.web.access import requires
from mhfa_lms.web.identity import me
from mhfa_lms.web.learn import locked
from mhfa_lms.web.learn.blueprint import blueprint
from mhfa_lms.web.learn.kept import kept_conversation
from mhfa_lms.web.learn.load import course_of, own_enrolment
from mhfa_lms.web.requests import whole

ADDRESS = "/learn/<int:enrolment_id>/step/<step_id>/conversation"


@blueprint.route(ADDRESS, methods=["GET", "POST"])
@requires(Can.LEARN, load=own_enrolment)
def conversation(enrolment: Enrolment, step_id: str) -> ResponseReturnValue:
    """Show the scene or ending that one is at; POST says something there, or goes back."""
    here = _place(enrolment, step_id)
    if here.step.conversation is None:
        return redirect(url_for("learn.step", enrolment_id=enrolment.id, step_id=step_id), 303)
    if lock := _lock(enrolment, here):
        return locked.page(enrolment, here.step.title, lock)
    if request.method == "GET":
        return kept_conversation(enrolment, here) if "kept" in request.args else _page(enrolment, here)
    if code := language.asked():
        return language.switched(code, f"{request.path}?{urlencode({'choice': request.form.get('choice', '')})}")
    return _moved(enrolment, here)


@blueprint.get(f"{ADDRESS}/way")
@requires(Can.LEARN, load=own_enrolment)
def conversation_way(enrolment: Enrolment, step_id: str) -> ResponseReturnValue:
    """Show the way that was taken as a map: what each choice showed, and what is still untried."""
    here = _place(enrolment, step_id)
    talk = course_of(enrolment).conversation(here.step.conversation or "")
    run = service.run(db.session(), enrolment.id, talk) if talk else None
    if talk is None or run is None or not run.way.turns:
        return redirect(url_for("learn.conversation", enrolment_id=enrolment.id, step_id=step_id), 303)
    open_ways: dict[str, list[playing.Turn]] = {}
    for turn in playing.untried(talk, run.seen):
        open_ways.setdefault(turn.scene.id, []).append(turn)
    return render_template(
        "learn/conversation_way.html",
        course=course_of(enrolment),
        enrolment=enrolment,
        here=here,
        talk=talk,
        run=run,
        shown=playing.shown(run.way),
        open_ways=open_ways,
        met=playing.met_places(talk, run.seen),
        drawing=conversation_drawing.stones(run.way, run.seen),
        render=render,
        quick_exit=True,
    )


def _lock(enrolment: Enrolment, here: Place) -> Lock | None:
    """Why the step is not open yet."""
    progress = learning.progress(db.session(), enrolment.id, course_of(enrolment))
    return progress.path.step_lock(here.module, here.step)


def _place(enrolment: Enrolment, step_id: str) -> Place:
    try:
        return learning.place(course_of(enrolment), step_id)
    except UnknownStepError:
        abort(404)


def _moved(enrolment: Enrolment, here: Place) -> ResponseReturnValue:
    """Say something, or go back to a place on the way."""
    enrolment_id, do = enrolment.id, request.form.get("do", "choose")
    if do not in {"choose", "back"}:
        abort(400)
    depth, scene = request.form.get("depth", -1, type=whole), request.form.get("scene", "")
    try:
        if do == "back":
            service.go_back(enrolment_id, here.step.id, depth=depth, scene_id=scene, by=me(), now=clock.now())
        else:
            chosen = request.form.get("choice", "")
            service.choose(
                enrolment_id, here.step.id, depth=depth, scene_id=scene, choice_id=chosen, by=me(), now=clock.now()
            )
    except BadChoiceError:
        return _page(enrolment, here, _("Choose what you would say or do")), 422
    except TooLongError:
        return _page(enrolment, here, _("You have gone round many times. Go back, or start again")), 422
    except ElsewhereError:
        return _page(enrolment, here, elsewhere=True), 409
    return redirect(url_for("learn.conversation", enrolment_id=enrolment_id, step_id=here.step.id), 303)


def _page(enrolment: Enrolment, here: Place, error: str = "", *, elsewhere: bool = False) -> str:
    talk = service.of_step(enrolment, here.step.id)
    run = service.run(db.session(), enrolment.id, talk)
    return render_template(
        "learn/conversation.html",
        course=course_of(enrolment),
        enrolment=enrolment,
        here=here,
        talk=talk,
        run=run,
        depth=len(run.way.turns),
        last=run.way.turns[-1] if run.way.turns else None,
        chosen=request.values.get("choice", ""),
        elsewhere=elsewhere,
        render=render,
        page_errors=[{"id": "choice", "text": error}] if error else [],
        quick_exit=True,
    )
