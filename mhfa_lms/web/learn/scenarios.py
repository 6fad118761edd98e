"""The scenario: writing an answer, keeping drafts, waiting, and reading what the instructor says."""

from dataclasses import dataclass
from secrets import token_urlsafe

from flask import abort, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import HiddenField, IntegerField, TextAreaField
from wtforms.widgets import HiddenInput

from mhfa_lms import clock, db
from mhfa_lms.content.markdown import render
from mhfa_lms.content.scenarios import Scenario
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import lazy
from mhfa_lms.models import AnswerState, Enrolment, EnrolmentState, ScenarioAnswer
from mhfa_lms.policy import Can
from mhfa_lms.services import first_person
from mhfa_lms.services import scenarios as service
from mhfa_lms.services.enrolments import NotActiveError
from mhfa_lms.services.pathway import LockedError
from mhfa_lms.services.scenarios import ClosedError, HandedInError, NewerDraftError, TooLongError, WordsError
from mhfa_lms.web import language
from mhfa_lms.web.access import requires
from mhfa_lms.web.forms import Form, at_most
from mhfa_lms.web.identity import me
from mhfa_lms.web.learn import locked
from mhfa_lms.web.learn.blueprint import blueprint
from mhfa_lms.web.learn.load import course_of, own_enrolment, scenario_of
from mhfa_lms.web.requests import whole

ADDRESS = "/learn/<int:enrolment_id>/scenario/<scenario_id>"


class AnswerForm(Form):
    """What the learner writes; `version` and `page` say which draft it was made from and by which open page."""

    text = TextAreaField(
        lazy("Your answer"), [at_most(service.LONGEST, lazy("Shorten your answer: it is too long to be kept"))]
    )
    version = IntegerField(widget=HiddenInput())
    page = HiddenField()


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why an answer was not handed in or kept: words written elsewhere, or an answer handed in already."""

    newer: str | None = None
    lost: str | None = None


@blueprint.route(ADDRESS, methods=["GET", "POST"])
@requires(Can.LEARN, load=own_enrolment)
def scenario(enrolment: Enrolment, scenario_id: str) -> ResponseReturnValue:
    """Show a scenario in the state it is in; POST keeps the draft or hands the answer in."""
    found = scenario_of(enrolment, scenario_id)
    if request.method == "GET":
        session = db.session()
        if lock := service.lock_of(session, enrolment, service.newest(session, enrolment.id, found.id)):
            return locked.page(enrolment, found.title, lock)
        return _page(enrolment, found)
    form = AnswerForm()
    if not form.validate_on_submit():
        return _page(enrolment, found, form), 422
    return _keep(enrolment, found, form)


def _keep(enrolment: Enrolment, found: Scenario, form: AnswerForm) -> ResponseReturnValue:
    enrolment_id, text = enrolment.id, form.text.data or ""
    version, page = form.version.data or 0, form.page.data or ""
    handing_in = request.form.get("do") == "submit" and language.asked() is None
    act = service.submit if handing_in else service.save_draft
    try:
        done = act(enrolment_id, found.id, text, version=version, page=page, by=me(), now=clock.now())
    except WordsError as error:
        form.text.errors = [_word_error(error)]
        _made_from(form, _version(enrolment_id, found.id))
        return _page(enrolment, found, form), 422
    except NewerDraftError as error:
        form.text.errors = [_("This answer was also changed in another window. Nothing is lost: look at both texts")]
        _made_from(form, error.version)
        return _page(enrolment, found, form, Trouble(newer=error.text)), 409
    except TooLongError:
        abort(413)
    except LockedError as error:
        return locked.page(enrolment, found.title, error.lock, lost=text)
    except HandedInError:
        return _page(enrolment, found, trouble=Trouble(lost=text)), 409
    except (ClosedError, NotActiveError):
        return _page(enrolment, found, trouble=Trouble(lost=text)), 409
    if code := language.asked():
        return language.switched(code, url_for("learn.scenario", enrolment_id=enrolment_id, scenario_id=found.id))
    if not handing_in:
        flash(_("Your draft is saved. Come back whenever it suits you."), "success")
        return redirect(url_for("learn.course", enrolment_id=enrolment_id), 303)
    if done is True:
        # The writer spoke of a danger to themselves: help and people come before anything else.
        flash(_("Your answer is handed in. Before you go on, please read this."), "info")
        return redirect(url_for("learn.support"), 303)
    return _here(enrolment_id, found.id)


def _word_error(error: WordsError) -> str:
    if error.count < error.limits.min:
        return _(
            "Write a little more: this is %(count)s words, and an answer needs at least %(least)s",
            count=error.count,
            least=error.limits.min,
        )
    return _(
        "Shorten your answer: this is %(count)s words, and there is room for %(most)s",
        count=error.count,
        most=error.limits.max,
    )


def _made_from(form: AnswerForm, version: int) -> None:
    """Let the page shown now be one that was made from this version; WTForms would repeat what was sent."""
    form.version.data, form.version.raw_data = version, None


def _version(enrolment_id: int, scenario_id: str) -> int:
    answer = service.newest(db.session(), enrolment_id, scenario_id)
    return answer.version if answer else 0


def _page(enrolment: Enrolment, found: Scenario, form: AnswerForm | None = None, trouble: Trouble | None = None) -> str:
    session = db.session()
    answer = service.newest(session, enrolment.id, found.id)
    shared = {
        "course": course_of(enrolment),
        "enrolment": enrolment,
        "scenario": found,
        "situation": render(found.situation),
        "summary": render(found.summary),
        "prompt": render(found.prompt),
        "answer": answer,
        "trouble": trouble or Trouble(),
        "quick_exit": found.quick_exit,
        "finds_statements": first_person.knows(course_of(enrolment).language),
    }
    if answer is not None and answer.state is not AnswerState.DRAFT:
        given = service.deciding_mark(session, answer) if answer.decided_at else None
        return render_template("learn/answered.html", given=given, **shared)
    if enrolment.state is not EnrolmentState.ACTIVE or not service.is_open(session, enrolment.organisation_id):
        return render_template("learn/closed.html", **shared)
    form = form or _fresh_form(answer)
    draft = url_for(
        "learn.draft",
        enrolment_id=enrolment.id,
        scenario_id=found.id,
        version=form.version.data,
        page=form.page.data,
    )
    return render_template("learn/scenario.html", form=form, draft=draft, **shared)


def _fresh_form(answer: ScenarioAnswer | None) -> AnswerForm:
    return AnswerForm(
        formdata=None,
        text=answer.text if answer else "",
        version=answer.version if answer else 0,
        page=token_urlsafe(9),
    )


@blueprint.post(f"{ADDRESS}/draft")
@requires(Can.LEARN, load=own_enrolment)
def draft(enrolment: Enrolment, scenario_id: str) -> ResponseReturnValue:
    """Keep a draft as it is typed. JSON in: {"text": ...}; JSON out: its version, or why it was not kept."""
    found = scenario_of(enrolment, scenario_id)
    body = request.get_json(silent=True)
    text = body.get("text") if isinstance(body, dict) else None
    if not isinstance(text, str):
        return jsonify(error="send an object with a text"), 400
    try:
        version = service.save_draft(
            enrolment.id,
            found.id,
            text,
            version=request.args.get("version", 0, type=whole),
            page=request.args.get("page", ""),
            by=me(),
            now=clock.now(),
        )
    except NewerDraftError as error:
        return jsonify(error="changed elsewhere", version=error.version), 409
    except (HandedInError, NotActiveError, ClosedError, LockedError):
        return jsonify(error="not open"), 409
    except TooLongError:
        return jsonify(error="too long"), 422
    return jsonify(version=version)


@blueprint.post(f"{ADDRESS}/again")
@requires(Can.LEARN, load=own_enrolment)
def scenario_again(enrolment: Enrolment, scenario_id: str) -> ResponseReturnValue:
    """Open a new answer after one that did not pass yet."""
    found = scenario_of(enrolment, scenario_id)
    enrolment_id = enrolment.id
    try:
        service.try_again(enrolment_id, found.id, by=me(), now=clock.now())
    except (HandedInError, NotActiveError, ClosedError):
        return _here(enrolment_id, found.id)
    return _here(enrolment_id, found.id)


@blueprint.post(f"{ADDRESS}/seen")
@requires(Can.LEARN, load=own_enrolment)
def scenario_seen(enrolment: Enrolment, scenario_id: str) -> ResponseReturnValue:
    """Note that the result has been read, and go home."""
    found = scenario_of(enrolment, scenario_id)
    service.see_result(enrolment.id, found.id, by=me(), now=clock.now())
    return redirect(url_for("learn.home"), 303)


def _here(enrolment_id: int, scenario_id: str) -> ResponseReturnValue:
    return redirect(url_for("learn.scenario", enrolment_id=enrolment_id, scenario_id=scenario_id), 303)
