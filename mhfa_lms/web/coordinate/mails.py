"""Mails to the organisation's people that did not arrive: to whom, why, and what can be done."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import Message
from mhfa_lms.policy import Can
from mhfa_lms.services import mail_life, outbox
from mhfa_lms.web import mail_words
from mhfa_lms.web.access import requires
from mhfa_lms.web.coordinate import load
from mhfa_lms.web.coordinate.blueprint import blueprint
from mhfa_lms.web.identity import me
from mhfa_lms.web.requests import whole


@blueprint.get("/coordinate/mails")
@requires(Can.SEE_PEOPLE)
def mails() -> ResponseReturnValue:
    """The mails that failed, are put off, or have been waiting for long; the newest first, 25 a page."""
    session, who, now = db.session(), me(), clock.now()
    rows, later = mail_life.not_arrived(session, by=who, now=now, before=request.args.get("before", type=whole))
    return render_template(
        "coordinate/mails.html",
        rows=[(row, mail_life.stage(row.Message, now), outbox.can_retry(row.Message, now)) for row in rows],
        later=later,
        total=mail_life.how_many(session, by=who, now=now),
        words=mail_words,
    )


@blueprint.post("/coordinate/mails/<int:message_id>/retry")
@requires(Can.MEND_MAIL, load=load.mail)
def retry_mail(message: Message) -> ResponseReturnValue:
    """Send a mail once more, and with it what waits because its address refused mail."""
    if outbox.retry(message.id, by=me(), now=clock.now()):
        flash(_("The mail will be sent again within a minute."), "success")
    else:
        flash(_("This mail was sent or cancelled meanwhile."), "info")
    return redirect(url_for("coordinate.mails"), 303)


@blueprint.post("/coordinate/mails/<int:message_id>/cancel")
@requires(Can.MEND_MAIL, load=load.mail)
def cancel_mail(message: Message) -> ResponseReturnValue:
    """Have a mail never sent."""
    if outbox.cancel(message.id, by=me(), now=clock.now()):
        flash(_("The mail will not be sent."), "success")
    else:
        flash(_("This mail was sent or cancelled meanwhile."), "info")
    return redirect(url_for("coordinate.mails"), 303)
