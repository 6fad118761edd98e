"""Correcting a certificate's name, and withdrawing a certificate."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, i18n
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import Certificate, Correction
from mhfa_lms.policy import Can
from mhfa_lms.services import certificates
from mhfa_lms.web.access import requires
from mhfa_lms.web.coordinate import load
from mhfa_lms.web.coordinate.blueprint import blueprint
from mhfa_lms.web.coordinate.forms import CorrectForm, RevokeForm
from mhfa_lms.web.identity import me


@blueprint.route("/coordinate/certificates/<code>/correct", methods=["GET", "POST"])
@requires(Can.REVOKE_CERTIFICATE, load=load.certificate)
def correct(certificate: Certificate) -> ResponseReturnValue:
    """Issue a certificate with the name as it should be, in place of this one. Dates stay as they are."""
    back = url_for("coordinate.person", membership_id=certificate.membership_id)
    if certificate.revoked_at is not None or certificate.replaced_by_id is not None or not certificate.name:
        return redirect(back, 303)
    recorded = certificate.membership.name or certificate.name
    # A name that was mended in the record already is the one to print.
    form = CorrectForm(data={"name": recorded, "in_record": recorded == certificate.name})
    if form.validate_on_submit():
        try:
            new = certificates.replace(
                certificate.code,
                form.name.data or "",
                because=Correction(form.because.data or ""),
                in_record=form.in_record.data,
                by=me(),
                now=clock.now(),
            )
        except certificates.SameNameError:
            form.name.errors = [_("The certificate says so already. Enter the name as it should be.")]
        except certificates.CertificateError:
            flash(_("This certificate no longer counts, so it cannot be corrected."), "warning")
            return redirect(back, 303)
        else:
            said = _(
                "Certificate %(number)s takes its place. The person gets a mail.", number=i18n.format_code(new.code)
            )
            flash(said, "success")
            return redirect(back, 303)
    page = render_template("coordinate/correct.html", form=form, certificate=certificate, back=back)
    return page, 422 if form.errors else 200


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
        except certificates.CertificateError:
            flash(_("This certificate was replaced meanwhile: withdraw the one that replaced it."), "warning")
            return redirect(back, 303)
        else:
            flash(_("The certificate is withdrawn. Whoever checks it sees that at once."), "success")
            return redirect(back, 303)
    page = render_template("coordinate/revoke.html", form=form, certificate=certificate, back=back)
    return page, 422 if form.errors else 200
