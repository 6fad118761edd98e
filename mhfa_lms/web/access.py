"""Who may call a view: every route says it, here and nowhere else, and a route that says nothing does not start.

`@requires(can, load=...)` loads the object through the caller's organisation (404 when it is not theirs), then asks the
policy (403), then hands the object to the view.
"""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from flask import Flask, abort, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms.policy import Actor, Can, require
from mhfa_lms.web.identity import actor

View = Callable[..., ResponseReturnValue]
ACCESS: Final = "__access__"
PUBLIC: Final = "public"
# Of the public pages about accounts, those that somebody who is held back may need.
STAYS_OPEN: Final = frozenset(f"account.{name}" for name in ("sign_out", "language", "forgot", "sent", "reset"))


def public(view: View) -> View:
    """Mark a view as open to everybody, signed in or not."""
    setattr(view, ACCESS, PUBLIC)
    return view


def requires(can: Can, load: Callable[..., Any] | None = None) -> Callable[[View], View]:
    """Ask for a permission before the view runs.

    `load(actor, **ids)` takes those of the address's values that it names and returns the object, or None for 404. The
    view gets the object as its first argument and the remaining values by name.
    """

    def decorate(view: View) -> View:
        names = [name for name in inspect.signature(load).parameters if name != "actor"] if load else []

        @wraps(view)
        def guarded(**values: Any) -> ResponseReturnValue:
            who = actor()
            if who is None:
                return ask_to_sign_in()
            if load is None:
                require(who, can)
                return view(**values)
            thing = load(who, **{name: values.pop(name) for name in names})
            if thing is None:
                abort(404)
            require(who, can, thing)
            return view(thing, **values)

        setattr(guarded, ACCESS, can.value)
        return guarded

    return decorate


def hold_back() -> ResponseReturnValue | None:
    """Lead somebody who must first set up or prove a second step there, whatever they asked for.

    For every request, so that a role given a moment ago counts at the next one. Public pages stay open, but for those
    about accounts: some of them act for whoever is signed in.
    """
    who = actor()
    if who is None or not who.is_held or request.endpoint is None:
        return None
    view = current_app.view_functions[request.endpoint]
    access = getattr(view, ACCESS)
    open_to_all = access == PUBLIC and (request.blueprint != "account" or request.endpoint in STAYS_OPEN)
    if access == Can.SECURE_ACCOUNT or open_to_all:
        return None
    return redirect(url_for("account.second_step"), 303)


def ask_to_sign_in() -> ResponseReturnValue:
    """Send the person to the sign-in page, and back to this page afterwards when it is one that can be read."""
    back = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("account.sign_in", next=back), 303)


def safe_next(target: str | None) -> str | None:
    """Return where to go after signing in, when it is a page of this site; an address elsewhere is dropped."""
    if not target or not target.startswith("/") or target.startswith("//") or "\\" in target:
        return None
    # Browsers drop tabs and line ends from addresses, so that "/<tab>/elsewhere.example" would lead elsewhere.
    return target if target.isprintable() else None


def check_every_route(app: Flask) -> None:
    """Raise when a route has no permission and is not named public: what is not listed is refused, at the start."""
    silent = [name for name, view in app.view_functions.items() if name != "static" and not hasattr(view, ACCESS)]
    if silent:
        raise RuntimeError(f"routes without a permission: {', '.join(sorted(silent))}")


def listed(app: Flask) -> list[tuple[str, str, str]]:
    """Return every route as address, methods and permission, in order."""
    return sorted(
        (
            rule.rule,
            ",".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})),
            getattr(app.view_functions[rule.endpoint], ACCESS, PUBLIC),
        )
        for rule in app.url_map.iter_rules()
    )


__all__ = ["Actor", "ask_to_sign_in", "check_every_route", "hold_back", "listed", "public", "requires", "safe_next"]
