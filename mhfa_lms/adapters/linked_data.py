"""Linked data (JSON-LD) in its canonical form, which is what signatures of badges are over.

The contexts come with the program (see `contexts/`); an address that is not among them is refused, never fetched.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

CREDENTIALS: Final = "https://www.w3.org/ns/credentials/v2"
OPEN_BADGES: Final = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
FOLDER: Final = Path(__file__).parent / "contexts"
FILES: Final = {CREDENTIALS: "credentials-v2.json", OPEN_BADGES: "open-badges-3.0.3.json"}

Document = dict[str, Any]


class UnknownContextError(LookupError):
    """A document names a context that does not come with the program."""


def canonical(document: Document) -> bytes:
    """Return a document as canonical N-Quads (RDFC-1.0), UTF-8. Raises `UnknownContextError`."""
    # Takes a tenth of a second to load, and few processes ever need it.
    from pyld import jsonld

    options = {"algorithm": "URDNA2015", "format": "application/n-quads", "documentLoader": _load}
    try:
        text: str = jsonld.normalize(document, options)
    except jsonld.JsonLdError as error:
        if address := _refused(error):
            raise UnknownContextError(address) from error
        raise
    return text.encode()


def _refused(error: BaseException | None) -> str:
    """Return the address that was refused on the way to an error; empty when none was."""
    while error is not None:
        if isinstance(error, UnknownContextError):
            return str(error)
        error = getattr(error, "cause", None) or error.__cause__
    return ""


def _load(address: str, _options: object) -> dict[str, Any]:
    if address not in FILES:
        raise UnknownContextError(address)
    return {"contextUrl": None, "documentUrl": address, "document": _context(address)}


@cache
def _context(address: str) -> Document:
    found: Document = json.loads((FOLDER / FILES[address]).read_text(encoding="utf-8"))
    return found
