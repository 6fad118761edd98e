"""The badge of one's own certificate: as data, and as a picture with the data inside."""

from flask import Response, abort, redirect, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, i18n
from mhfa_lms.adapters import badge_picture, baking
from mhfa_lms.policy import Can
from mhfa_lms.services import badges
from mhfa_lms.services.certificates import Held
from mhfa_lms.web.access import requires
from mhfa_lms.web.identity import me
from mhfa_lms.web.learn.blueprint import blueprint
from mhfa_lms.web.learn.certificates import load


@blueprint.get("/certificates/<code>/badge.json")
@requires(Can.SEE_OWN_CERTIFICATE, load=load)
def badge_json(held: Held) -> ResponseReturnValue:
    """The badge as it was signed."""
    return _download(held, _badge(held).encode(), "json", "application/vc")


@blueprint.get("/certificates/<code>/badge.png")
@requires(Can.SEE_OWN_CERTIFICATE, load=load)
def badge_png(held: Held) -> ResponseReturnValue:
    """The badge inside a picture that every program shows."""
    picture = badge_picture.png(held.certificate.type_name)
    return _download(held, baking.png(picture, _badge(held)), "png", "image/png")


@blueprint.get("/certificates/<code>/badge.svg")
@requires(Can.SEE_OWN_CERTIFICATE, load=load)
def badge_svg(held: Held) -> ResponseReturnValue:
    """The badge inside a drawing that stays sharp at any size."""
    drawing = badge_picture.svg(held.certificate.type_name, held.certificate.locale)
    return _download(held, baking.svg(drawing, _badge(held)).encode(), "svg", "image/svg+xml")


@blueprint.post("/certificates/<code>/badge")
@requires(Can.SEE_OWN_CERTIFICATE, load=load)
def ask_for_badge(held: Held) -> ResponseReturnValue:
    """Have the badge made that an older certificate has not got yet."""
    badges.ask(held.certificate.code, by=me(), now=clock.now())
    return redirect(url_for("learn.certificate", code=held.certificate.code, _anchor="badge"), 303)


def _badge(held: Held) -> str:
    found = badges.made_for(held.certificate)
    if found is None:
        abort(404)
    return found


def _download(held: Held, data: bytes, ending: str, content_type: str) -> Response:
    name = f"badge-{i18n.format_code(held.certificate.code)}.{ending}"
    return Response(data, content_type=content_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})
