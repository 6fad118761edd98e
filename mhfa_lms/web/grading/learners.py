"""An instructor's learners, and the answers they have marked."""

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import db
from mhfa_lms.models import Enrolment
from mhfa_lms.policy import Can
from mhfa_lms.services import learners as service
from mhfa_lms.services import marking_queue
from mhfa_lms.services.learners import Filters
from mhfa_lms.web import adjusting, lists
from mhfa_lms.web.access import requires
from mhfa_lms.web.coordinate import words
from mhfa_lms.web.grading.blueprint import blueprint
from mhfa_lms.web.grading.queue import closed
from mhfa_lms.web.identity import me

FINISHED = "finished"


@blueprint.get("/mark/learners")
@requires(Can.SEE_MARKING)
def learners() -> str:
    """Who learns what the instructor may mark, and how far they are."""
    by, session = me(), db.session()
    if not by.authorised_types:
        return closed()
    wanted = Filters(lists.text("q"), finished=request.args.get("state") == FINISHED)
    values = {"q": wanted.text, "state": FINISHED if wanted.finished else ""}
    return render_template(
        "grading/learners.html",
        page=service.page(session, wanted, lists.place(), by=by),
        total=service.total(session, wanted, by=by),
        values={name: value for name, value in values.items() if value},
        tries=words.tries(),
    )


@blueprint.route("/mark/learners/<int:enrolment_id>", methods=["GET", "POST"])
@requires(Can.ADJUST, load=adjusting.learner)
def adjust(enrolment: Enrolment) -> ResponseReturnValue:
    """What is agreed for one learner: more time, more attempts, another format."""
    return adjusting.page(enrolment, back=url_for("grading.learners"))


@blueprint.get("/mark/finished")
@requires(Can.SEE_MARKING)
def finished() -> str:
    """Every answer the instructor has marked, the newest mark first."""
    session, text = db.session(), lists.text("q")
    lines, following = marking_queue.finished(session, me(), text=text, before=lists.number("before"))
    return render_template(
        "grading/finished.html",
        lines=lines,
        following=following,
        total=marking_queue.finished_total(session, me(), text=text),
        text=text,
    )
