"""The organisation's own help lines: keeping them, and noting that they were tried."""

import re
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, StringField

from mhfa_lms import clock, db
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import lazy
from mhfa_lms.models import HelpLine
from mhfa_lms.policy import Actor, Can
from mhfa_lms.services import help_checks
from mhfa_lms.services import help_lines as service
from mhfa_lms.services.help_lines import LONGEST_NAME, LONGEST_TEXT, TooManyLinesError, Words
from mhfa_lms.web.access import requires
from mhfa_lms.web.coordinate.blueprint import blueprint
from mhfa_lms.web.forms import Form, OneLine, ValidationError, at_most, stripped
from mhfa_lms.web.identity import me

NUMBER = re.compile(r"\+?[0-9]([0-9 ()-]{0,28}[0-9])?")
LINK = re.compile(r"https://[a-z0-9.-]+\.[a-z]+(:\d+)?(/\S*)?", re.IGNORECASE)


class Digits:
    """A validator for a telephone number, which may be left out."""

    def __call__(self, _form: Any, field: Any) -> None:
        """Raise `ValidationError` for a text that no phone can dial."""
        if field.data and not NUMBER.fullmatch(field.data):
            raise ValidationError(_("Write the number in digits, such as 020 7946 0000"))


def _text(label: Any, *more: Any, longest: int = LONGEST_TEXT) -> StringField:
    return StringField(label, [at_most(longest), *more], filters=[stripped, lambda text: text or ""])


class Optional:
    """A validator for one line of text, which may be left out."""

    def __call__(self, form: Any, field: Any) -> None:
        """Raise `ValidationError` for several lines."""
        if field.data:
            OneLine(lazy("Write this in one line"))(form, field)


class LineForm(Form):
    """One line."""

    name = _text(lazy("Name of the line"), OneLine(lazy("Enter the name of the line")), longest=LONGEST_NAME)
    phone = _text(lazy("Number to call"), Digits())
    text_number = _text(lazy("Number to text"), Digits())
    link = _text(lazy("Web page or chat"), Optional())
    hours = _text(lazy("When somebody answers"), Optional())
    languages = _text(lazy("Languages"), Optional())
    for_whom = _text(lazy("Who it is for"), Optional())
    tried = BooleanField(lazy("I have tried this line today"))

    def validate_link(self, field: Any) -> None:
        """Check that the address is one that a browser opens safely."""
        if field.data and not LINK.fullmatch(field.data):
            raise ValidationError(_("Write the whole address, beginning with https://"))

    def validate_phone(self, field: Any) -> None:
        """Ask for one way to reach the line."""
        if not (field.data or self.text_number.data or self.link.data):
            raise ValidationError(_("Give a number to call, a number to text, or a web page"))

    def words(self) -> Words:
        """Return what was typed."""
        values = {name: str(value or "") for name, value in self.data.items() if name not in {"tried", "csrf_token"}}
        return Words(**values)


class ButtonForm(Form):
    """A button and nothing else."""


def load(actor: Actor, line_id: int) -> HelpLine | None:
    """Return a line of the organisation."""
    return service.line(db.session(), line_id, by=actor)


@blueprint.get("/coordinate/help-lines")
@requires(Can.COORDINATE)
def help_lines() -> str:
    """The organisation's lines, when they were tried, and who sees them."""
    session, now = db.session(), clock.now()
    rows = [(one, help_checks.is_stale(one.checked_at, now)) for one in service.listed(session, by=me())]
    return render_template(
        "coordinate/help_lines.html",
        rows=rows,
        public=service.is_public(session, by=me()),
        slug=service.slug(session, by=me()),
        full=len(rows) >= service.MOST,
    )


@blueprint.route("/coordinate/help-lines/add", methods=["GET", "POST"])
@requires(Can.COORDINATE)
def add_help_line() -> ResponseReturnValue:
    """Add a line."""
    form = LineForm()
    if form.validate_on_submit():
        try:
            service.add(form.words(), tried=form.tried.data, by=me(), now=clock.now())
        except TooManyLinesError:
            flash(_("There are as many lines as a page can show in a hurry. Take one away first."), "warning")
        else:
            flash(_("The line is added. Your people see it under Help now."), "success")
        return redirect(url_for("coordinate.help_lines"), 303)
    return render_template("coordinate/help_line.html", form=form, line=None), 422 if form.errors else 200


@blueprint.route("/coordinate/help-lines/<int:line_id>", methods=["GET", "POST"])
@requires(Can.COORDINATE, load=load)
def help_line(found: HelpLine) -> ResponseReturnValue:
    """Change a line."""
    form = LineForm(obj=found)
    if form.validate_on_submit():
        service.change(found.id, form.words(), tried=form.tried.data, by=me(), now=clock.now())
        flash(_("The line is changed."), "success")
        return redirect(url_for("coordinate.help_lines"), 303)
    return render_template("coordinate/help_line.html", form=form, line=found), 422 if form.errors else 200


@blueprint.post("/coordinate/help-lines/<int:line_id>/remove")
@requires(Can.COORDINATE, load=load)
def remove_help_line(found: HelpLine) -> ResponseReturnValue:
    """Take a line away."""
    if ButtonForm().validate_on_submit():
        service.remove(found.id, by=me(), now=clock.now())
        flash(_("The line is gone."), "success")
    return redirect(url_for("coordinate.help_lines"), 303)


@blueprint.post("/coordinate/help-lines/checked")
@requires(Can.COORDINATE)
def help_lines_checked() -> ResponseReturnValue:
    """Note that every line was tried today."""
    if ButtonForm().validate_on_submit():
        service.checked(by=me(), now=clock.now())
        flash(_("Noted: all lines were tried today."), "success")
    return redirect(url_for("coordinate.help_lines"), 303)


@blueprint.post("/coordinate/help-lines/public")
@requires(Can.COORDINATE)
def help_lines_public() -> ResponseReturnValue:
    """Choose who sees the lines."""
    choice = request.form.get("choice")
    if choice not in {"yes", "no"}:
        abort(400)
    service.set_public(public=choice == "yes", by=me(), now=clock.now())
    shown = _("Everybody can see your lines now.") if choice == "yes" else _("Only your people see your lines now.")
    flash(shown, "success")
    return redirect(url_for("coordinate.help_lines"), 303)
