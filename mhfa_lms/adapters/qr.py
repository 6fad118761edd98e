"""QR codes, drawn by segno."""

import io
from typing import Final

import segno

# Any mask can be read; a fixed one saves trying all eight, which costs more than the rest of the drawing.
MASK: Final = 3
PIXELS_PER_MODULE: Final = 8


def png(text: str) -> bytes:
    """Return a QR code of a text as a PNG, with error correction M and the quiet zone of four modules around it."""
    out = io.BytesIO()
    segno.make(text, error="m", mask=MASK, micro=False, boost_error=False).save(
        out, kind="png", scale=PIXELS_PER_MODULE, border=4, dark="#1D2A29", light="#FFFFFF"
    )
    return out.getvalue()
