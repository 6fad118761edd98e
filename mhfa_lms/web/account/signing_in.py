"""Signing in, signing out, and the page for people who have not confirmed their address."""

from typing import Final

from flask import flash, redirect, render_template, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import lazy
from mhfa_lms.models import LinkKind
from mhfa_lms.services import joining, limits, organisations, sessions, signing_in
from mhfa_lms.services.limits import SIGN_IN_ACCOUNT, SIGN_IN_ADDRESS
from mhfa_lms.services.links import LASTS
from mhfa_lms.services.names import email_key
from mhfa_lms.web.access import public, safe_next
from mhfa_lms.web.account import visitor
from mhfa_lms.web.account.blueprint import blueprint
from mhfa_lms.web.account.forms import PlainForm, SignInForm, refuse, text
from mhfa_lms.web.identity import actor, half_open, settings
from mhfa_lms.web.identity import sign_in as give_session
from mhfa_lms.web.identity import sign_out as take_session

UNCONFIRMED: Final = "unconfirmed"
WRONG: Final = lazy("The e-mail address or the password is not right. Check both, or choose a new password")


@blueprint.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in() -> ResponseReturnValue:
    """Sign in with address and password; back to the page that was asked for, if it is one of this site's."""
    then = safe_next(request.args.get("next"))
    form = SignInForm()
    if request.method == "GET" and actor():
        return redirect(then or url_for("learn.home"), 303)
    if not form.validate_on_submit():
        return _page(form, then)
    email = text(form.email)
    tries = ((SIGN_IN_ACCOUNT, email_key(email)), (SIGN_IN_ADDRESS, visitor.address()))
    visitor.count(*tries)
    try:
        secret = signing_in.sign_in(email, text(form.password), now=clock.now(), browser=visitor.browser())
    except signing_in.WrongPasswordError:
        refuse(form.email, WRONG)
        return _page(form, then)
    except signing_in.NotConfirmedError as error:
        cookie[UNCONFIRMED] = {"id": error.account_id, "email": email}
        return redirect(url_for("account.unconfirmed"), 303)
    except signing_in.SecondStepNeededError as error:
        limits.let_go(tries, secret=settings().secret_key)
        half_open(error.secret)
        return redirect(url_for("account.second_sign_in", next=then), 303)
    limits.let_go(tries, secret=settings().secret_key)
    give_session(secret)
    return redirect(then or url_for("learn.home"), 303)


def _page(form: SignInForm, then: str | None) -> ResponseReturnValue:
    # A limit counted or a password verified may have left the reading session without its rows.
    db.session().rollback()
    page = render_template("account/sign_in.html", form=form, then=then, open_ones=organisations.open_ones())
    return page, 422 if form.errors else 200


@blueprint.post("/sign-out")
@public
def sign_out() -> ResponseReturnValue:
    """Sign out: the session ends in the database, so that a copy of the cookie is worthless too."""
    who = actor()
    if who and who.session_id is not None:
        sessions.end(who.session_id, by=who, now=clock.now())
    take_session()
    flash(_("You are signed out."), "success")
    return redirect(url_for("account.sign_in"), 303)


@blueprint.route("/confirm", methods=["GET", "POST"])
@public
def unconfirmed() -> ResponseReturnValue:
    """The password was right, but the address is not confirmed: offer to send the mail again."""
    found = cookie.get(UNCONFIRMED)
    if not isinstance(found, dict):
        return redirect(url_for("account.sign_in"), 303)
    form = PlainForm()
    if not form.validate_on_submit():
        lasts = LASTS[LinkKind.CONFIRM]
        return render_template("account/unconfirmed.html", form=form, email=found["email"], lasts=lasts)
    visitor.count_mail(found["email"])
    joining.send_again(int(found["id"]), token=visitor.token(), now=clock.now())
    cookie[visitor.MAILED] = found["email"]
    return redirect(url_for("account.sent", about="confirm"), 303)
