"""People who asked for somebody to get in touch, or about whom somebody worries: for safeguarding leads alone."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import TextAreaField

from mhfa_lms import clock, db
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import lazy
from mhfa_lms.models import CaseState, SafeguardingCase
from mhfa_lms.policy import Actor, Can, allowed
from mhfa_lms.services import safeguarding_cases as service
from mhfa_lms.services import safeguarding_words
from mhfa_lms.services.safeguarding import LONGEST_TEXT
from mhfa_lms.services.safeguarding_cases import OverError
from mhfa_lms.services.secret_box import SecretBox
from mhfa_lms.web.access import requires
from mhfa_lms.web.forms import Form, at_most, stripped
from mhfa_lms.web.identity import me, settings
from mhfa_lms.web.safeguarding.blueprint import blueprint


class NoteForm(Form):
    """A note for the leads."""

    text = TextAreaField(lazy("Note for you and the other leads"), [at_most(LONGEST_TEXT)], filters=[stripped])


def load(actor: Actor, case_id: int) -> SafeguardingCase | None:
    """Return a case that the lead may see."""
    if not allowed(actor, Can.SAFEGUARD):
        return None
    return service.one(db.session(), case_id, by=actor)


def _seals() -> SecretBox:
    return safeguarding_words.box(settings().secret_keys)


@blueprint.get("/safeguarding")
@requires(Can.SAFEGUARD)
def cases() -> str:
    """What waits, what is looked after, and what is over."""
    by, session = me(), db.session()
    return render_template(
        "safeguarding/cases.html",
        waiting=service.listed(session, CaseState.WAITING, by=by),
        open=service.listed(session, CaseState.ACKNOWLEDGED, by=by),
        over=service.listed(session, CaseState.CLOSED, CaseState.WITHDRAWN, by=by),
        quick_exit=True,
    )


@blueprint.get("/safeguarding/<int:case_id>")
@requires(Can.SAFEGUARD, load=load)
def case(found: SafeguardingCase) -> str:
    """One case: who it is about, what came in, and what to do."""
    return _page(found, NoteForm())


def _page(found: SafeguardingCase, form: NoteForm) -> str:
    session = db.session()
    return render_template(
        "safeguarding/case.html",
        case=found,
        entries=service.entries(session, found, _seals()),
        addresses=service.addresses(session, found),
        names=service.names(session, [found.acknowledged_by_id, found.closed_by_id, found.for_id]),
        form=form,
        quick_exit=True,
    )


@blueprint.post("/safeguarding/<int:case_id>/acknowledge")
@requires(Can.SAFEGUARD, load=load)
def acknowledge(found: SafeguardingCase) -> ResponseReturnValue:
    """Say that it was read and is looked after; the writer sees that on their page."""
    case_id = found.id
    service.acknowledge(case_id, by=me(), now=clock.now())
    flash(_("Acknowledged. The person sees on their page that you have read it."), "success")
    return _here(case_id)


@blueprint.post("/safeguarding/<int:case_id>/note")
@requires(Can.SAFEGUARD, load=load)
def note(found: SafeguardingCase) -> ResponseReturnValue:
    """Keep a note; with `do=close`, close the case as well."""
    form, case_id, closing = NoteForm(), found.id, request.form.get("do") == "close"
    if not form.validate_on_submit():
        return _page(found, form), 422
    text = form.text.data or ""
    if not text and not closing:
        form.text.errors = [_("Write the note first")]
        return _page(found, form), 422
    act = service.close if closing else service.note
    try:
        act(case_id, text, _seals(), by=me(), now=clock.now())
    except OverError:
        flash(_("This case is over. The note was not kept."), "warning")
        return _here(case_id)
    if closing:
        flash(_("The case is closed."), "success")
        return redirect(url_for("safeguarding.cases"), 303)
    flash(_("Your note is kept."), "success")
    return _here(case_id)


def _here(case_id: int) -> ResponseReturnValue:
    return redirect(url_for("safeguarding.case", case_id=case_id), 303)
