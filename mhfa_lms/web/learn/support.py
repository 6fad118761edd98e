"""Asking for somebody to get in touch: from every page, in as few words as the person likes."""

from typing import Any, Final

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # WTForms 3.3 has it, its stubs do not

from mhfa_lms import clock, db
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import lazy
from mhfa_lms.policy import Can
from mhfa_lms.services import help_lines, safeguarding_words
from mhfa_lms.services import safeguarding as service
from mhfa_lms.services.limits import CONTACT_ACCOUNT
from mhfa_lms.services.safeguarding import LONGEST_LINE, LONGEST_TEXT, NobodyThereError
from mhfa_lms.services.safeguarding_notices import Lead
from mhfa_lms.services.safeguarding_words import Words
from mhfa_lms.web import language
from mhfa_lms.web.access import requires
from mhfa_lms.web.account import visitor
from mhfa_lms.web.forms import Form, at_most, stripped
from mhfa_lms.web.identity import me, settings
from mhfa_lms.web.learn.blueprint import blueprint

ANYBODY: Final = "anybody"


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


@blueprint.route("/support", methods=["GET", "POST"])
@requires(Can.ASK_FOR_CONTACT)
def support() -> ResponseReturnValue:
    """Help first, then a few words to the safeguarding lead, and what became of them."""
    by, now, session = me(), clock.now(), db.session()
    leads = service.can_answer(session, by=by)
    form = ContactForm()
    form.offer(leads)

    def page() -> str:
        return render_template(
            "learn/support.html",
            form=form,
            leads=leads,
            mine=service.own(session, by=by, now=now),
            lines=help_lines.listed(session, by=by),
            quick_exit=True,
        )

    if (code := language.asked()) and not code.startswith(language.COURSE):
        return language.shown(code, page)
    if leads and form.validate_on_submit():
        visitor.count((CONTACT_ACCOUNT, str(by.account_id)))
        words = Words(form.text.data or "", form.reach.data or "", form.when.data or "")
        seals = safeguarding_words.box(settings().secret_keys)
        try:
            service.ask(words, seals, for_id=form.chosen, by=by, now=now)
        except NobodyThereError:
            return redirect(url_for("learn.support"), 303)
        return redirect(url_for("learn.support", _anchor="received"), 303)
    return page(), 422 if request.method == "POST" and leads else 200


@blueprint.post("/support/withdraw")
@requires(Can.ASK_FOR_CONTACT)
def withdraw() -> ResponseReturnValue:
    """Take the wish back."""
    if service.withdraw(by=me(), now=clock.now()):
        flash(_("You have taken your request back. You can ask again at any time."), "success")
    return redirect(url_for("learn.support"), 303)
