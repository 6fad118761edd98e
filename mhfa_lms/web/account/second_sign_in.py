"""The second step of signing in: after the password, before anything is open."""

from collections.abc import Callable
from typing import Any

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import lazy
from mhfa_lms.models import StepKind
from mhfa_lms.services import half_open, limits, passkeys
from mhfa_lms.services.code_apps import WrongCodeError
from mhfa_lms.services.half_open import GoneError, Waiting
from mhfa_lms.services.limits import CODE_ACCOUNT, CODE_DAY, RECOVERY_ACCOUNT, SECOND_STEP_ADDRESS, Limit
from mhfa_lms.services.secret_box import SecretBox
from mhfa_lms.web.access import public, safe_next
from mhfa_lms.web.account import visitor
from mhfa_lms.web.account.blueprint import blueprint
from mhfa_lms.web.account.changing import passkey_site
from mhfa_lms.web.account.forms import CodeForm, PasskeyAnswerForm, RecoveryCodeForm, refuse, text
from mhfa_lms.web.identity import actor, half_open_secret, settings
from mhfa_lms.web.identity import sign_in as give_session

NOT_RIGHT = lazy("This code is not right, or it was used before. Wait for the next one and enter it")
NOT_ONE = lazy("This is not one of your recovery codes, or it was used before")
REFUSED = lazy("The passkey did not work here. Try again, or use another way")


@blueprint.route("/sign-in/second-step", methods=["GET", "POST"])
@public
def second_sign_in() -> ResponseReturnValue:
    """Prove the second step with the code from an app; the page offers the other ways as well."""
    waiting = _waiting()
    if waiting is None:
        return _from_the_start()
    form = CodeForm()
    if StepKind.APP in waiting.kinds and form.validate_on_submit():
        tries = ((CODE_ACCOUNT, str(waiting.account_id)), (CODE_DAY, str(waiting.account_id)), _address())
        try:
            return _finish(lambda secret: _by_code(secret, text(form.code)), *tries)
        except WrongCodeError:
            refuse(form.code, NOT_RIGHT)
    return _page(waiting, form)


@blueprint.route("/sign-in/recovery-code", methods=["GET", "POST"])
@public
def recovery_code() -> ResponseReturnValue:
    """Sign in with a recovery code instead of the second step."""
    waiting = _waiting()
    if waiting is None:
        return _from_the_start()
    form = RecoveryCodeForm()
    if form.validate_on_submit():
        try:
            return _finish(
                lambda secret: half_open.finish_with_recovery_code(secret, text(form.code), now=clock.now()),
                (RECOVERY_ACCOUNT, str(waiting.account_id)),
                _address(),
            )
        except WrongCodeError:
            refuse(form.code, NOT_ONE)
    page = render_template("account/recovery_code.html", form=form, then=_then())
    return page, 422 if form.errors else 200


@blueprint.post("/sign-in/passkey")
@public
def passkey_sign_in() -> ResponseReturnValue:
    """Sign in with what the browser's passkey answered."""
    waiting, here = _waiting(), passkey_site()
    if waiting is None or here is None:
        return _from_the_start()
    form = PasskeyAnswerForm()
    if form.validate_on_submit():
        try:
            return _finish(lambda secret: passkeys.finish(here, secret, text(form.answer), now=clock.now()), _address())
        except passkeys.RefusedError:
            return _page(waiting, CodeForm(formdata=None), failed=REFUSED)
    return _page(waiting, CodeForm(formdata=None))


@blueprint.post("/sign-in/passkey/options")
@public
def passkey_sign_in_options() -> ResponseReturnValue:
    """What the browser needs to use one of the account's passkeys, as JSON."""
    waiting, here = _waiting(), passkey_site()
    if waiting is None or here is None:
        abort(404)
    visitor.count(_address())
    options = passkeys.ask_sign_in(here, half_open_secret(), now=clock.now())
    limits.let_go([_address()], secret=settings().secret_key)
    return Response(options, mimetype="application/json")


def _by_code(secret: str, typed: str) -> str:
    return half_open.finish_with_code(secret, typed, SecretBox(settings().secret_keys), now=clock.now())


def _finish(way: Callable[[str], str], *tries: tuple[Limit, str]) -> ResponseReturnValue:
    """Count a try, finish the sign-in, and let go of the tries that led there."""
    then = _then()
    visitor.count(*tries)
    try:
        secret = way(half_open_secret())
    except GoneError:
        return _from_the_start()
    limits.let_go(tries, secret=settings().secret_key)
    give_session(secret)
    return redirect(then or url_for("learn.home"), 303)


def _page(waiting: Waiting, form: CodeForm, *, failed: Any = None) -> ResponseReturnValue:
    page = render_template(
        "account/second_sign_in.html",
        form=form,
        page_errors=[{"text": failed}] if failed else [],
        has_app=StepKind.APP in waiting.kinds,
        has_passkey=StepKind.PASSKEY in waiting.kinds,
        passkeys_work=passkey_site() is not None,
        then=_then(),
    )
    return page, 422 if form.errors or failed else 200


def _waiting() -> Waiting | None:
    secret = half_open_secret()
    return half_open.find(secret, now=clock.now()) if secret and not actor() else None


def _from_the_start() -> ResponseReturnValue:
    if not actor():
        flash(_("That took more than ten minutes. Please begin again with your password."), "warning")
    return redirect(url_for("account.sign_in", next=_then()), 303)


def _then() -> str | None:
    return safe_next(request.args.get("next"))


def _address() -> tuple[Limit, str]:
    return (SECOND_STEP_ADDRESS, visitor.address())
