"""Asking for somebody to get in touch: from every page, in as few words as the person likes."""

from dataclasses import asdict
from typing import Any, Final

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # WTForms 3.3 has it, its stubs do not

from mhfa_lms import clock, db
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import lazy
from mhfa_lms.policy import Can
from mhfa_lms.services import contact_drafts, help_lines, safeguarding_words
from mhfa_lms.services import safeguarding as service
from mhfa_lms.services.limits import CONTACT_ACCOUNT
from mhfa_lms.services.safeguarding import LONGEST_LINE, LONGEST_TEXT, NobodyThereError
from mhfa_lms.services.safeguarding_notices import Lead
from mhfa_lms.services.safeguarding_words import Words
from mhfa_lms.services.secret_box import SecretBox
from mhfa_lms.web import language
from mhfa_lms.web.access import requires
from mhfa_lms.web.account import visitor
from mhfa_lms.web.forms import Form, at_most, stripped
from mhfa_lms.web.identity import me, settings
from mhfa_lms.web.learn.blueprint import blueprint

ANYBODY: Final = "anybody"
MOST: Final = {"text": LONGEST_TEXT, "reach": LONGEST_LINE, "when": LONGEST_LINE}


class ContactForm(Form):
    """What the person would like to say; all of it may be left empty."""

    text = TextAreaField(lazy("What would you like them to know?"), [at_most(LONGEST_TEXT)], filters=[stripped])
    reach = StringField(lazy("How can they reach you?"), [at_most(LONGEST_LINE)], filters=[stripped])
    when = StringField(lazy("When suits you?"), [at_most(LONGEST_LINE)], filters=[stripped])
    who = RadioField(lazy("Who should read it first?"), choices=[])

    def offer(self, leads: list[Lead]) -> None:
        """Let the person choose among several leads; where there is one, there is nothing to choose."""
        if len(leads) < 2:
            del self.who
            return
        first = SelectChoice(ANYBODY, _("Whoever can answer first"))
        self.who.choices = [first, *(SelectChoice(str(one.id), one.name) for one in leads)]
        if not self.who.data:
            self.who.data = ANYBODY

    @property
    def chosen(self) -> int | None:
        """The lead who was chosen, or nobody in particular."""
        value: Any = self.who.data if "who" in self else ANYBODY
        return None if value == ANYBODY else int(value)


def _seals() -> SecretBox:
    return safeguarding_words.box(settings().secret_keys)


@blueprint.route("/support", methods=["GET", "POST"])
@requires(Can.ASK_FOR_CONTACT)
def support() -> ResponseReturnValue:
    """Help first, then a few words to the safeguarding lead, and what became of them."""
    by, now, session = me(), clock.now(), db.session()
    leads = service.can_answer(session, by=by)
    begun = Words()
    if leads and request.method == "GET":
        begun = contact_drafts.shown(session, _seals(), by=by, now=now)
    form = ContactForm(data=asdict(begun))
    form.offer(leads)

    def page() -> str:
        return render_template(
            "learn/support.html",
            form=form,
            leads=leads,
            begun=any(asdict(begun).values()),
            mine=service.own(session, by=by, now=now),
            lines=help_lines.listed(session, by=by),
            quick_exit=True,
        )

    if (code := language.asked()) and not code.startswith(language.COURSE):
        return language.shown(code, page)
    if leads and form.validate_on_submit():
        return _written(form)
    return page(), 422 if request.method == "POST" and leads else 200


def _written(form: ContactForm) -> ResponseReturnValue:
    """Send the words, or keep them where that was pressed."""
    by, now = me(), clock.now()
    words = Words(form.text.data or "", form.reach.data or "", form.when.data or "")
    if request.form.get("do") == "keep":
        contact_drafts.keep(words, _seals(), by=by, now=now)
        return redirect(url_for("learn.home"), 303)
    visitor.count((CONTACT_ACCOUNT, str(by.account_id)))
    try:
        service.ask(words, _seals(), for_id=form.chosen, by=by, now=now)
    except NobodyThereError:
        return redirect(url_for("learn.support"), 303)
    return redirect(url_for("learn.support", _anchor="received"), 303)


@blueprint.post("/support/draft")
@requires(Can.ASK_FOR_CONTACT)
def support_draft() -> ResponseReturnValue:
    """Keep what is being written. JSON in: the form's fields by name; JSON out: that it is kept, or why not."""
    by, fields = me(), request.get_json(silent=True)
    said = {name: fields.get(name, "") for name in MOST} if isinstance(fields, dict) else {}
    if not said or not all(isinstance(one, str) for one in said.values()):
        return jsonify(error="send the fields of the form"), 400
    if any(len(one) > MOST[name] for name, one in said.items()):
        return jsonify(error="too long"), 422
    if not service.can_answer(db.session(), by=by):
        return jsonify(error="nobody there"), 409
    words = Words(**{name: one.strip() for name, one in said.items()})
    contact_drafts.keep(words, _seals(), by=by, now=clock.now())
    return jsonify(kept=True)


@blueprint.post("/support/forget")
@requires(Can.ASK_FOR_CONTACT)
def forget() -> ResponseReturnValue:
    """Remove what was begun and not sent."""
    contact_drafts.forget(by=me())
    flash(_("What you wrote here is gone."), "success")
    return redirect(url_for("learn.support"), 303)


@blueprint.post("/support/withdraw")
@requires(Can.ASK_FOR_CONTACT)
def withdraw() -> ResponseReturnValue:
    """Take the wish back."""
    if service.withdraw(by=me(), now=clock.now()):
        flash(_("You have taken your request back. You can ask again at any time."), "success")
    return redirect(url_for("learn.support"), 303)
