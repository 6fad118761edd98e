"""The page in place of something that is not open yet: why, what opens it, and where to go on."""

from flask import render_template
from flask.typing import ResponseReturnValue

from mhfa_lms import db
from mhfa_lms.models import Enrolment
from mhfa_lms.services import journey
from mhfa_lms.services.pathway import Lock


def page(enrolment: Enrolment, title: str, lock: Lock, *, lost: str = "") -> ResponseReturnValue:
    """Say kindly why something is locked (403). `lost` is a text that was sent to it and could not be kept."""
    here = journey.of(db.session(), enrolment)
    shown = render_template(
        "learn/locked.html", here=here, course=here.course, title=title, lock=lock, lost=lost, quick_exit=bool(lost)
    )
    return shown, 403
