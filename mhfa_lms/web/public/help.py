"""Help now: the emergency number first, then who is near, then who is far; no sign-in, no script, nothing recorded.

It is the page that has to work when nothing else does: without the database it leaves out what only the database
knows.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from flask import render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from mhfa_lms import db
from mhfa_lms.help import lines
from mhfa_lms.models import HelpLine
from mhfa_lms.policy import Actor
from mhfa_lms.services import help_lines
from mhfa_lms.services.help_checks import last_checks
from mhfa_lms.services.help_lines import Near
from mhfa_lms.web.access import public
from mhfa_lms.web.identity import actor, settings
from mhfa_lms.web.navigation import COPY
from mhfa_lms.web.public.blueprint import blueprint
from mhfa_lms.web.standby import is_restoring

T = TypeVar("T")


@blueprint.get("/help")
@public
def help_now() -> str:
    """The lines of the person's own organisation, then those of its country or of the one they choose."""
    who = actor()
    return _page(_own(who), "" if who is None else who.country or "")


def _own(who: Actor | None) -> Near | None:
    if who is None or who.organisation_id is None:
        return None
    return Near(who.organisation_id, who.organisation_name, who.country, _read(help_lines.listed, by=who) or [])


@blueprint.get("/help/<slug>")
@public
def help_near(slug: str) -> ResponseReturnValue:
    """The lines of one organisation that shows them to everybody. Any other address still helps, as well as it can."""
    who = actor()
    near = _read(help_lines.near, slug, by=who)
    if near is None:
        return _page(_own(who), "" if who is None else who.country or ""), 404
    return _page(near, near.country or "", slug=slug)


@blueprint.get("/offline")
@public
def offline() -> str:
    """What a device keeps to show where something could not be sent: that it was not, and numbers to call."""
    who, directory = actor(), lines.load()
    country = directory.country(who.country) if who and who.country else None
    emergency = (country or directory.international).emergency
    place = country.country if country and emergency else ""
    return render_template("public/offline.html", emergency=emergency, country=country, place=place, **COPY)


def _page(near: Near | None, home: str, *, slug: str | None = None) -> str:
    directory = lines.load()
    code = request.args.get("country", "") or home
    own: Sequence[HelpLine] = near.lines if near else ()
    checked: dict[str, datetime] | None = _read(last_checks)
    return render_template(
        "public/help.html",
        directory=directory,
        country=directory.country(code) if code else None,
        near=near if own else None,
        slug=slug,
        checked=checked,
        leave=settings().exit_url,
        **(COPY if "kept" in request.args else {}),
    )


def _read(ask: Callable[..., T], *args: Any, **more: Any) -> T | None:
    """Return an answer of the database, or None when it does not answer or is just being replaced."""
    if is_restoring():
        return None
    try:
        return ask(db.session(), *args, **more)
    except SQLAlchemyError:
        db.sessions.rollback()
        return None
