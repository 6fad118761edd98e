"""Pictures that people hand in: only pixels come through."""

import io
import struct
import zlib

import pytest
from PIL import Image

from mhfa_lms.adapters import pictures


def drawn(kind: str, size: tuple[int, int] = (40, 20), **more: object) -> bytes:
    """A small picture as a file."""
    out = io.BytesIO()
    Image.new("RGB", size, "#5B2D63").save(out, kind, **more)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_becomes_a_png_of_ours(kind: str) -> None:
    found = Image.open(io.BytesIO(pictures.plain_png(drawn(kind))))
    assert (found.format, found.size, found.mode) == ("PNG", (40, 20), "RGB")


def test_a_large_one_is_made_small_and_turned_upright_and_nothing_said_in_it_is_kept() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "taken at home"
    data = pictures.plain_png(drawn("JPEG", (1200, 600), exif=exif, comment=b"my secret"))
    found = Image.open(io.BytesIO(data))
    assert (found.size, found.info) == ((300, 600), {})
    assert b"secret" not in data
    assert b"home" not in data


def test_of_a_signature_the_paper_around_it_is_left_out() -> None:
    sheet = Image.new("RGB", (900, 700), "#F4F1EA")
    sheet.paste("#1C2B4A", (200, 300, 500, 380))
    out = io.BytesIO()
    sheet.save(out, "PNG")
    assert Image.open(io.BytesIO(pictures.signature_png(out.getvalue()))).size == (300, 80)
    see_through = Image.new("RGBA", (90, 70))
    see_through.save(empty := io.BytesIO(), "PNG")
    for nothing in (empty.getvalue(), REFUSED["svg"]):
        with pytest.raises(pictures.PictureError):
            pictures.signature_png(nothing)


def bomb() -> bytes:
    """A PNG of a few bytes that says it is 60,000 pixels wide and high."""
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


# A WebP picture whose camera data say something that the library cannot write anew: it raises struct.error.
ODD = bytes.fromhex(
    "524946469800000057454250565038580a000000080000002700001d00005650382028000000f002009d012a28001e003e6d369748a4232221"
    "256800800d8969000029436df000fef098a0000000455849464a0000004d4d002a000000080003010000020000000600000032011200030000"
    "0001000600008769000400000001000000380000000068656c6c6f00000190000007000000043032333000000000"
)

REFUSED = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "gif": drawn("GIF"),
    "tiff": drawn("TIFF"),
    "nothing": b"",
    "words": b"<html>not a picture</html>",
    "cut short": drawn("PNG")[:40],
    "a bomb": bomb(),
    "odd camera data": ODD,
    "too heavy": b"\x89PNG\r\n\x1a\n" + bytes(pictures.LARGEST_FILE),
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_everything_else_is_refused(data: bytes) -> None:
    with pytest.raises(pictures.PictureError):
        pictures.plain_png(data)
