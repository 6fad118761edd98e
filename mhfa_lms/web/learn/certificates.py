"""One's own certificates: the list, the page of each, its PDF, and how much of the name others see."""

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db, i18n
from mhfa_lms.adapters.files import FolderFiles
from mhfa_lms.i18n import gettext as _
from mhfa_lms.policy import Actor, Can
from mhfa_lms.services import badges, certificates, names, reminder_story, renewal, renewing
from mhfa_lms.services.certificates import Held
from mhfa_lms.web.access import requires
from mhfa_lms.web.identity import me, settings
from mhfa_lms.web.learn.blueprint import blueprint
from mhfa_lms.web.requests import whole


def load(actor: Actor, code: str) -> Held | None:
    """Return the actor's own certificate with this code."""
    return certificates.own(code, by=actor, now=clock.now())


@blueprint.get("/certificates", endpoint="certificates")
@requires(Can.SEE_HOME)
def index() -> str:
    """Every certificate of the account, newest first."""
    held, following = certificates.mine(by=me(), now=clock.now(), before=request.args.get("before", type=whole))
    return render_template("learn/certificates.html", held=held, following=following)


@blueprint.get("/certificates/<code>")
@requires(Can.SEE_OWN_CERTIFICATE, load=load)
def certificate(held: Held) -> str:
    """A certificate, and what can be done with it."""
    code = held.certificate.code
    earlier, later = renewing.relatives(db.session(), held.certificate)
    return render_template(
        "learn/certificate.html",
        held=held,
        certificate=held.certificate,
        address=f"{settings().base_url}/v/{i18n.format_code(code)}",
        initials=names.initials(held.certificate.name),
        renewal=renewal.course_for(db.session(), held.certificate, held.today),
        earlier=earlier,
        later=later,
        badge=badges.own(held.certificate, secure=settings().secure),
        in_use=held.certificate.membership_id == me().membership_id,
        story=reminder_story.of_certificate(db.session(), held.certificate.id, now=clock.now()),
    )


@blueprint.get("/certificates/<code>.pdf")
@requires(Can.SEE_OWN_CERTIFICATE, load=load)
def certificate_pdf(held: Held) -> ResponseReturnValue:
    """The PDF as it was drawn; until then, the page that says so."""
    file = held.certificate.file
    if file is None:
        return redirect(url_for("learn.certificate", code=held.certificate.code), 303)
    data = FolderFiles(settings().data_dir / "files").read(file.key, file.sha256)
    name = f"certificate-{i18n.format_code(held.certificate.code)}.pdf"
    return Response(
        data, content_type=file.media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@blueprint.post("/certificates/<code>/draw")
@requires(Can.SEE_OWN_CERTIFICATE, load=load)
def draw_certificate(held: Held) -> ResponseReturnValue:
    """Have the PDF drawn, where that waits until somebody wants it."""
    certificates.have_drawn(held.certificate.code, by=me(), now=clock.now())
    flash(_("Your PDF is being drawn. That takes a few seconds."), "success")
    return redirect(url_for("learn.certificate", code=held.certificate.code), 303)


@blueprint.post("/certificates/<code>/name")
@requires(Can.SEE_OWN_CERTIFICATE, load=load)
def certificate_name(held: Held) -> ResponseReturnValue:
    """Show others the initials only, or the name again."""
    certificates.set_initials(held.certificate.code, request.form.get("show") == "initials", by=me(), now=clock.now())
    return redirect(url_for("learn.certificate", code=held.certificate.code, _anchor="name-shown"), 303)
