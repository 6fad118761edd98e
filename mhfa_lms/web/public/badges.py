"""What programs look up to check a badge: who signed it, whether it still counts, what it stands for, and the badge.

All of it may be read by pages of other sites, as verifiers of badges are such pages; nothing of it depends on who asks.
"""

import hashlib
import json
from typing import Any, Final

from flask import Response, abort, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, i18n, logs
from mhfa_lms.adapters.keys import KeyKind, KeysDamagedError, open_keys
from mhfa_lms.services import badge_documents, badge_lists, badges, catalogue, limits
from mhfa_lms.services.badge_documents import Issuer
from mhfa_lms.services.secrets import read_code
from mhfa_lms.web.access import public
from mhfa_lms.web.identity import settings
from mhfa_lms.web.public.blueprint import blueprint
from mhfa_lms.web.public.verify import UNKNOWN

CREDENTIAL: Final = "application/vc"
ENDPOINTS: Final = frozenset({"public.did", "public.status_list", "public.achievement", "public.credential"})
# A badge that was withdrawn is to be refused everywhere within minutes; a new key is waited for as long.
LASTS: Final = "public, max-age=300"


@blueprint.after_request
def open_to_programs(response: Response) -> Response:
    """Let pages of other sites read these, without cookies; keep them out of search engines."""
    if request.endpoint in ENDPOINTS:
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        response.vary.add("Accept")
    if request.endpoint == "public.credential":
        response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/.well-known/did.json")
@public
def did() -> ResponseReturnValue:
    """The issuer's document: every key that ever signed a badge here. One that leaves a damaged key out would be
    believed, so there is none until the key is back."""
    here = issuer()
    try:
        keys = open_keys(settings().keys_dir).all(KeyKind.BADGE)
    except (KeysDamagedError, OSError) as error:
        logs.logger().error("signing-keys-unreadable", kind=KeyKind.BADGE.value, error=type(error).__name__)
        abort(503)
    document = badge_documents.did_document(here, [(key.id, key.multikey) for key in keys])
    return _kept(_text(document), "application/did+ld+json")


@blueprint.get("/status/<int:number>")
@public
def status_list(number: int) -> ResponseReturnValue:
    """A list of badges that no longer count, as the worker signed it."""
    found = badge_lists.listed(number) if number <= badge_lists.LARGEST_NUMBER else None
    if found is None:
        abort(404)
    return _kept(found, CREDENTIAL)


@blueprint.get("/achievements/<slug>")
@public
def achievement(slug: str) -> ResponseReturnValue:
    """What one kind of badge stands for, for programs; people get it in words."""
    found = catalogue.certification(slug)
    if found is None:
        abort(404)
    if _wants_page():
        return render_template("public/achievement.html", kind=found, narrative=badge_documents.narrative())
    # Programs get the same text whoever asks, and may keep it.
    with i18n.use(settings().default_locale):
        document = badge_documents.achievement_document(found.slug, found.name, found.description, issuer())
    return _kept(_text(document), "application/ld+json")


@blueprint.get("/credentials/<code>")
@public
def credential(code: str) -> ResponseReturnValue:
    """The badge of a certificate, as long as its page shows the name in full; people are led to that page."""
    if _wants_page():
        return redirect(url_for("public.verify", code=i18n.format_code(read_code(code) or code[:80])), 303)
    now = clock.now()
    limits.take([(limits.VERIFY_ADDRESS, request.remote_addr or "")], secret=settings().secret_key, now=now)
    found = badges.public(code)
    if found is None:
        # Alike, whether there is no such number, no badge, or none for everybody to read.
        return jsonify(error="Not Found", message=str(UNKNOWN)), 404
    return Response(found, content_type=CREDENTIAL)


def issuer() -> Issuer:
    """Return the installation as an issuer. Over http it is none, as nobody could look it up: 404."""
    if not settings().secure:
        abort(404)
    return Issuer(settings().base_url, settings().signer_name)


def _wants_page() -> bool:
    """Whether a person asks: programs that check badges name JSON, or say nothing of what they take."""
    return request.accept_mimetypes["text/html"] > request.accept_mimetypes["application/json"]


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _kept(text: str, content_type: str) -> Response:
    """Return a document that may be kept for some minutes, and is not sent again while it is the same."""
    response = Response(text, content_type=content_type)
    response.headers["Cache-Control"] = LASTS
    response.set_etag(hashlib.sha256(text.encode()).hexdigest())
    response.make_conditional(request)
    return response
