"""A module without a connection: what a device can keep of it, and taking in what waited there.

A browser's worker (static/js/worker) fetches the manifest and the pages it names. Those pages are copies: they name
nobody, hold no form protection, and carry what an answer leads to, so that practice works by itself.
"""

from contextlib import suppress

from flask import Response, abort, current_app, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf

from mhfa_lms import clock, db
from mhfa_lms.content import glossary
from mhfa_lms.content.markdown import render
from mhfa_lms.content.media import File
from mhfa_lms.content.schema import Module
from mhfa_lms.i18n import format_size
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import Arrival, Enrolment
from mhfa_lms.policy import Can
from mhfa_lms.services import conversations, learning, reflections, waiting
from mhfa_lms.services.learning import Place, UnknownStepError
from mhfa_lms.services.pathway import Steps
from mhfa_lms.services.reflections import ClosedTextError
from mhfa_lms.services.scenarios import NewerDraftError, TooLongError, tidy
from mhfa_lms.web import devices
from mhfa_lms.web.access import requires
from mhfa_lms.web.assets import Assets
from mhfa_lms.web.identity import me, settings
from mhfa_lms.web.learn import locked
from mhfa_lms.web.learn.arrivals import BadItemsError, Private, done, parcel, written
from mhfa_lms.web.learn.blueprint import blueprint
from mhfa_lms.web.learn.load import course_of, own_enrolment
from mhfa_lms.web.navigation import COPY
from mhfa_lms.web.requests import whole

ASSETS = ("site.css", "course.css", "talk.css", "site.js", "kept.js", "kept-talk.js", "icons/favicon.svg")


def kept_step(enrolment: Enrolment, here: Place) -> str:
    """Return a step as a device keeps it: whole, with its choices and the feedback to its question."""
    one = here.step
    return render_template(
        "learn/kept_step.html",
        course=course_of(enrolment),
        enrolment=enrolment,
        here=here,
        talk=course_of(enrolment).conversation(one.conversation) if one.conversation else None,
        body=render(one.body),
        summary=render(one.summary) if one.summary else "",
        terms=glossary.used(course_of(enrolment), one.body),
        asked=one.question.asked(learning.order(enrolment.id, one.question), []) if one.question else None,
        made_at=clock.now(),
        quick_exit=one.offers_exit,
        **COPY,
    )


def kept_conversation(enrolment: Enrolment, here: Place) -> str:
    """Return a step's conversation as a device keeps it: every scene, choice and ending."""
    return render_template(
        "learn/kept_conversation.html",
        course=course_of(enrolment),
        enrolment=enrolment,
        here=here,
        talk=conversations.of_step(enrolment, here.step.id),
        render=render,
        made_at=clock.now(),
        quick_exit=True,
        **COPY,
    )


def _module(enrolment: Enrolment, module_id: str) -> Module:
    found = course_of(enrolment).module(module_id)
    if found is None:
        abort(404)
    return found


def _path(enrolment: Enrolment) -> Steps:
    return learning.progress(db.session(), enrolment.id, course_of(enrolment)).path


def _contents(enrolment: Enrolment, module: Module) -> str:
    course = course_of(enrolment)
    return render_template(
        "learn/kept_module.html", course=course, enrolment=enrolment, module=module, made_at=clock.now(), **COPY
    )


def _assets() -> Assets:
    found = current_app.extensions["mhfa_assets"]
    if not isinstance(found, Assets):
        raise TypeError("the application was not made by create_app")
    return found


def _media(module: Module) -> list[File]:
    """Return a module's pictures, recordings and files to take along: kept only where the learner wants them."""
    return [file for step in module.steps for file in step.files]


def _size(enrolment: Enrolment, module: Module) -> int:
    """Return how many bytes a device keeps of a module."""
    places = [learning.place(course_of(enrolment), step.id) for step in module.steps]
    pages = [_contents(enrolment, module), *(kept_step(enrolment, here) for here in places)]
    pages += [kept_conversation(enrolment, here) for here in places if here.step.conversation]
    return sum(len(page.encode()) for page in pages) + sum(_assets().size(name) for name in ASSETS)


@blueprint.get("/learn/<int:enrolment_id>/module/<module_id>")
@requires(Can.LEARN, load=own_enrolment)
def module(enrolment: Enrolment, module_id: str) -> ResponseReturnValue:
    """Ways to use a module without a connection or a device; with `kept`, its contents as a device keeps them."""
    found = _module(enrolment, module_id)
    if lock := _path(enrolment).module_lock(found):
        return locked.page(enrolment, found.title, lock)
    if "kept" in request.args:
        return _contents(enrolment, found)
    return render_template(
        "learn/module.html",
        course=course_of(enrolment),
        enrolment=enrolment,
        module=found,
        size=format_size(_size(enrolment, found)),
        media=format_size(sum(file.size for file in _media(found))) if _media(found) else "",
    )


@blueprint.get("/learn/<int:enrolment_id>/module/<module_id>/kept.json")
@requires(Can.LEARN, load=own_enrolment)
def manifest(enrolment: Enrolment, module_id: str) -> Response:
    """Name everything that a device keeps of a module, whose it is, and the answers that are known."""
    found = _module(enrolment, module_id)
    if _path(enrolment).module_lock(found):
        abort(403)
    steps = [url_for("learn.step", enrolment_id=enrolment.id, step_id=step.id) for step in found.steps]
    contents = url_for("learn.module", enrolment_id=enrolment.id, module_id=module_id)
    talks = {step.id: step.conversation for step in found.steps if step.conversation}
    spoken = [url_for("learn.conversation", enrolment_id=enrolment.id, step_id=name) for name in talks]
    always = (url_for("public.help_now"), url_for("public.offline"))
    asking = {step.id: step.question.id for step in found.steps if step.question}
    answer = jsonify(
        owner=devices.owners(me(), settings())[0],
        address=request.path,
        enrolment=enrolment.id,
        module=found.id,
        title=found.title,
        contents=contents,
        steps=steps,
        pages={path: f"{path}?kept=1" for path in (*steps, *spoken, contents, *always)},
        assets=[_assets().address(name) for name in ASSETS],
        media=sorted({file.address for file in _media(found)}),
        versions=waiting.versions(db.session(), enrolment, asking),
        ways={
            step: {"version": version, "way": way}
            for step, (version, way) in conversations.ways(db.session(), enrolment, talks).items()
        },
    )
    devices.remember(answer, secure=settings().secure)
    return answer


@blueprint.get("/learn/waiting")
@requires(Can.LEARN)
def who_sends() -> Response:
    """Tell a device whose answers may be sent now, with fresh form protection."""
    return jsonify(owners=devices.owners(me(), settings()), token=generate_csrf())


@blueprint.post("/learn/<int:enrolment_id>/waiting")
@requires(Can.LEARN, load=own_enrolment)
def receive(enrolment: Enrolment) -> ResponseReturnValue:
    """Take in what waited on a device. Sent again, it changes nothing and is answered the same."""
    enrolment_id, course = enrolment.id, course_of(enrolment)
    try:
        found = parcel()
    except BadItemsError as error:
        return jsonify(error=str(error)), error.status
    lost = {one.item for one in written(found) if not _keep_words(enrolment_id, one)}
    receipts = waiting.receive(enrolment_id, done(found, course), by=me(), now=clock.now())
    known = {
        one.client_id: {"id": one.client_id, "step": one.step, "arrival": one.arrival, "version": one.version}
        for one in receipts
    }
    # Words alone need no record of their arrival: the same words again change nothing.
    answer = [known.get(one.id, {"id": one.id, "step": one.step, "arrival": Arrival.TAKEN}) for one in found]
    return jsonify(received=[one | {"arrival": Arrival.REFUSED} if one["id"] in lost else one for one in answer])


def _keep_words(enrolment_id: int, one: Private) -> bool:
    """Keep what was written without a connection; below words that came from elsewhere meanwhile: neither is lost.

    Returns whether it could be kept: not where both are too long together, or a text lies that no key opens.
    """
    who, now = me(), clock.now()
    with suppress(UnknownStepError, ClosedTextError, TooLongError):
        try:
            reflections.save(enrolment_id, one.step, one.text, version=one.version, page=one.page, by=who, now=now)
        except NewerDraftError as other:
            if tidy(one.text).strip() not in other.text:
                both = f"{other.text}\n\n{one.text}"
                reflections.save(enrolment_id, one.step, both, version=other.version, page="", by=who, now=now)
        return True
    return False


@blueprint.route("/learn/<int:enrolment_id>/two-answers", methods=["GET", "POST"])
@requires(Can.LEARN, load=own_enrolment)
def two_answers(enrolment: Enrolment) -> ResponseReturnValue:
    """Questions that were answered on two devices: see both answers, and say which one counts."""
    if request.method == "POST":
        which = request.form.get("which")
        number = request.form.get("clash", type=whole)
        if which not in {"now", "later"} or number is None:
            abort(400)
        enrolment_id = enrolment.id
        if waiting.choose(enrolment_id, number, later=which == "later", by=me(), now=clock.now()):
            flash(_("That answer counts now."), "success")
        return redirect(url_for("learn.two_answers", enrolment_id=enrolment_id), 303)
    return render_template(
        "learn/two_answers.html",
        course=course_of(enrolment),
        enrolment=enrolment,
        clashes=waiting.clashes(db.session(), enrolment),
        quick_exit=course_of(enrolment).has_quick_exit,
    )
