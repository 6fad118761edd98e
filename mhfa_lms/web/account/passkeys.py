"""Making a passkey. The script asks for the options, the browser makes the passkey, and the form carries the answer."""

from flask import Response, abort, render_template
from flask.typing import ResponseReturnValue

from mhfa_lms import clock
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import lazy
from mhfa_lms.policy import Can
from mhfa_lms.services import passkeys
from mhfa_lms.web.access import requires
from mhfa_lms.web.account import visitor
from mhfa_lms.web.account.blueprint import blueprint
from mhfa_lms.web.account.changing import added, needs_password, passkey_site
from mhfa_lms.web.account.forms import PasskeyForm, refuse, text
from mhfa_lms.web.identity import me


@blueprint.route("/account/second-step/passkey", methods=["GET", "POST"])
@requires(Can.SECURE_ACCOUNT)
@needs_password
def passkey() -> ResponseReturnValue:
    """Make a passkey."""
    here = passkey_site()
    if here is None:
        abort(404)
    form = PasskeyForm(name=visitor.browser() or _("My passkey"))
    if form.validate_on_submit():
        try:
            return added(passkeys.add(here, text(form.answer), text(form.name), by=me(), now=clock.now()))
        except passkeys.RefusedError:
            refuse(form.name, lazy("The passkey could not be made. Try again"))
    return render_template("account/second_step_passkey.html", form=form), 422 if form.errors else 200


@blueprint.post("/account/second-step/passkey/options")
@requires(Can.SECURE_ACCOUNT)
@needs_password
def passkey_options() -> ResponseReturnValue:
    """What the browser needs to make a passkey, as JSON."""
    here = passkey_site()
    if here is None:
        abort(404)
    return Response(passkeys.ask_new(here, by=me(), now=clock.now()), mimetype="application/json")
