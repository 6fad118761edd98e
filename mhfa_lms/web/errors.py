"""Error pages: what happened, what to do, and help now. They never show what went wrong inside."""

from http import HTTPStatus
from typing import Any

from flask import Flask, Response, jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import InterfaceError, OperationalError
from werkzeug.exceptions import HTTPException

from mhfa_lms import db, logs
from mhfa_lms.i18n import lazy
from mhfa_lms.policy import Forbidden
from mhfa_lms.services.limits import TooManyTriesError

TEXTS: dict[int, tuple[Any, Any]] = {
    400: (lazy("We could not read that"), lazy("Go back, reload the page and try again.")),
    403: (
        lazy("You cannot open this page"),
        lazy("Your role does not include it. If you think it should, ask your coordinator."),
    ),
    404: (
        lazy("Page not found"),
        lazy("If you typed the address, check it. If you followed a link, the page may have moved."),
    ),
    405: (lazy("That cannot be done here"), lazy("Go back and use the buttons on the page.")),
    413: (lazy("That is too large"), lazy("Send a smaller file, or shorten the text.")),
    429: (lazy("Too many tries"), lazy("Wait a little, then try again.")),
    500: (
        lazy("Something went wrong on our side"),
        lazy("It is not your fault. What you had saved is safe. Wait a minute, then try again."),
    ),
    503: (
        lazy("We cannot reach our records just now"),
        lazy("It is not your fault. What you had saved is safe. Wait a minute, then try again."),
    ),
}
# Seconds: about as long as a database takes to come back.
RETRY_AFTER = 30
EXPIRED = (lazy("This page had been open for too long"), lazy("Go back, reload the page and send it again."))


def wants_json() -> bool:
    """Whether the caller prefers JSON to a page."""
    accepted = request.accept_mimetypes
    return accepted["application/json"] > accepted["text/html"]


def answer(status: int, texts: tuple[Any, Any] | None = None) -> Response:
    """Return the error page of a status, or its JSON."""
    title, advice = texts or TEXTS.get(status, TEXTS[500 if status >= 500 else 400])
    if wants_json():
        response = jsonify(error=HTTPStatus(status).phrase, message=str(title))
    else:
        response = make_response(render_template("errors/error.html", status=status, title=title, advice=advice))
    response.status_code = status
    return response


def init(app: Flask) -> None:
    """Answer every error with a page of ours."""

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response | HTTPException:
        if error.code is None or error.code < 400:
            return error
        response = answer(error.code, EXPIRED if isinstance(error, CSRFError) else None)
        if error.code == HTTPStatus.METHOD_NOT_ALLOWED:
            for name, value in error.get_headers():
                if name == "Allow":
                    response.headers["Allow"] = value
        return response

    @app.errorhandler(Forbidden)
    def forbidden(_error: Forbidden) -> Response:
        return answer(403)

    @app.errorhandler(TooManyTriesError)
    def too_many(error: TooManyTriesError) -> Response:
        response = answer(429)
        response.headers["Retry-After"] = str(error.retry_after)
        return response

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        db.sessions.rollback()
        logs.logger().error("request failed", endpoint=request.endpoint, exc_info=error)
        if app.config["PROPAGATE_EXCEPTIONS"]:
            raise error
        if isinstance(error, (OperationalError, InterfaceError)):
            response = answer(503)
            response.headers["Retry-After"] = str(RETRY_AFTER)
            return response
        return answer(500)
