"""Where an earlier certificate came from, and those that wait for their holders to join."""

from typing import Final

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import AwaitedCertificate, Certificate
from mhfa_lms.policy import Can
from mhfa_lms.services import history_waiting
from mhfa_lms.web.access import requires
from mhfa_lms.web.coordinate import load
from mhfa_lms.web.coordinate.blueprint import blueprint
from mhfa_lms.web.identity import me
from mhfa_lms.web.requests import whole

FIRST: Final = 0


@blueprint.get("/coordinate/certificates/<code>/source")
@requires(Can.RECORD_HISTORY, load=load.certificate)
def certificate_source(certificate: Certificate) -> ResponseReturnValue:
    """What the organisation saw of a certificate that was not earned here, and who recorded it."""
    found = history_waiting.source(certificate)
    if found is None:
        return redirect(url_for("coordinate.person", membership_id=certificate.membership_id), 303)
    return render_template("coordinate/source.html", certificate=certificate, found=found, zone=me().timezone)


@blueprint.get("/coordinate/register/earlier/waiting")
@requires(Can.RECORD_HISTORY)
def history_awaited() -> str:
    """Certificates of people who have not joined yet."""
    try:
        after = whole(request.args.get("after", str(FIRST)))
    except ValueError:
        after = FIRST
    found, then = history_waiting.waiting(by=me(), after=after)
    return render_template("coordinate/awaited.html", found=found, then=then, zone=me().timezone)


@blueprint.post("/coordinate/register/earlier/waiting/<int:awaited_id>/remove")
@requires(Can.RECORD_HISTORY, load=load.awaited)
def remove_awaited(awaited: AwaitedCertificate) -> ResponseReturnValue:
    """Let go of one: the person will not have it when they join."""
    history_waiting.let_go(awaited.id, by=me(), now=clock.now())
    flash(_("The certificate is removed."), "success")
    return redirect(url_for("coordinate.history_awaited"), 303)
