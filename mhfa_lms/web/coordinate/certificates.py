"""Withdrawing a certificate."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import Certificate
from mhfa_lms.policy import Can
from mhfa_lms.services import certificates
from mhfa_lms.web.access import requires
from mhfa_lms.web.coordinate import load
from mhfa_lms.web.coordinate.blueprint import blueprint
from mhfa_lms.web.coordinate.forms import RevokeForm
from mhfa_lms.web.identity import me


@blueprint.route("/coordinate/certificates/<code>/revoke", methods=["GET", "POST"])
@requires(Can.REVOKE_CERTIFICATE, load=load.certificate)
def revoke(certificate: Certificate) -> ResponseReturnValue:
    """Withdraw a certificate, with a reason, after a page that says what that means."""
    back = url_for("coordinate.person", membership_id=certificate.membership_id)
    form = RevokeForm()
    if certificate.revoked_at is not None or certificate.replaced_by_id is not None:
        return redirect(back, 303)
    if form.validate_on_submit():
        try:
            certificates.revoke(certificate.code, form.reason.data or "", by=me(), now=clock.now())
        except certificates.CertificateError as error:
            form.reason.errors = [str(error)]
        else:
            flash(_("The certificate is withdrawn. Whoever checks it sees that at once."), "success")
            return redirect(back, 303)
    page = render_template("coordinate/revoke.html", form=form, certificate=certificate, back=back)
    return page, 422 if form.errors else 200
