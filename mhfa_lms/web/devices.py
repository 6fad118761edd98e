"""What a browser keeps of a person's, and that it goes when they do.

A browser that keeps a module carries a cookie that says so and nothing else. Only to such a browser answers say whose
they are, by a name that means nothing elsewhere: its worker (static/js/worker) hands out copies to that person alone.
Signing out tells it to let go of everything.
"""

import base64
import hashlib
import hmac
from typing import Final

from flask import Response, request

from mhfa_lms.policy import Actor
from mhfa_lms.settings import Settings

COOKIE: Final = "keeps"
HEADER: Final = "Kept-For"
NOBODY: Final = "nobody"
YEAR: Final = 31_536_000


def owners(who: Actor, settings: Settings) -> list[str]:
    """Return the names under which a browser may keep a person's things: today's, and those of older secret keys."""
    keys = (settings.secret_key, *settings.secret_key_fallbacks)
    return [_name(who.account_id, key) for key in keys]


def _name(account_id: int, key: str) -> str:
    digest = hmac.digest(key.encode(), f"kept on a device: {account_id}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest[:15]).decode()


def keeps() -> bool:
    """Whether the browser that asks keeps something."""
    return COOKIE in request.cookies


def remember(response: Response, *, secure: bool) -> None:
    """Let the browser say from now on that it keeps something."""
    response.set_cookie(COOKIE, "yes", max_age=YEAR, httponly=True, secure=secure, samesite="Lax")


def forget(response: Response) -> None:
    """Have the browser remove what it keeps, the worker among it, at the end of a session."""
    if keeps():
        response.headers["Clear-Site-Data"] = '"storage"'
        response.delete_cookie(COOKIE, samesite="Lax")


def say_whose(response: Response, who: Actor | None, settings: Settings) -> None:
    """Say whose an answer is; a page for signing in says that nobody is signed in."""
    if not keeps():
        return
    if who is not None:
        response.headers[HEADER] = owners(who, settings)[0]
    elif request.endpoint == "account.sign_in" and request.method == "GET":
        response.headers[HEADER] = NOBODY
