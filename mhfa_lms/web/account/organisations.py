"""The switcher between one's organisations."""

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock
from mhfa_lms.policy import Can
from mhfa_lms.services import memberships, sessions
from mhfa_lms.web.access import requires
from mhfa_lms.web.account.blueprint import blueprint
from mhfa_lms.web.identity import me
from mhfa_lms.web.requests import whole


@blueprint.get("/account/organisations")
@requires(Can.USE_ACCOUNT)
def organisations() -> ResponseReturnValue:
    """The organisations one belongs to, with the one in use."""
    who = me()
    return render_template("account/organisations.html", who=who, memberships=memberships.of_account(who.account_id))


@blueprint.post("/account/organisations/switch")
@requires(Can.USE_ACCOUNT)
def switch() -> ResponseReturnValue:
    """Use another of one's organisations; the service refuses those of other people."""
    membership_id = request.form.get("membership_id", type=whole)
    if membership_id is None:
        abort(400)
    sessions.switch(membership_id, by=me(), now=clock.now())
    return redirect(url_for("learn.home"), 303)
