"""While a backup is restored: a page that says so, with the way to help; help now itself goes on answering.

Whoever writes is counted, so that a restore begins between two requests and never inside one.
"""

from typing import Final

from flask import Flask, Response, g, jsonify, request

from mhfa_lms import db, logs
from mhfa_lms.i18n import lazy
from mhfa_lms.settings import Settings
from mhfa_lms.standby import RETRY_AFTER_S, Gate, RestoringError, Standby
from mhfa_lms.web import errors, identity, language

READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# What answers without data of people: the process itself, help now, styles and scripts.
ALWAYS: Final = frozenset({"public.healthz", "public.help_now", "public.help_near", "assets.serve"})
TEXTS: Final = (
    lazy("We will be back in a few minutes"),
    lazy(
        "We are bringing our records back from a safe copy. Reload this page then, and sign in again."
        " What you did last may be missing."
    ),
)


def is_restoring() -> bool:
    """Whether this request is answered while a backup is restored."""
    return bool(g.get("restoring"))


def init(app: Flask, settings: Settings) -> None:
    """Ask before each request; before anything that reads the database."""
    standby = Standby(settings.data_dir)

    @app.before_request
    def stand_aside() -> Response | None:
        found = standby.look()
        if found is Gate.REOPENED:
            db.reopen()
            logs.logger().info("reopened-after-restore")
        if found is not Gate.CLOSED and request.method not in READS:
            try:
                g.working = standby.begin()
            except RestoringError:
                found = Gate.CLOSED
        return _wait(settings) if found is Gate.CLOSED else None

    @app.teardown_request
    def done(_error: BaseException | None) -> None:
        handle = g.pop("working", None)
        if handle is not None:
            standby.end(handle)


def _wait(settings: Settings) -> Response | None:
    g.restoring = True
    identity.be_nobody()
    if request.endpoint in ALWAYS:
        return None
    if request.endpoint == "public.readyz":
        response = jsonify(status="not ready", restoring=True)
        response.status_code = 503
    else:
        language.choose(settings)
        response = errors.answer(503, TEXTS)
    response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response
