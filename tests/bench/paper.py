"""The floor of drawing a certificate: WeasyPrint on a plain page of the same size, its fonts and style kept."""

from datetime import UTC, datetime
from typing import Final

from mhfa_lms.adapters import qr
from mhfa_lms.adapters.pdf import Document, Drawer
from mhfa_lms.jobs import drawing

STYLE: Final = """
@page { size: A4 landscape; margin: 12mm }
body { font-family: 'DejaVu Sans', sans-serif; border: 2mm solid #1f5f5b; margin: 0; padding: 18mm; text-align: center }
h1 { font-size: 30pt } .name { font-size: 26pt } img { width: 28mm; height: 28mm }
"""
PAGE: Final = """<!doctype html><html lang="en"><head><title>Certificate</title></head><body>
<h1>Certificate</h1><p>This certifies that</p><p class="name">Amina Yusuf</p>
<p>has completed the course “A first conversation” and is a first aider for minds.</p>
<p>Issued on 21 November 2026 by Alder District. It counts until 20 November 2029.</p>
<p><img src="asset:qr.png" alt="The address of the page that checks this certificate"></p>
<p>ABCD-EFGH-JKMN-PQRS</p></body></html>"""


# As long as an Open Badge with its proof.
BADGE: Final = b'{"@context": "' + b"a badge of the usual size " * 100 + b'"}'


class Unsigned:
    """Leaves out the signature."""

    def sign(self, pdf: bytes, at: datetime) -> bytes:  # the protocol fixes it
        """Return the file as it is."""
        return pdf


class WithBadge:
    """Draws a document with a badge inside."""

    def __init__(self, drawer: Drawer) -> None:
        self.drawer = drawer

    def draw(self, document: Document) -> bytes:
        """Return the PDF."""
        return self.drawer.draw(drawing.with_badge(document, BADGE, datetime(2026, 11, 21, tzinfo=UTC)))


def bare_drawing() -> bytes:
    """Draw the plain page once, its QR code included. Raises ImportError or OSError where Pango is missing."""
    from weasyprint import HTML  # needs Pango, which the rest of the benchmark does without

    from mhfa_lms.adapters import pdf_engine

    fetcher = pdf_engine.OwnAssetsOnly({"qr.png": qr.png("http://127.0.0.1:8000/v/ABCDEFGHJKMNPQRS")})
    page = HTML(string=PAGE, url_fetcher=fetcher, base_url="asset:/")
    style = pdf_engine._stylesheet(STYLE)
    return bytes(page.write_pdf(stylesheets=[style], font_config=pdf_engine.FONTS, pdf_variant="pdf/ua-1"))
