"""What every page that changes one's second step needs first: the password, typed a moment ago."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock
from mhfa_lms.i18n import gettext as _
from mhfa_lms.services import passkeys, recovery_codes, second_steps
from mhfa_lms.web.identity import me, settings
from mhfa_lms.web.identity import sign_in as give_session

View = Callable[..., ResponseReturnValue]


def needs_password(view: View) -> View:
    """Lead to the page that asks for the password when it was typed too long ago, and answer what the services refuse.

    The services decide; looking here first only keeps people from filling in a form in vain.
    """

    @wraps(view)
    def asked(*args: Any, **values: Any) -> ResponseReturnValue:
        try:
            if request.method == "GET" and not second_steps.password_is_fresh(by=me(), now=clock.now()):
                raise second_steps.PasswordNeededError
            return view(*args, **values)
        except second_steps.PasswordNeededError:
            return redirect(url_for("account.password_again", next=request.path), 303)
        except second_steps.NotProvenError:
            # The page itself says that only signing in again helps.
            return redirect(url_for("account.second_step"), 303)
        except recovery_codes.NoStepError:
            return redirect(url_for("account.second_step"), 303)
        except second_steps.TooManyStepsError:
            flash(_("You have as many as there can be. Remove one first."), "warning")
            return redirect(url_for("account.second_step"), 303)

    return asked


def passkey_site() -> passkeys.Site | None:
    """Return what passkeys of this installation are bound to, or None where browsers refuse them."""
    return passkeys.site(settings().base_url, settings().site_name)


def added(secret: str) -> ResponseReturnValue:
    """Answer after a second step was added: the browser gets its new secret, and recovery codes come next."""
    give_session(secret)
    flash(_("It is set up. From now on we ask for it when you sign in."), "success")
    return redirect(url_for("account.second_step_codes"), 303)
