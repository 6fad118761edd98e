"""Joining an open organisation, and confirming one's address."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db, i18n
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import lazy
from mhfa_lms.models import Audience, LinkKind, Organisation
from mhfa_lms.policy import Actor
from mhfa_lms.services import joining, memberships, organisations, rules, sessions, sites
from mhfa_lms.services.limits import SIGN_IN_ACCOUNT
from mhfa_lms.services.links import LASTS, DeadLinkError
from mhfa_lms.services.secrets import hashed
from mhfa_lms.services.signing_in import WrongPasswordError
from mhfa_lms.web.access import public
from mhfa_lms.web.account import visitor
from mhfa_lms.web.account.blueprint import blueprint
from mhfa_lms.web.account.forms import ConfirmForm, JoinForm, PlaceForm, PlainForm, refuse, text
from mhfa_lms.web.account.pages import dead_link
from mhfa_lms.web.identity import actor
from mhfa_lms.web.identity import sign_in as give_session


@blueprint.route("/join/<slug>", methods=["GET", "POST"])
@public
def join(slug: str) -> ResponseReturnValue:
    """Join an organisation that is open to everybody, as a new person or with one's account."""
    organisation = organisations.open_by_slug(slug)
    if organisation is None:
        abort(404)
    who = actor()
    return _join_as(organisation, who) if who else _join_new(organisation)


def _join_new(organisation: Organisation) -> ResponseReturnValue:
    form = JoinForm()
    age = rules.resolve(db.session(), [rules.Rule.MINIMUM_AGE], organisation_id=organisation.id)
    form.of_age.label.text = _("I am %(age)s or older", age=age[rules.Rule.MINIMUM_AGE].value)
    form.offer(sites.of(db.session(), organisation.id))
    if form.validate_on_submit():
        wish = joining.Wish(
            text(form.email), text(form.name), text(form.password), Audience(text(form.audience)), form.site
        )
        organisation_id = organisation.id
        visitor.count_mail(wish.email)
        joining.join(organisation_id, wish, token=visitor.token(), locale=i18n.language().code, now=clock.now())
        cookie[visitor.MAILED] = wish.email
        return redirect(url_for("account.sent", about="confirm"), 303)
    page = render_template("account/join.html", form=form, organisation=organisation)
    return page, 422 if form.errors else 200


def _join_as(organisation: Organisation, who: Actor) -> ResponseReturnValue:
    if any(mine.organisation_id == organisation.id for mine in memberships.of_account(who.account_id)):
        return redirect(url_for("account.organisations"), 303)
    form = PlaceForm(name=who.name)
    form.offer(sites.of(db.session(), organisation.id))
    if form.validate_on_submit():
        membership_id = joining.join_signed_in(
            organisation.id,
            text(form.name),
            Audience(text(form.audience)),
            site_id=form.site,
            by=who,
            now=clock.now(),
        )
        sessions.switch(membership_id, by=who, now=clock.now())
        return redirect(url_for("learn.home"), 303)
    page = render_template("account/join_signed_in.html", form=form, organisation=organisation)
    return page, 422 if form.errors else 200


@blueprint.get("/look-in-your-mail")
@public
def sent() -> ResponseReturnValue:
    """Say where to look. The same for every address, whether or not it has an account."""
    email = cookie.get(visitor.MAILED)
    if not email:
        return redirect(url_for("account.sign_in"), 303)
    about = "reset" if request.args.get("about") == "reset" else "confirm"
    lasts = LASTS[LinkKind.RESET if about == "reset" else LinkKind.CONFIRM]
    return render_template("account/sent.html", email=email, about=about, lasts=lasts)


@blueprint.route("/confirm/<secret>", methods=["GET", "POST"])
@public
def confirm(secret: str) -> ResponseReturnValue:
    """Confirm an address: a button in the browser that joined, the chosen password in any other."""
    known = joining.known_browser(secret, visitor.known_token(), now=clock.now())
    if known is None:
        return dead_link(_("Sign in with your password, and you can have a new link sent."))
    form = PlainForm() if known else ConfirmForm()
    if form.validate_on_submit():
        password = "" if known else text(form.password)
        if not known:
            visitor.count((SIGN_IN_ACCOUNT, hashed(secret)))
        try:
            session_secret = joining.confirm(
                secret,
                token=visitor.known_token(),
                password=password,
                now=clock.now(),
                browser=visitor.browser(),
            )
        except DeadLinkError:
            return dead_link(_("Sign in with your password, and you can have a new link sent."))
        except WrongPasswordError:
            refuse(form.password, lazy("This is not the password that was chosen for this address"))
        else:
            give_session(session_secret)
            flash(_("Your e-mail address is confirmed. Welcome."), "success")
            return redirect(url_for("learn.home"), 303)
    page = render_template("account/confirm.html", form=form, known=known)
    return page, 422 if form.errors else 200
