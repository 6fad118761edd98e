"""The organisation's sites."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db
from mhfa_lms.i18n import gettext as _
from mhfa_lms.policy import Can
from mhfa_lms.services import sites as service
from mhfa_lms.web import lists
from mhfa_lms.web.access import requires
from mhfa_lms.web.coordinate.blueprint import blueprint
from mhfa_lms.web.coordinate.forms import SiteForm
from mhfa_lms.web.identity import me


@blueprint.route("/coordinate/sites", methods=["GET", "POST"])
@requires(Can.COORDINATE)
def sites() -> ResponseReturnValue:
    """The sites, and a form to add one."""
    form = SiteForm()
    if form.validate_on_submit():
        try:
            service.add(form.name.data or "", by=me(), now=clock.now())
        except service.SiteExistsError:
            form.name.errors = [_("There is a site of this name")]
        else:
            flash(_("The site is added."), "success")
            return redirect(url_for("coordinate.sites"), 303)
    page = service.page(db.session(), lists.place(), by=me())
    return render_template("coordinate/sites.html", form=form, page=page), 422 if form.errors else 200
