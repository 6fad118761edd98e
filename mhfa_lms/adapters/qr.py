"""QR codes, drawn by segno."""

import base64
import io
from typing import Final

import segno

# Any mask can be read; a fixed one saves trying all eight, which costs more than the rest of the drawing.
MASK: Final = 3
PIXELS_PER_MODULE: Final = 8


def png(text: str, *, scale: int = PIXELS_PER_MODULE) -> bytes:
    """Return a QR code of a text as a PNG, with error correction M and the quiet zone of four modules around it.

    `scale` is in pixels for each module; paper needs few, because what prints it enlarges them sharply.
    """
    out = io.BytesIO()
    segno.make(text, error="m", mask=MASK, micro=False, boost_error=False).save(
        out, kind="png", scale=scale, border=4, dark="#1D2A29", light="#FFFFFF"
    )
    return out.getvalue()


def data_uri(text: str) -> str:
    """Return the same picture as an address that holds it, for a page that shows a secret nobody may fetch again."""
    return "data:image/png;base64," + base64.b64encode(png(text)).decode()
