"""Renewing a certificate: what to do, by when and why, and one button that begins it."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import Role
from mhfa_lms.policy import Can
from mhfa_lms.services import contacts, enrolments, renewing
from mhfa_lms.services.certificates import Held
from mhfa_lms.web.access import requires
from mhfa_lms.web.identity import me
from mhfa_lms.web.learn.blueprint import blueprint
from mhfa_lms.web.learn.certificates import load


@blueprint.get("/certificates/<code>/renew")
@requires(Can.SEE_OWN_CERTIFICATE, load=load)
def renew(held: Held) -> str:
    """What somebody must do to renew a certificate, by when, and why."""
    look = renewing.look(db.session(), held)
    in_use = held.certificate.membership_id == me().membership_id
    later = renewing.successor(db.session(), held.certificate)
    return render_template(
        "learn/renew.html",
        held=held,
        look=look,
        later=later,
        in_use=in_use,
        ask=contacts.with_roles(db.session(), me(), Role.COORDINATOR) if in_use and look.course is None else [],
    )


@blueprint.post("/certificates/<code>/renew")
@requires(Can.SEE_OWN_CERTIFICATE, load=load)
def begin_renewal(held: Held) -> ResponseReturnValue:
    """Go on the course that renews the certificate; whoever is on it already goes on there."""
    here = url_for("learn.renew", code=held.certificate.code)
    if held.certificate.membership_id != me().membership_id:
        return redirect(here, 303)
    try:
        enrolment_id = renewing.begin(held.certificate.code, by=me(), now=clock.now())
    except enrolments.NotPublishedError:
        enrolment_id = None
    if enrolment_id is None:
        flash(_("There is nothing to begin now. This page says why."), "warning")
        return redirect(here, 303)
    return redirect(url_for("learn.course", enrolment_id=enrolment_id), 303)
