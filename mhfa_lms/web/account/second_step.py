"""One's own second steps: what there is, an app that shows codes, recovery codes, taking one away."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock
from mhfa_lms.adapters import qr
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import lazy
from mhfa_lms.models import SecondStep
from mhfa_lms.policy import Can
from mhfa_lms.services import code_apps, recovery_codes, second_steps, signing_in, totp
from mhfa_lms.services.limits import SIGN_IN_ACCOUNT
from mhfa_lms.services.secret_box import SecretBox
from mhfa_lms.services.signing_in import WrongPasswordError
from mhfa_lms.web.access import requires, safe_next
from mhfa_lms.web.account import visitor
from mhfa_lms.web.account.blueprint import blueprint
from mhfa_lms.web.account.changing import added, needs_password, passkey_site
from mhfa_lms.web.account.forms import AppForm, PasswordAgainForm, PlainForm, refuse, text
from mhfa_lms.web.identity import me, settings


@blueprint.get("/account/second-step")
@requires(Can.SECURE_ACCOUNT)
def second_step() -> ResponseReturnValue:
    """What the account has, and what can be added. Whoever is held back reads here why."""
    who = me()
    return render_template(
        "account/second_step.html",
        who=who,
        steps=second_steps.of_account(who.account_id),
        codes_left=recovery_codes.left(who.account_id),
        passkeys_work=passkey_site() is not None,
        most=second_steps.MOST,
    )


@blueprint.route("/account/password-again", methods=["GET", "POST"])
@requires(Can.SECURE_ACCOUNT)
def password_again() -> ResponseReturnValue:
    """Ask for the password before the second step is changed or one's data leave, and go on to where it was wanted."""
    then = safe_next(request.args.get("next")) or url_for("account.second_step")
    form = PasswordAgainForm()
    if form.validate_on_submit():
        visitor.count((SIGN_IN_ACCOUNT, f"account {me().account_id}"))
        try:
            signing_in.type_again(text(form.password), by=me(), now=clock.now())
        except WrongPasswordError:
            refuse(form.password, lazy("This is not your password"))
        else:
            return redirect(then, 303)
    for_data = not then.startswith(url_for("account.second_step"))
    page = render_template("account/password_again.html", form=form, then=then, for_data=for_data)
    return page, 422 if form.errors else 200


@blueprint.route("/account/second-step/app", methods=["GET", "POST"])
@requires(Can.SECURE_ACCOUNT)
@needs_password
def second_step_app() -> ResponseReturnValue:
    """Set up an app: its QR code, the same as text, and the first code as proof."""
    who, box = me(), SecretBox(settings().secret_keys)
    form = AppForm(name=_("My phone"))
    if request.method == "GET":
        form.offer.data = code_apps.offer(box, by=who, now=clock.now())
    try:
        shown = code_apps.offered(box, text(form.offer), by=who, now=clock.now())
        if form.validate_on_submit():
            secret = code_apps.add(box, text(form.offer), text(form.code), text(form.name), by=who, now=clock.now())
            return added(secret)
    except code_apps.WrongCodeError:
        refuse(form.code, lazy("This is not the code that the app shows now. Wait for the next one and enter it"))
    except code_apps.OfferGoneError:
        flash(_("That page had been open for too long. Here is a new code to scan."), "warning")
        return redirect(url_for("account.second_step_app"), 303)
    address = totp.uri(shown, account=who.email, issuer=settings().site_name)
    page = render_template("account/second_step_app.html", form=form, secret=shown, picture=qr.data_uri(address))
    return page, 422 if form.errors else 200


@blueprint.route("/account/second-step/codes", methods=["GET", "POST"])
@requires(Can.SECURE_ACCOUNT)
@needs_password
def second_step_codes() -> ResponseReturnValue:
    """Make ten recovery codes and show them.

    The answer to the POST shows them itself, for they are kept nowhere that a page after it could read them from.
    """
    form = PlainForm()
    codes = recovery_codes.make(by=me(), now=clock.now()) if form.validate_on_submit() else []
    return render_template(
        "account/second_step_codes.html", form=form, codes=codes, left=recovery_codes.left(me().account_id)
    )


@blueprint.route("/account/second-step/<int:second_step_id>/remove", methods=["GET", "POST"])
@requires(Can.SECURE_ACCOUNT, load=second_steps.own)
@needs_password
def remove_second_step(step: SecondStep) -> ResponseReturnValue:
    """Take one of one's own second steps away, after saying what that means."""
    who, form = me(), PlainForm()
    only = len(second_steps.of_account(who.account_id)) == 1
    if form.validate_on_submit():
        try:
            second_steps.remove(step.id, by=who, now=clock.now())
        except second_steps.LastStepError:
            only = True
        else:
            flash(_("It is removed. We have sent you a mail about it."), "success")
            return redirect(url_for("account.second_step"), 303)
    kept = only and who.second_step_required
    page = render_template("account/second_step_remove.html", form=form, step=step, only=only, kept=kept)
    return page, 409 if kept and request.method == "POST" else 200
