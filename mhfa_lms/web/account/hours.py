"""The time zone a person lives in: the hour at which mails reach them is counted there."""

from functools import cache
from typing import Any, Final
from zoneinfo import available_timezones

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import SelectField

from mhfa_lms import clock
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import lazy
from mhfa_lms.policy import Can
from mhfa_lms.services import accounts
from mhfa_lms.web.access import requires
from mhfa_lms.web.account.blueprint import blueprint
from mhfa_lms.web.forms import Form
from mhfa_lms.web.identity import me

REGIONS: Final = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian",
                  "Pacific")  # fmt: skip
AS_ORGANISATION: Final = "organisation"


@cache
def zones() -> tuple[str, ...]:
    """Return the zones that people live in, by name: those of a region and a place, and UTC."""
    found = {zone for zone in available_timezones() if zone.split("/", 1)[0] in REGIONS and "/" in zone}
    return (*sorted(found), "UTC")


class TimeZoneForm(Form):
    """A time zone by its name, or the organisation's."""

    zone = SelectField(lazy("Time zone"))

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        offered = [(zone, zone.replace("_", " ")) for zone in zones()]
        self.zone.choices = [(AS_ORGANISATION, _("As my organisation has it")), *offered]


@blueprint.route("/account/time-zone", methods=["GET", "POST"])
@requires(Can.USE_ACCOUNT)
def time_zone() -> ResponseReturnValue:
    """Choose the time zone in which one lives."""
    form = TimeZoneForm(data={"zone": accounts.timezone_of(me()) or AS_ORGANISATION})
    if form.validate_on_submit():
        chosen = str(form.zone.data)
        accounts.set_timezone(None if chosen == AS_ORGANISATION else chosen, by=me(), now=clock.now())
        flash(_("Your time zone is saved."), "success")
        return redirect(url_for("account.overview"), 303)
    return render_template("account/time_zone.html", form=form), 422 if form.errors else 200
