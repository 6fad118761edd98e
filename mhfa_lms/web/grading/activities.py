"""Activities that learners say they have done: confirming them, one or a whole class at a time, or giving them back."""

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import ngettext
from mhfa_lms.policy import Can
from mhfa_lms.services import activities as service
from mhfa_lms.services import activity_queue
from mhfa_lms.services.activities import NoCommentError, TooLongError
from mhfa_lms.web.access import requires
from mhfa_lms.web.grading.blueprint import blueprint
from mhfa_lms.web.grading.queue import closed
from mhfa_lms.web.identity import me
from mhfa_lms.web.requests import whole


@blueprint.route("/mark/activities", methods=["GET", "POST"])
@requires(Can.SEE_MARKING)
def activities() -> ResponseReturnValue:
    """What waits, the oldest first; POST confirms the chosen ones or all that are listed, or gives the chosen back."""
    if not me().authorised_types:
        return closed()
    if request.method == "GET":
        return _page()
    do = request.form.get("do")
    chosen = request.form.getlist("listed" if do == "all" else "report", type=whole)
    if not chosen:
        return _refused({"report": _("Choose at least one")})
    confirm, comment = do in {"confirm", "all"}, request.form.get("comment", "")
    try:
        count = service.decide(chosen, confirm=confirm, comment="" if confirm else comment, by=me(), now=clock.now())
    except NoCommentError:
        return _refused({"comment": _("Write what is still to do")})
    except TooLongError:
        return _refused({"comment": _("Shorten the comment: it is too long to be kept")})
    flash(_said(count, confirm=confirm), "success" if count else "info")
    return redirect(url_for("grading.activities", cohort=request.args.get("cohort", type=whole)), 303)


def _said(count: int, *, confirm: bool) -> str:
    if not count:
        return _("Somebody else was quicker. Nothing was changed.")
    if confirm:
        return ngettext("Confirmed. They get a mail.", "%(num)s confirmed. They all get a mail.", count)
    return ngettext("Given back. They get a mail.", "%(num)s given back. They all get a mail.", count)


def _refused(errors: dict[str, str]) -> ResponseReturnValue:
    return make_response(_page(errors), 422)


def _page(errors: dict[str, str] | None = None) -> str:
    by, session = me(), db.session()
    cohort = request.args.get("cohort", type=whole)
    waiting = activity_queue.waiting(session, by, cohort_id=cohort)
    return render_template(
        "grading/activities.html",
        waiting=waiting,
        cohorts=activity_queue.cohorts(session, by),
        cohort=cohort,
        chosen=request.form.getlist("report", type=whole),
        comment=request.form.get("comment", ""),
        comment_error=(errors or {}).get("comment"),
        page_errors=[{"id": name, "text": text} for name, text in (errors or {}).items()] if waiting else [],
    )
