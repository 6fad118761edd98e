"""Help lines: which were checked when, and noting that they were checked today."""

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db
from mhfa_lms.help import lines
from mhfa_lms.i18n import gettext as _
from mhfa_lms.policy import Can
from mhfa_lms.services import attention, help_checks
from mhfa_lms.web.access import requires
from mhfa_lms.web.admin.blueprint import blueprint
from mhfa_lms.web.identity import me


@blueprint.get("/admin/help-lines")
@requires(Can.ADMINISTER)
def help_lines() -> ResponseReturnValue:
    """Every country with its numbers and the day of the last check."""
    now = clock.now()
    rows = [
        (country, checked, help_checks.is_stale(checked, now))
        for country, checked in attention.checked_lines(db.session())
    ]
    return render_template("admin/help_lines.html", rows=rows)


@blueprint.post("/admin/help-lines/<country>/checked")
@requires(Can.ADMINISTER)
def lines_checked(country: str) -> ResponseReturnValue:
    """Note that the administrator checked a country's lines today."""
    directory = lines.load()
    entries = (*directory.countries, directory.international)
    found = next((entry for entry in entries if entry.country == country), None)
    if found is None:
        abort(404)
    help_checks.record(found.country, by=me(), now=clock.now())
    flash(_("Noted: the lines of %(country)s were checked today.", country=found.name), "success")
    return redirect(url_for("admin.help_lines"), 303)
