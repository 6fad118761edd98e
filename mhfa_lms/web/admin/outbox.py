"""The outbox: every mail by state and kind, what the mail server said, trying again and cancelling."""

from typing import Any, Final

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import ngettext
from mhfa_lms.models import WorkState
from mhfa_lms.policy import Can
from mhfa_lms.services import outbox as service
from mhfa_lms.services import queues
from mhfa_lms.web.access import requires
from mhfa_lms.web.admin.blueprint import blueprint
from mhfa_lms.web.identity import me
from mhfa_lms.web.requests import whole

# The addresses of the lists; the first is what is shown without one.
SHOWN: Final = {
    "failed": WorkState.FAILED,
    "waiting": WorkState.WAITING,
    "sent": WorkState.DONE,
    "cancelled": WorkState.CANCELLED,
}


def _words() -> dict[str, str]:
    return {
        "failed": _("Could not be sent"),
        "waiting": _("Waiting"),
        "sent": _("Sent"),
        "cancelled": _("Not sent on purpose"),
    }


def _asked() -> dict[str, Any]:
    """Return the filters of the address, without those that say nothing."""
    state = request.values.get("state", "")
    kind = request.values.get("kind", "").strip()[: queues.LONGEST_KIND]
    return {name: value for name, value in (("state", state if state in SHOWN else ""), ("kind", kind)) if value}


@blueprint.get("/admin/outbox")
@requires(Can.ADMINISTER)
def outbox() -> ResponseReturnValue:
    """Mails by state and kind, the newest first, 25 a page; at first those that could not be sent."""
    asked = _asked()
    name, kind = asked.get("state", "failed"), asked.get("kind", "")
    session = db.session()
    rows, later = queues.mails(session, state=SHOWN[name], kind=kind, before=request.args.get("before", type=whole))
    shown: dict[str, Any] = {
        "rows": rows,
        "later": later,
        "state": name,
        "kind": kind,
        "states": _words(),
        "held": service.HELD,
    }
    return render_template(
        "admin/outbox.html", total=queues.mails_total(session, state=SHOWN[name], kind=kind), **shown
    )


@blueprint.post("/admin/outbox/<int:message_id>/retry")
@requires(Can.ADMINISTER)
def retry(message_id: int) -> ResponseReturnValue:
    """Send a failed mail once more."""
    if service.retry(message_id, by=me(), now=clock.now()):
        flash(_("The mail will be sent again within a minute."), "success")
    else:
        flash(_("This mail is not among the failed ones any more."), "info")
    return redirect(url_for("admin.outbox", **_asked()), 303)


@blueprint.post("/admin/outbox/<int:message_id>/cancel")
@requires(Can.ADMINISTER)
def cancel(message_id: int) -> ResponseReturnValue:
    """Have a mail never sent."""
    if service.cancel(message_id, by=me(), now=clock.now()):
        flash(_("The mail will not be sent."), "success")
    else:
        flash(_("This mail was sent or cancelled meanwhile."), "info")
    return redirect(url_for("admin.outbox", **_asked()), 303)


@blueprint.post("/admin/outbox/release")
@requires(Can.ADMINISTER)
def release() -> ResponseReturnValue:
    """Send every mail that a restore held back."""
    count = service.release(by=me(), now=clock.now())
    flash(ngettext("%(num)s mail goes out now.", "%(num)s mails go out now.", count), "success")
    return redirect(url_for("admin.outbox", state="waiting"), 303)
