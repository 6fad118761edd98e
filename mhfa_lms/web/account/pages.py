"""Pages that several account routes answer with."""

from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue

from mhfa_lms.web.account import visitor


def dead_link(advice: Any) -> ResponseReturnValue:
    """Answer for a link that was used, is too old or never was one; guesses are counted."""
    visitor.count_dead_link()
    return render_template("account/dead_link.html", advice=advice), 404
