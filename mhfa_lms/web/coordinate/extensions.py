"""Some more time for an instructor: one extension of an authorisation, with a reason."""

from typing import Any

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import SelectField, TextAreaField

from mhfa_lms import clock, db
from mhfa_lms.i18n import format_date, lazy, ngettext
from mhfa_lms.i18n import gettext as _
from mhfa_lms.policy import Can
from mhfa_lms.services import authorisations, extensions
from mhfa_lms.services.extensions import LONGEST_REASON, MOST_MONTHS, Held
from mhfa_lms.web.access import requires
from mhfa_lms.web.coordinate import load
from mhfa_lms.web.coordinate.blueprint import blueprint
from mhfa_lms.web.forms import Form, ValidationError
from mhfa_lms.web.identity import me


class ExtensionForm(Form):
    """For how long, and why."""

    months = SelectField(lazy("For how long"), coerce=int)
    reason = TextAreaField(lazy("Why"))

    def offer(self) -> None:
        """Fill the drop-down."""
        self.months.choices = [
            (one, ngettext("%(num)s month", "%(num)s months", one)) for one in range(1, MOST_MONTHS + 1)
        ]

    def validate_reason(self, field: Any) -> None:
        """Ask for a reason, in words of our own."""
        if not (field.data or "").strip():
            raise ValidationError(str(lazy("Write in a sentence why it is extended")))
        if len(field.data) > LONGEST_REASON:
            raise ValidationError(str(lazy("Shorten the reason, to 1,000 letters at most")))


@blueprint.route("/coordinate/authorisations/<int:authorisation_id>/extend", methods=["GET", "POST"])
@requires(Can.CHANGE_MEMBERSHIP, load=load.authorisation)
def extend(found: Held) -> ResponseReturnValue:
    """Let an authorisation go on for some months, once."""
    member, today = found.member, load.today(db.session(), me(), clock.now())
    held = authorisations.of(db.session(), member.id, by=me(), today=today)
    row = next((one for one in held if one.id == found.authorisation_id), None)
    if row is None:
        abort(404)
    form, can = ExtensionForm(), row.id in extensions.extendable(held, today)
    form.offer()
    if form.validate_on_submit():
        months, reason = form.months.data, form.reason.data or ""
        try:
            until = extensions.extend(member.id, row.id, months, reason, by=me(), now=clock.now())
        except extensions.ExtensionError:
            form.months.errors = [_("It cannot be extended: it was extended before, or another one follows it")]
        else:
            said = _("Extended until %(day)s. The reminders count to that day now.", day=format_date(until))
            flash(said, "success")
            return redirect(url_for("coordinate.person", membership_id=member.id), 303)
    page = render_template("coordinate/extend.html", form=form, member=member, row=row, can=can)
    return page, 422 if form.errors else 200
