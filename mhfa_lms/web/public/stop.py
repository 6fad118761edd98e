"""Stopping mails by the link in them, without signing in. Looking changes nothing; one click does (RFC 8058)."""

from flask import abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db
from mhfa_lms.services import stopping
from mhfa_lms.services.stopping import Choice
from mhfa_lms.web.access import public
from mhfa_lms.web.identity import settings
from mhfa_lms.web.public.blueprint import blueprint


def _choice(word: str) -> Choice:
    found = stopping.read(db.session(), word, keys=settings().secret_keys)
    if found is None:
        abort(404)
    return found


@blueprint.get("/stop/<word>")
@public
def stop(word: str) -> ResponseReturnValue:
    """Say which mails the link is about, with a button that stops them."""
    return _shown(_choice(word), word)


@blueprint.post("/stop/<word>")
@public
def stop_now(word: str) -> ResponseReturnValue:
    """Stop the mails, or send them again. The link itself is the permission, so the form carries no token.

    A mail program's one click is answered at once, for it follows no redirect.
    """
    choice = _choice(word)
    wanted = request.form.get("choice")
    stopping.put(choice, wanted=wanted == "yes", now=clock.now())
    if wanted is None:
        return _shown(_choice(word), word)
    return redirect(url_for("public.stop", word=word), 303)


def _shown(choice: Choice, word: str) -> ResponseReturnValue:
    answer = make_response(render_template("public/stop.html", choice=choice, word=word))
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "same-origin"
    return answer
