"""GET /keys/documents.pem: the certificates of every key that signed PDFs here, to check files without a connection."""

from typing import Final

from flask import Response, abort, request
from flask.typing import ResponseReturnValue

from mhfa_lms import logs
from mhfa_lms.adapters.keys import KeyKind, KeysDamagedError, open_keys, public_text
from mhfa_lms.web.access import public
from mhfa_lms.web.identity import settings
from mhfa_lms.web.public.blueprint import blueprint

# RFC 8555's name for certificates as PEM text.
PEM: Final = "application/pem-certificate-chain"
HOUR: Final = 3600


@blueprint.get("/keys/documents.pem")
@public
def signing_keys() -> ResponseReturnValue:
    """The public halves only, newest first; the same as `mhfa-lms keys export-public` writes."""
    try:
        found = open_keys(settings().keys_dir).all(KeyKind.DOCUMENT)
    except (KeysDamagedError, OSError) as error:
        logs.logger().error("signing-keys-unreadable", kind=KeyKind.DOCUMENT.value, error=type(error).__name__)
        abort(503)
    if not found:
        abort(404)
    response = Response(public_text(found), content_type=PEM)
    response.headers["Content-Disposition"] = 'attachment; filename="certificate-keys.pem"'
    response.headers["Cache-Control"] = f"public, max-age={HOUR}"
    response.add_etag()
    return response.make_conditional(request)
