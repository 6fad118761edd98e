"""The outbox: mails that wait, and mails that failed."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import WorkState
from mhfa_lms.policy import Can
from mhfa_lms.services import attention
from mhfa_lms.services import outbox as service
from mhfa_lms.web.access import requires
from mhfa_lms.web.admin.blueprint import blueprint
from mhfa_lms.web.identity import me
from mhfa_lms.web.requests import whole

SHOWN = {WorkState.FAILED.value: WorkState.FAILED, WorkState.WAITING.value: WorkState.WAITING}


@blueprint.get("/admin/outbox")
@requires(Can.ADMINISTER)
def outbox() -> ResponseReturnValue:
    """Failed mails (or those that wait), the newest first, 25 a page."""
    state = SHOWN.get(request.args.get("state", ""), WorkState.FAILED)
    rows, later = attention.mails(db.session(), state=state, before=request.args.get("before", type=whole))
    return render_template("admin/outbox.html", rows=rows, later=later, state=state)


@blueprint.post("/admin/outbox/<int:message_id>/retry")
@requires(Can.ADMINISTER)
def retry(message_id: int) -> ResponseReturnValue:
    """Send a failed mail once more."""
    if service.retry(message_id, by=me(), now=clock.now()):
        flash(_("The mail will be sent again within a minute."), "success")
    else:
        flash(_("This mail is not among the failed ones any more."), "info")
    return redirect(url_for("admin.outbox"), 303)
