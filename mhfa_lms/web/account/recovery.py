"""A forgotten password, and a new address."""

from flask import flash, redirect, render_template, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue

from mhfa_lms import clock
from mhfa_lms.i18n import format_span, lazy
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import LinkKind
from mhfa_lms.policy import Can
from mhfa_lms.services import recovery
from mhfa_lms.services.limits import SIGN_IN_ACCOUNT
from mhfa_lms.services.links import LASTS, DeadLinkError
from mhfa_lms.services.passwords import PasswordError
from mhfa_lms.services.signing_in import WrongPasswordError
from mhfa_lms.web.access import public, requires
from mhfa_lms.web.account import visitor
from mhfa_lms.web.account.blueprint import blueprint
from mhfa_lms.web.account.forms import AddressForm, ForgotForm, NewPasswordForm, PlainForm, refuse, text
from mhfa_lms.web.account.pages import dead_link
from mhfa_lms.web.identity import actor, me
from mhfa_lms.web.identity import sign_out as take_session


@blueprint.route("/forgot", methods=["GET", "POST"])
@public
def forgot() -> ResponseReturnValue:
    """Ask for a link to choose a new password; the answer is the same for every address."""
    form = ForgotForm()
    if form.validate_on_submit():
        email = text(form.email)
        visitor.count_mail(email)
        recovery.ask_reset(email, now=clock.now())
        cookie[visitor.MAILED] = email
        return redirect(url_for("account.sent", about="reset"), 303)
    return render_template("account/forgot.html", form=form), 422 if form.errors else 200


@blueprint.route("/reset/<secret>", methods=["GET", "POST"])
@public
def reset(secret: str) -> ResponseReturnValue:
    """Choose a new password by the link from the mail."""
    email = recovery.reset_address(secret, now=clock.now())
    if email is None:
        return _dead_reset()
    form = NewPasswordForm()
    if form.validate_on_submit():
        try:
            recovery.reset(secret, text(form.password), now=clock.now())
        except PasswordError as error:
            refuse(form.password, error.message)
        except DeadLinkError:
            return _dead_reset()
        else:
            if actor():
                take_session()
            flash(_("Your new password is saved. Sign in with it."), "success")
            return redirect(url_for("account.sign_in"), 303)
    return render_template("account/reset.html", form=form, email=email), 422 if form.errors else 200


def _dead_reset() -> ResponseReturnValue:
    lasts = format_span(LASTS[LinkKind.RESET])
    return dead_link(_("Ask for a new link on the page “Choose a new password”. It works for %(lasts)s.", lasts=lasts))


@blueprint.route("/account/address", methods=["GET", "POST"])
@requires(Can.USE_ACCOUNT)
def address() -> ResponseReturnValue:
    """Ask for another address; it takes effect when a link sent there is used."""
    form = AddressForm()
    if form.validate_on_submit():
        visitor.count((SIGN_IN_ACCOUNT, f"account {me().account_id}"))
        visitor.count_mail(text(form.email))
        try:
            recovery.ask_address(text(form.email), text(form.password), by=me(), now=clock.now())
        except WrongPasswordError:
            refuse(form.password, lazy("This is not your password"))
        except recovery.SameAddressError:
            refuse(form.email, lazy("This is the address you have now. Enter the new one"))
        else:
            cookie[visitor.MAILED] = text(form.email)
            return redirect(url_for("account.sent", about="confirm"), 303)
    return render_template("account/address.html", form=form), 422 if form.errors else 200


@blueprint.route("/account/address/<secret>", methods=["GET", "POST"])
@public
def confirm_address(secret: str) -> ResponseReturnValue:
    """Use a new address from now on."""
    email = recovery.new_address(secret, now=clock.now())
    form = PlainForm()
    if email is None:
        return _dead_address()
    if form.validate_on_submit():
        try:
            recovery.confirm_address(secret, now=clock.now())
        except DeadLinkError:
            return _dead_address()
        flash(_("Your new e-mail address is saved. Sign in with it from now on."), "success")
        return redirect(url_for("account.overview" if actor() else "account.sign_in"), 303)
    return render_template("account/confirm_address.html", form=form, email=email)


def _dead_address() -> ResponseReturnValue:
    return dead_link(_("Your address is as it was. Ask for the change again on your account page."))
