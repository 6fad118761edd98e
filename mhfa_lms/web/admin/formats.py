"""People who need a text in another form and whom no coordinator looks after."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import FormatRequest
from mhfa_lms.policy import Actor, Can, allowed
from mhfa_lms.services import formats as service
from mhfa_lms.web import formats as shared
from mhfa_lms.web.access import requires
from mhfa_lms.web.admin.blueprint import blueprint
from mhfa_lms.web.identity import me


def load(actor: Actor, request_id: int) -> FormatRequest | None:
    """Return a wish that is the administrators' to answer."""
    if not allowed(actor, Can.ADMINISTER):
        return None
    return service.one(db.session(), service.for_administrators(actor), request_id)


@blueprint.get("/admin/formats")
@requires(Can.ADMINISTER)
def formats() -> str:
    """Who asked for what, and what is done."""
    return shared.page(service.for_administrators(me()), finish="admin.format_done")


@blueprint.post("/admin/formats/<int:request_id>/done")
@requires(Can.ADMINISTER, load=load)
def format_done(found: FormatRequest) -> ResponseReturnValue:
    """Note that somebody has what they asked for."""
    service.finish(found.id, by=me(), now=clock.now())
    flash(_("Noted as done."), "success")
    return redirect(url_for("admin.formats"), 303)
