"""The pictures, recordings and files of courses, at addresses that name their content.

Open to whoever has the address: it holds the SHA-256 of the file, so that only those who were shown it can know it, and
nothing in it is about a person. In return nothing is asked of the database, reviewers without an account see what
learners see, and what never changes is kept for a year, in shared caches too. Files are sent in pieces, and by range
where a player asks for one.
"""

import io
import re
from typing import Final

from flask import abort, request, send_file
from flask.typing import ResponseReturnValue

from mhfa_lms.adapters.files import FolderFiles
from mhfa_lms.content.media import NAME_FITS, PAPERS, TYPES, storage_key
from mhfa_lms.web.access import public
from mhfa_lms.web.assets import YEAR
from mhfa_lms.web.headers import POLICY
from mhfa_lms.web.identity import settings
from mhfa_lms.web.public.blueprint import blueprint

DIGEST: Final = re.compile("[0-9a-f]{64}")


@blueprint.get("/media/<digest>/<name>")
@public
def course_file(digest: str, name: str) -> ResponseReturnValue:
    """One file. Documents are saved and not opened in the page; so are others with `save` in the address."""
    ending = name.rpartition(".")[2]
    if not DIGEST.fullmatch(digest) or not NAME_FITS.fullmatch(name) or ending not in TYPES:
        abort(404)
    path = FolderFiles(settings().data_dir / "files").path_of(storage_key(digest, ending))
    if path is None:
        abort(404)
    kind = TYPES[ending]
    response = send_file(
        # Text is small and sent whole: it is compressed on its way, and a piece of that would be no piece of the file.
        io.BytesIO(path.read_bytes()) if kind.startswith("text/") else path,
        conditional=not kind.startswith("text/"),
        mimetype=kind,
        as_attachment=ending in PAPERS or "save" in request.args,
        download_name=name,
        etag=digest,
    )
    response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
    response.headers["Content-Security-Policy"] = f"{POLICY}; sandbox"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
