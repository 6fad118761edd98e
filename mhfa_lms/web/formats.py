"""The lists of people who need a text in another form, for those who can help: coordinators, and administrators."""

from typing import Any

from flask import render_template
from sqlalchemy import ColumnElement

from mhfa_lms import db
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import Format
from mhfa_lms.services import formats


def words() -> dict[Format, str]:
    """Return what people call each format."""
    return {
        Format.LARGE_PRINT: _("Large print"),
        Format.PLAIN_TEXT: _("Plain text"),
        Format.AUDIO: _("Audio"),
        Format.EASY_READ: _("Easy Read"),
        Format.PAPER: _("On paper"),
        Format.LANGUAGE: _("Another language"),
        Format.OTHER: _("Something else"),
    }


def page(mine: ColumnElement[bool], *, finish: str, **more: Any) -> str:
    """Draw the list; `finish` is the endpoint that notes one as done."""
    session = db.session()
    return render_template(
        "coordinate/formats.html",
        waiting=formats.listed(session, mine, done=False),
        done=formats.listed(session, mine, done=True),
        words=words(),
        finish=finish,
        **more,
    )
