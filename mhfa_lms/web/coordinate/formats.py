"""Members of the organisation who need a text in another form."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import FormatRequest
from mhfa_lms.policy import Actor, Can, allowed
from mhfa_lms.services import formats as service
from mhfa_lms.web import formats as shared
from mhfa_lms.web.access import requires
from mhfa_lms.web.coordinate.blueprint import blueprint
from mhfa_lms.web.identity import me


def load(actor: Actor, request_id: int) -> FormatRequest | None:
    """Return a wish of the organisation's."""
    if not allowed(actor, Can.COORDINATE):
        return None
    return service.one(db.session(), service.for_coordinators(actor), request_id)


@blueprint.get("/coordinate/formats")
@requires(Can.COORDINATE)
def formats() -> str:
    """Who asked for what, and what is done."""
    return shared.page(service.for_coordinators(me()), finish="coordinate.format_done")


@blueprint.post("/coordinate/formats/<int:request_id>/done")
@requires(Can.COORDINATE, load=load)
def format_done(found: FormatRequest) -> ResponseReturnValue:
    """Note that somebody has what they asked for."""
    service.finish(found.id, by=me(), now=clock.now())
    flash(_("Noted as done."), "success")
    return redirect(url_for("coordinate.formats"), 303)
