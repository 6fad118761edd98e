"""Flask-Login over our own sessions: the cookie carries a secret that the database knows, or no longer knows."""

from typing import Final

from flask import Flask, Response, after_this_request, current_app, g, request
from flask import session as cookie
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from sqlalchemy.exc import DBAPIError

from mhfa_lms import clock
from mhfa_lms.policy import Actor
from mhfa_lms.services import sessions
from mhfa_lms.settings import Settings
from mhfa_lms.web import devices

HALF_OPEN: Final = "half-open"
manager = LoginManager()
manager.session_protection = None
UNREACHABLE: Final = "database_unreachable"
LANGUAGE_COOKIE: Final = "language"
# The language in which courses are read, where it is not that of the pages.
COURSE_COOKIE: Final = "course_language"


class SignedIn(UserMixin):  # type: ignore[misc]  # Flask-Login ships no types
    """The user Flask-Login sees."""

    def __init__(self, secret: str, actor: Actor | None) -> None:
        self.secret = secret
        self.actor = actor

    def get_id(self) -> str:
        """Return the session's secret, not the account's number: it is what signing out makes worthless."""
        return self.secret


@manager.user_loader  # type: ignore[untyped-decorator]  # Flask-Login ships no types
def load(secret: str) -> SignedIn | None:
    """Return the signed-in user of a cookie's secret, or None when the database has ended it.

    When the database does not answer, error pages and Help now still have to: they do not ask it again.
    """
    if UNREACHABLE in g:
        return None
    try:
        actor = sessions.resume(secret, now=clock.now(), second_step_waived=settings().demo)
    except DBAPIError:
        setattr(g, UNREACHABLE, True)
        if request.blueprint == "public":
            return None
        raise
    return SignedIn(secret, actor) if actor else None


def actor() -> Actor | None:
    """Return who is asking, or None when nobody is signed in."""
    found = getattr(current_user, "actor", None)
    return found if isinstance(found, Actor) else None


def me() -> Actor:
    """Return who is asking, on pages only signed-in people reach."""
    found = actor()
    if found is None:
        raise RuntimeError("this page is open to people who are not signed in")
    return found


def be_nobody() -> None:
    """Answer this request as to somebody who is not signed in, without asking the database."""
    g._login_user = manager.anonymous_user()


def sign_in(secret: str) -> None:
    """Give the browser a session's secret, in a fresh cookie."""
    cookie.clear()
    cookie.permanent = True
    login_user(SignedIn(secret, None), force=True)


def half_open(secret: str) -> None:
    """Give the browser the secret of a sign-in that waits for its second step. It signs nobody in."""
    logout_user()
    cookie.clear()
    cookie[HALF_OPEN] = secret


def half_open_secret() -> str:
    """Return the secret of the sign-in that waits in this browser; empty when none does."""
    return str(cookie.get(HALF_OPEN, ""))


def sign_out() -> None:
    """Take the secret from the browser. The caller ends the session in the database.

    The choice of languages goes too: the next person at this computer has their own.
    So does what the browser keeps of the person's.
    """
    logout_user()
    cookie.clear()

    @after_this_request
    def forget(response: Response) -> Response:
        response.delete_cookie(LANGUAGE_COOKIE, samesite="Lax")
        response.delete_cookie(COURSE_COOKIE, samesite="Lax")
        devices.forget(response)
        return response


def settings() -> Settings:
    """Return the installation's settings."""
    found = current_app.extensions["mhfa_settings"]
    if not isinstance(found, Settings):
        raise TypeError("the application was not made by create_app")
    return found


def init(app: Flask) -> None:
    """Attach to the application."""
    manager.init_app(app)
