"""Style sheets and scripts: joined, made small and named by their content when the application starts.

The sources stay readable files; browsers get one of each, and staff one more, to keep for a year.
"""

import hashlib
import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import rcssmin
import rjsmin
from flask import Blueprint, Response, abort

from mhfa_lms.paths import static_dir
from mhfa_lms.web.access import public

YEAR: Final = 31_536_000
# Lists, figures and the marker's desk are for staff: learners and visitors do not carry them.
# Passkeys are for the pages about them.
# What only some steps of courses show has a sheet of its own.
# Conversations and their maps have a sheet of their own.
# A script in js/pages is served alone, to the one page that asks for it.
BUNDLES: Final = {
    "site.css": ("css/*.css", rcssmin.cssmin),
    "staff.css": ("css/staff/*.css", rcssmin.cssmin),
    "review.css": ("css/review/*.css", rcssmin.cssmin),
    "course.css": ("css/course/*.css", rcssmin.cssmin),
    "site.js": ("js/*.js", rjsmin.jsmin),
    "staff.js": ("js/staff/*.js", rjsmin.jsmin),
    "passkeys.js": ("js/passkeys/*.js", rjsmin.jsmin),
    "talk.css": ("css/talk/*.css", rcssmin.cssmin),
    "work.js": ("js/pages/work.js", rjsmin.jsmin),
    "keep.js": ("js/pages/keep.js", rjsmin.jsmin),
    "kept.js": ("js/pages/kept.js", rjsmin.jsmin),
    "kept-talk.js": ("js/pages/kept-talk.js", rjsmin.jsmin),
    "worker.js": ("js/worker/*.js", rjsmin.jsmin),
}
# What stands in the worker's source for its version, which is its name's.
VERSION: Final = b"VERSION-OF-THIS-SCRIPT"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as served."""

    body: bytes
    media_type: str
    address: str


def _named(name: str, body: bytes) -> str:
    stem, dot, ending = name.rpartition(".")
    return f"{stem}.{hashlib.sha256(body).hexdigest()[:10]}{dot}{ending}"


def _sources(folder: Path) -> Iterator[tuple[str, bytes]]:
    for bundle, (pattern, shrink) in BUNDLES.items():
        text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob(pattern)))
        yield bundle, shrink(text).encode()
    for place in ("icons", "fonts"):
        for path in sorted((folder / place).glob("*")):
            yield f"{place}/{path.name}", path.read_bytes()


class Assets:
    """Every asset, by its plain name and by the name it is served under."""

    def __init__(self, folder: Path | None = None) -> None:
        self.by_name: dict[str, Asset] = {}
        self.by_address: dict[str, Asset] = {}
        for name, body in _sources(folder or static_dir()):
            served = _named(name, body)
            media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
            self.by_name[name] = self.by_address[served] = Asset(body, media_type, f"/static/{served}")

    def address(self, name: str) -> str:
        """Return the address of an asset. Raises KeyError for an unknown name."""
        return self.by_name[name].address

    def size(self, name: str) -> int:
        """Return the bytes of an asset, as a browser keeps them. Raises KeyError for an unknown name."""
        return len(self.by_name[name].body)

    def worker(self) -> bytes:
        """Return the script that keeps modules on a device. It knows its own version, and lets go of older copies."""
        asset = self.by_name["worker.js"]
        return asset.body.replace(VERSION, asset.address.split(".")[1].encode())


def make_blueprint(assets: Assets) -> Blueprint:
    """Return the routes that serve the assets."""
    blueprint = Blueprint("assets", __name__)

    @blueprint.get("/static/<path:name>")
    @public
    def serve(name: str) -> Response:
        asset = assets.by_address.get(name)
        if asset is None:
            abort(404)
        response = Response(asset.body, content_type=f"{asset.media_type}; charset=utf-8")
        response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
        return response

    # At the top, as a worker sees only pages below its own address.
    @blueprint.get("/worker.js")
    @public
    def worker() -> Response:
        response = Response(assets.worker(), content_type="text/javascript; charset=utf-8")
        response.headers["Cache-Control"] = "no-cache"
        return response

    return blueprint
