"""Saying that a step's activity is done."""

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import Enrolment
from mhfa_lms.services import activities as service
from mhfa_lms.services import activity_queue
from mhfa_lms.services.activities import TooLongError, of
from mhfa_lms.services.enrolments import NotActiveError
from mhfa_lms.services.learning import Place
from mhfa_lms.services.pathway import LockedError
from mhfa_lms.web.identity import me
from mhfa_lms.web.learn import locked

__all__ = ["confirmable", "of", "report"]


def confirmable(enrolment_id: int) -> bool:
    """Whether somebody may confirm what the learner does. One query."""
    return activity_queue.can_be_confirmed(db.session(), enrolment_id, clock.civil_date(clock.now(), me().timezone))


def report(enrolment: Enrolment, here: Place) -> ResponseReturnValue:
    """Tell the instructors, and go back to the step."""
    enrolment_id = enrolment.id
    try:
        service.report(enrolment_id, here.step.id, request.form.get("note", ""), by=me(), now=clock.now())
    except LockedError as error:
        return locked.page(enrolment, here.step.title, error.lock)
    except TooLongError:
        abort(413)
    except NotActiveError:
        flash(_("This start of the course is over. Nothing was sent."), "warning")
    else:
        if confirmable(enrolment_id):
            flash(_("Your instructor has it now. You can go on meanwhile."), "success")
        else:
            flash(_("It is kept. Your coordinator sees that it waits. You can go on meanwhile."), "success")
    return redirect(url_for("learn.step", enrolment_id=enrolment_id, step_id=here.step.id, _anchor="activity"), 303)
