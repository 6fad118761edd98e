"""The choice of a language, for anybody."""

from typing import Final

from flask import abort, redirect, request
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, i18n
from mhfa_lms.services import accounts
from mhfa_lms.web.access import public, safe_next
from mhfa_lms.web.account.blueprint import blueprint
from mhfa_lms.web.identity import actor, settings
from mhfa_lms.web.pages import LANGUAGE_COOKIE

YEAR: Final = 365 * 24 * 3600


@blueprint.post("/language")
@public
def language() -> ResponseReturnValue:
    """Remember a language in a cookie and, for people who are signed in, with their account."""
    code = i18n.known(request.form.get("language"))
    if code is None:
        abort(400)
    who = actor()
    if who:
        accounts.set_locale(code, by=who, now=clock.now())
    answer = redirect(safe_next(request.form.get("next")) or "/", 303)
    answer.set_cookie(LANGUAGE_COOKIE, code, max_age=YEAR, secure=settings().secure, httponly=True, samesite="Lax")
    return answer
