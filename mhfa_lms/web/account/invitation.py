"""Taking an invitation: as a new person, or with the account that is signed in."""

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, i18n
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import lazy
from mhfa_lms.policy import Actor
from mhfa_lms.services import invitations, sessions
from mhfa_lms.services.accounts import AccountExistsError
from mhfa_lms.services.invitations import Offer
from mhfa_lms.services.links import DeadLinkError
from mhfa_lms.services.passwords import PasswordError
from mhfa_lms.web.access import public
from mhfa_lms.web.account import visitor
from mhfa_lms.web.account.blueprint import blueprint
from mhfa_lms.web.account.forms import AcceptForm, AcceptNewForm, refuse, text
from mhfa_lms.web.account.pages import dead_link
from mhfa_lms.web.identity import actor
from mhfa_lms.web.identity import sign_in as give_session


@blueprint.route("/invitation/<secret>", methods=["GET", "POST"])
@public
def invitation(secret: str) -> ResponseReturnValue:
    """Show what is offered, and take it. The page looks the same whether or not the address has an account."""
    offer = invitations.offer(secret, now=clock.now())
    if offer is None:
        return _dead()
    who = actor()
    return _accept_as(secret, offer, who) if who else _accept_new(secret, offer)


def _accept_as(secret: str, offer: Offer, who: Actor) -> ResponseReturnValue:
    form = AcceptForm(name=offer.name or who.name)
    if form.validate_on_submit():
        try:
            membership_id = invitations.accept(secret, by=who, name=text(form.name), now=clock.now())
        except DeadLinkError:
            return _dead()
        sessions.switch(membership_id, by=who, now=clock.now())
        return redirect(url_for("learn.home"), 303)
    page = render_template("account/invitation_signed_in.html", form=form, offer=offer)
    return page, 422 if form.errors else 200


def _accept_new(secret: str, offer: Offer) -> ResponseReturnValue:
    form = AcceptNewForm(name=offer.name)
    form.of_age.label.text = _("I am %(age)s or older", age=offer.minimum_age)
    if form.validate_on_submit():
        try:
            session_secret = invitations.accept_as_new(
                secret,
                name=text(form.name),
                password=text(form.password),
                locale=i18n.language().code,
                now=clock.now(),
                browser=visitor.browser(),
            )
        except PasswordError as error:
            refuse(form.password, error.message)
        except AccountExistsError:
            refuse(form.password, lazy("This address has been used on this site before. Sign in with it to accept"))
        except DeadLinkError:
            return _dead()
        else:
            give_session(session_secret)
            return redirect(url_for("learn.home"), 303)
    then = url_for("account.invitation", secret=secret)
    page = render_template("account/invitation.html", form=form, offer=offer, then=then)
    return page, 422 if form.errors else 200


def _dead() -> ResponseReturnValue:
    return dead_link(_("Ask your organisation to invite you again."))
