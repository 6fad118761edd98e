"""Jobs: those that failed and those that wait, and trying again."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import WorkState
from mhfa_lms.policy import Can
from mhfa_lms.services import queues, work
from mhfa_lms.web.access import requires
from mhfa_lms.web.admin.blueprint import blueprint
from mhfa_lms.web.identity import me
from mhfa_lms.web.requests import whole

SHOWN = {WorkState.FAILED.value: WorkState.FAILED, WorkState.WAITING.value: WorkState.WAITING}


@blueprint.get("/admin/jobs")
@requires(Can.ADMINISTER)
def jobs() -> ResponseReturnValue:
    """Failed jobs (or those that wait), the newest first, 25 a page."""
    state = SHOWN.get(request.args.get("state", ""), WorkState.FAILED)
    rows, later = queues.jobs(db.session(), state=state, before=request.args.get("before", type=whole))
    return render_template("admin/jobs.html", rows=rows, later=later, state=state.value)


@blueprint.post("/admin/jobs/<int:job_id>/retry")
@requires(Can.ADMINISTER)
def retry_job(job_id: int) -> ResponseReturnValue:
    """Do a failed job once more."""
    if work.retry(job_id, by=me(), now=clock.now()):
        flash(_("The worker does the job again within a minute."), "success")
    else:
        flash(_("This job is not among the failed ones any more."), "info")
    return redirect(url_for("admin.jobs"), 303)
