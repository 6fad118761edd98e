"""The first administrator, made by the link that the first start prints."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, i18n
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import lazy
from mhfa_lms.models import LinkKind
from mhfa_lms.services import accounts, links
from mhfa_lms.services.organisations import OrganisationError
from mhfa_lms.services.passwords import PasswordError
from mhfa_lms.web.access import public
from mhfa_lms.web.account.blueprint import blueprint
from mhfa_lms.web.account.forms import FirstAdminForm, refuse, text
from mhfa_lms.web.account.pages import dead_link
from mhfa_lms.web.identity import settings


@blueprint.route("/setup/<secret>", methods=["GET", "POST"])
@public
def first_admin(secret: str) -> ResponseReturnValue:
    """Make the first administrator and their organisation."""
    if links.peek(LinkKind.FIRST_ADMIN, secret, now=clock.now()) is None:
        return _dead()
    form = FirstAdminForm(timezone=settings().timezone)
    if form.validate_on_submit():
        try:
            _make(secret, form)
        except PasswordError as error:
            refuse(form.password, error.message)
        except accounts.AccountExistsError:
            refuse(form.email, lazy("There is an account with this address already. Use another one"))
        except OrganisationError:
            refuse(form.organisation, lazy("There is an organisation of this name already. Use another name"))
        except links.DeadLinkError:
            return _dead()
        else:
            flash(_("The site is yours. Sign in to begin."), "success")
            return redirect(url_for("account.sign_in"), 303)
    return render_template("account/first_admin.html", form=form), 422 if form.errors else 200


def _make(secret: str, form: FirstAdminForm) -> None:
    accounts.create_first_admin(
        secret,
        text(form.email),
        text(form.name),
        text(form.password),
        clock.now(),
        locale=i18n.language().code,
        organisation=text(form.organisation),
        timezone=text(form.timezone),
    )


def _dead() -> ResponseReturnValue:
    return dead_link(_("If the site has no administrator yet, start it again: it prints a new link."))
