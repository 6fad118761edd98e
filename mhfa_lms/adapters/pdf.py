"""PDFs, drawn by WeasyPrint from HTML of ours.

WeasyPrint is loaded at the first drawing only: it takes half a second and needs Pango, which a fresh machine may lack.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, cast


class PdfUnavailableError(RuntimeError):
    """The system lacks what drawing needs."""


class ForbiddenAddressError(ValueError):
    """A document asked for a file or an address that is not among the images given with it."""


@dataclass(frozen=True, slots=True)
class Attached:
    """A file inside the PDF. Its name's ending says what it is."""

    name: str
    data: bytes
    description: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Document:
    """What to draw. `html` names its images `asset:<name>`; nothing else can be loaded. `identifier` marks the file.

    `facts` stand in the document's information dictionary, for programs; their names are ASCII letters.
    `closer` are the same page set closer, tried in turn while it does not fit: while it takes more than one page, or
    its `main` reaches into its `footer`.
    """

    html: str
    stylesheet: str
    images: Mapping[str, bytes] = field(default_factory=dict)
    identifier: bytes = b""
    facts: Mapping[str, str] = field(default_factory=dict)
    attachments: tuple[Attached, ...] = ()
    closer: tuple[str, ...] = ()


class Drawer(Protocol):
    """Turns a document into a PDF."""

    def draw(self, document: Document) -> bytes: ...


class WeasyPrintDrawer:
    """Draws tagged PDFs that declare PDF/UA-1."""

    def draw(self, document: Document) -> bytes:
        """Return the PDF. Raises `PdfUnavailableError`, and `ForbiddenAddressError` before anything is fetched."""
        try:
            engine = importlib.import_module("mhfa_lms.adapters.pdf_engine")
        except (ImportError, OSError) as error:
            raise PdfUnavailableError("PDFs need Pango: run `make system`, or install libpango and fonts") from error
        return cast(bytes, engine.draw(document))
