"""Asking for a text in another form: two clicks from any page, and nothing is asked that is known."""

import re
from typing import Any, Final

from flask import current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from wtforms import HiddenField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # WTForms 3.3 has it, its stubs do not

from mhfa_lms import clock, db
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import lazy
from mhfa_lms.models import Format
from mhfa_lms.policy import Actor
from mhfa_lms.services import catalogue, formats, memberships
from mhfa_lms.services.formats import LONGEST_CONTACT, LONGEST_DETAILS, LONGEST_PAGE, Wish
from mhfa_lms.services.limits import FORMAT_ACCOUNT, FORMAT_ADDRESS
from mhfa_lms.web.access import public, safe_next
from mhfa_lms.web.account import visitor
from mhfa_lms.web.forms import Form, ValidationError, at_most, needed, stripped
from mhfa_lms.web.identity import actor
from mhfa_lms.web.learn.load import own_enrolment
from mhfa_lms.web.public.blueprint import blueprint

FORMATS: Final = [
    SelectChoice(Format.LARGE_PRINT.value, lazy("Large print")),
    SelectChoice(Format.PLAIN_TEXT.value, lazy("Plain text")),
    SelectChoice(Format.AUDIO.value, lazy("Audio")),
    SelectChoice(Format.EASY_READ.value, lazy("Easy Read: short sentences with pictures")),
    SelectChoice(Format.PAPER.value, lazy("On paper")),
    SelectChoice(Format.LANGUAGE.value, lazy("Another language, or a sign language")),
    SelectChoice(Format.OTHER.value, lazy("Something else")),
]
SAY_MORE: Final = {Format.LANGUAGE: lazy("Write which language"), Format.OTHER: lazy("Write what would help you")}


class FormatForm(Form):
    """What is needed, and how to reach whoever asks."""

    wanted = RadioField(lazy("What do you need?"), [needed(lazy("Choose what you need"))], choices=FORMATS)
    details = TextAreaField(lazy("Is there more we should know?"), [at_most(LONGEST_DETAILS)], filters=[stripped])
    contact = StringField(lazy("How can we reach you?"), [at_most(LONGEST_CONTACT)], filters=[stripped])
    page = HiddenField()
    known = False

    def validate_details(self, field: Any) -> None:
        """Ask for what only the person can say."""
        missing = SAY_MORE.get(Format(self.wanted.data)) if self.wanted.data in set(Format) else None
        if missing and not field.data:
            raise ValidationError(str(missing))

    def validate_contact(self, field: Any) -> None:
        """Ask people whom nobody here knows how to reach them."""
        if not field.data and not self.known:
            raise ValidationError(_("Write an e-mail address, a phone number or a postal address"))


@blueprint.route("/another-format", methods=["GET", "POST"])
@public
def another_format() -> ResponseReturnValue:
    """Ask for another format of a page or course."""
    who = actor()
    form = FormatForm(page=request.args.get("page", ""))
    form.known = who is not None and who.membership_id is not None
    if request.method == "GET" and form.known and who is not None:
        mine = (one for one in memberships.of_account(who.account_id) if one.id == who.membership_id)
        form.contact.data = next((one.work_email for one in mine), "")
    page = shareable(form.page.data)
    if form.validate_on_submit():
        visitor.count((FORMAT_ADDRESS, visitor.address()), *([(FORMAT_ACCOUNT, str(who.account_id))] if who else []))
        wish = Wish(
            Format(form.wanted.data), page, _course(page, who), form.details.data or "", form.contact.data or ""
        )
        formats.ask(wish, by=who, now=clock.now())
        return redirect(url_for("public.format_asked", page=page or None), 303)
    form.page.data = page
    text = render_template("public/another_format.html", form=form, page=page, course=_course(page, who))
    return text, 422 if form.errors else 200


@blueprint.get("/another-format/sent")
@public
def format_asked() -> str:
    """Say what happens next."""
    return render_template("public/format_asked.html", page=shareable(request.args.get("page")))


def shareable(path: str | None) -> str:
    """Return a path of this site that may be kept and shown to others; nothing for one with a secret in it."""
    path = (safe_next(path) or "").split("?")[0]
    if not path or len(path) > LONGEST_PAGE:
        return ""
    try:
        _endpoint, values = current_app.url_map.bind("").match(path)
    except HTTPException:
        return ""
    return "" if "secret" in values else path


def _course(page: str, who: Actor | None) -> str:
    """Return the title of the course that a page belongs to."""
    if own := re.match(r"/learn/(\d{1,9})(/|$)", page):
        enrolment = own_enrolment(who, int(own.group(1))) if who is not None else None
        return enrolment.revision.title if enrolment else ""
    if listed := re.fullmatch(r"/courses/([a-z0-9-]+)", page):
        found = (catalogue.course(one) for one in catalogue.newest(db.session()))
        return next((one.title for one in found if one.slug == listed.group(1)), "")
    return ""
