"""The outbox: every mail by state, kind and organisation, each one's life on a page; sending again, cancelling."""

from typing import Any, Final

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import ngettext
from mhfa_lms.models import Message, WorkState
from mhfa_lms.policy import Actor, Can
from mhfa_lms.services import failing_addresses, mail_life, queues
from mhfa_lms.services import outbox as service
from mhfa_lms.web import mail_words
from mhfa_lms.web.access import requires
from mhfa_lms.web.admin.blueprint import blueprint
from mhfa_lms.web.identity import me
from mhfa_lms.web.requests import whole

# The addresses of the lists; the first is what is shown without one.
SHOWN: Final = {
    "failed": WorkState.FAILED,
    "waiting": WorkState.WAITING,
    "put-off": WorkState.WAITING,
    "sent": WorkState.DONE,
    "cancelled": WorkState.CANCELLED,
}


def _words() -> dict[str, str]:
    return {
        "failed": _("Could not be sent"),
        "waiting": _("Waiting"),
        "put-off": _("Put off"),
        "sent": _("Sent"),
        "cancelled": _("Not sent on purpose"),
    }


def _asked() -> dict[str, Any]:
    """Return the filters of the address, without those that say nothing."""
    state = request.values.get("state", "")
    kind, place = (request.values.get(name, "").strip()[: queues.LONGEST_KIND] for name in ("kind", "organisation"))
    found = {"state": state if state in SHOWN else "", "kind": kind, "organisation": place}
    return {name: value for name, value in found.items() if value}


@blueprint.get("/admin/outbox")
@requires(Can.ADMINISTER)
def outbox() -> ResponseReturnValue:
    """Mails by state, kind and organisation, the newest first, 25 a page; at first those that could not be sent."""
    asked, now = _asked(), clock.now()
    name, kind, place = asked.get("state", "failed"), asked.get("kind", ""), asked.get("organisation", "")
    session, wanted = db.session(), queues.Wanted(SHOWN[name], name == "put-off", kind, place)
    rows, later = queues.mails(session, wanted, before=request.args.get("before", type=whole))
    shown: dict[str, Any] = {
        "rows": [(row, mail_words.stage(mail_life.stage(row.Message, now))) for row in rows],
        "later": later,
        "state": name,
        "kind": kind,
        "place": place,
        "states": _words(),
        "is_held": any(row.Message.error == service.HELD for row in rows),
        "kind_words": mail_words.kind,
    }
    return render_template("admin/outbox.html", total=queues.mails_total(session, wanted), **shown)


@blueprint.get("/admin/outbox/<int:message_id>")
@requires(Can.ADMINISTER)
def mail(message_id: int) -> ResponseReturnValue:
    """One mail: where it stands, and all that happened to it. Never what it tells, which may be a secret link."""
    now = clock.now()
    found = mail_life.life(db.session(), message_id, by=me(), now=now)
    if found is None:
        abort(404)
    return render_template(
        "admin/mail.html",
        found=found,
        now=now,
        words=mail_words,
        can_retry=service.can_retry(found.message, now),
        is_failing=failing_addresses.is_failing(found.failing),
    )


def _any(actor: Actor, message_id: int) -> Message | None:
    return mail_life.of_administrator(db.session(), message_id, by=actor)


@blueprint.post("/admin/outbox/<int:message_id>/retry")
@requires(Can.ADMINISTER, load=_any)
def retry(message: Message) -> ResponseReturnValue:
    """Send a failed mail once more."""
    if service.retry(message.id, by=me(), now=clock.now()):
        flash(_("The mail will be sent again within a minute."), "success")
    else:
        flash(_("This mail is not among the failed ones any more."), "info")
    return _back(message.id)


@blueprint.post("/admin/outbox/<int:message_id>/cancel")
@requires(Can.ADMINISTER, load=_any)
def cancel(message: Message) -> ResponseReturnValue:
    """Have a mail never sent."""
    if service.cancel(message.id, by=me(), now=clock.now()):
        flash(_("The mail will not be sent."), "success")
    else:
        flash(_("This mail was sent or cancelled meanwhile."), "info")
    return _back(message.id)


def _back(message_id: int) -> ResponseReturnValue:
    """Lead back to where the button stood: the mail's own page, or the list as it was filtered."""
    if request.values.get("page") == "mail":
        return redirect(url_for("admin.mail", message_id=message_id), 303)
    return redirect(url_for("admin.outbox", **_asked()), 303)


@blueprint.post("/admin/outbox/release")
@requires(Can.ADMINISTER)
def release() -> ResponseReturnValue:
    """Send every mail that a restore held back."""
    count = service.release(by=me(), now=clock.now())
    flash(ngettext("%(num)s mail goes out now.", "%(num)s mails go out now.", count), "success")
    return redirect(url_for("admin.outbox", state="waiting"), 303)
