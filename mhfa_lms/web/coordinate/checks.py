"""Until when an instructor's background check counts: the day alone."""

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import DateField

from mhfa_lms import clock, db
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import lazy
from mhfa_lms.models import Membership
from mhfa_lms.policy import Can
from mhfa_lms.services import duties
from mhfa_lms.services.authorisations import AuthorisationError
from mhfa_lms.web.access import requires
from mhfa_lms.web.coordinate import load
from mhfa_lms.web.coordinate.blueprint import blueprint
from mhfa_lms.web.forms import Form, ValidationError
from mhfa_lms.web.identity import me


class CheckForm(Form):
    """The last day on which a check counts."""

    until = DateField(lazy("Last day on which it counts"))

    def validate_until(self, field: Any) -> None:
        """Ask for a day, in words of our own."""
        if field.data is None:
            field.errors = []
            raise ValidationError(str(lazy("Enter the last day, such as 31 December 2027")))


@blueprint.route("/coordinate/people/<int:membership_id>/check", methods=["GET", "POST"])
@requires(Can.CHANGE_MEMBERSHIP, load=load.member)
def check(member: Membership) -> ResponseReturnValue:
    """Note until when a person's background check counts."""
    form, until = CheckForm(), duties.check_of(db.session(), member.id)
    if form.validate_on_submit() and form.until.data is not None:
        today = load.today(db.session(), me(), clock.now())
        try:
            duties.record_check(member.id, form.until.data, today=today, by=me(), now=clock.now())
        except AuthorisationError:
            form.until.errors = [
                _("It can be noted for instructors, and the last day must lie between today and five years ahead")
            ]
        else:
            flash(_("The day is noted. The instructor is reminded before it."), "success")
            return redirect(url_for("coordinate.person", membership_id=member.id), 303)
    page = render_template("coordinate/check.html", form=form, member=member, until=until)
    return page, 422 if form.errors else 200
