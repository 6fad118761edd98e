"""The box beside a step for what the learner writes for themselves: kept as it is typed, removed when they wish."""

from collections.abc import Callable
from dataclasses import dataclass
from secrets import token_urlsafe
from urllib.parse import urlencode

from flask import abort, flash, jsonify, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db
from mhfa_lms.content.questions import FreeText
from mhfa_lms.content.schema import Step
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import Enrolment
from mhfa_lms.policy import Can
from mhfa_lms.services import reflections
from mhfa_lms.services.learning import UnknownStepError
from mhfa_lms.services.reflections import ClosedTextError
from mhfa_lms.services.scenarios import NewerDraftError, TooLongError
from mhfa_lms.web.access import requires
from mhfa_lms.web.identity import me
from mhfa_lms.web.learn import questions
from mhfa_lms.web.learn.blueprint import blueprint
from mhfa_lms.web.learn.load import own_enrolment
from mhfa_lms.web.requests import whole


@dataclass(frozen=True, slots=True)
class Box:
    """What the box shows. `text` is None when no key opens it; `newer` are words saved in another window."""

    text: str | None
    version: int
    page: str
    draft: str
    newer: str | None = None
    error: str = ""


def box(enrolment: Enrolment, step: Step) -> Box | None:
    """Return the box of a step as it is stored; None for a step without one. One query."""
    if not step.has_writing:
        return None
    found = reflections.written(db.session(), enrolment.id, step.id)
    return _box(enrolment.id, step.id, found.text, found.version, token_urlsafe(9))


def _box(enrolment_id: int, step_id: str, text: str | None, version: int, page: str, **trouble: str) -> Box:
    draft = url_for("learn.reflection", enrolment_id=enrolment_id, step_id=step_id, version=version, page=page)
    return Box(text, version, page, draft, **trouble)


def problems(found: Box | None) -> list[dict[str, str]]:
    """Return what is wrong in the box, as the summary at the head of the page lists it."""
    return [{"id": "reflection", "text": found.error}] if found and found.error else []


def posted(enrolment: Enrolment, step: Step, show: Callable[[Box], ResponseReturnValue]) -> ResponseReturnValue | None:
    """Keep what stands in the box, whatever the form was sent for; return the answer where that ends here.

    That is when it was sent to keep or to remove what was written, or could not be kept (`show` draws the page).
    """
    if not step.has_writing:
        return None
    enrolment_id, do = enrolment.id, request.form.get("do")
    here = url_for("learn.step", enrolment_id=enrolment_id, step_id=step.id, whole=1, _anchor="reflection-title")
    if do == "forget":
        reflections.forget(enrolment_id, step.id, by=me())
        flash(_("What you wrote here is gone."), "success")
        return redirect(here, 303)
    if "reflection" in request.form and (trouble := _keep(enrolment_id, step)):
        return make_response(show(trouble), 409 if trouble.newer is not None else 422)
    if do != "reflect":
        return None
    # What was chosen and not checked yet travels on; words of one's own do not, as addresses are logged.
    answer = questions.sent() if step.question and not isinstance(step.question, FreeText) else []
    return redirect(_with(here, answer), 303)


def _with(address: str, answer: list[str]) -> str:
    if not answer:
        return address
    path, _hash, anchor = address.partition("#")
    return f"{path}&{urlencode([('again', '1'), *((questions.FIELD, one) for one in answer)])}#{anchor}"


def _keep(enrolment_id: int, step: Step) -> Box | None:
    """Keep the box's text; return what to show when that was not possible."""
    text = request.form["reflection"]
    version = request.form.get("reflection_version", 0, type=whole)
    page = request.form.get("reflection_page", "")
    try:
        reflections.save(enrolment_id, step.id, text, version=version, page=page, by=me(), now=clock.now())
    except NewerDraftError as error:
        words = _("This was also changed in another window. Nothing is lost: look at both texts")
        return _box(enrolment_id, step.id, text, error.version, page, newer=error.text, error=words)
    except TooLongError:
        words = _("Shorten it: it is too long to be kept")
        return _box(enrolment_id, step.id, text, version, page, error=words)
    except ClosedTextError:
        return _box(enrolment_id, step.id, None, version, page)
    return None


@blueprint.post("/learn/<int:enrolment_id>/step/<step_id>/reflection")
@requires(Can.LEARN, load=own_enrolment)
def reflection(enrolment: Enrolment, step_id: str) -> ResponseReturnValue:
    """Keep it as it is typed. JSON in: {"text": ...}; JSON out: its version, or why it was not kept."""
    body = request.get_json(silent=True)
    text = body.get("text") if isinstance(body, dict) else None
    if not isinstance(text, str):
        return jsonify(error="send an object with a text"), 400
    version, page = request.args.get("version", 0, type=whole), request.args.get("page", "")
    try:
        kept = reflections.save(enrolment.id, step_id, text, version=version, page=page, by=me(), now=clock.now())
    except UnknownStepError:
        abort(404)
    except NewerDraftError as error:
        return jsonify(error="changed elsewhere", version=error.version), 409
    except ClosedTextError:
        return jsonify(error="not open"), 409
    except TooLongError:
        return jsonify(error="too long"), 422
    return jsonify(version=kept)
