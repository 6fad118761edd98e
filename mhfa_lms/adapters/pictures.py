"""Pictures that people hand in: looked at, decoded and written anew, so that nothing of the file itself is kept."""

import io
import warnings
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS: Final = ("PNG", "JPEG", "WEBP")
LARGEST_FILE: Final = 1024 * 1024
# Read from the header, before anything is unpacked: a small file can claim to be a picture of gigabytes.
MOST_PIXELS: Final = 12_000_000
LARGEST_SIDE: Final = 600
# What is lighter than this share of white is paper, not ink.
PAPER: Final = 200


class PictureError(ValueError):
    """The file is not a picture that can be taken."""


def plain_png(data: bytes) -> bytes:
    """Return a PNG, JPEG or WebP file as a PNG of at most 600 pixels a side, without anything but its pixels.

    Raises `PictureError` for every other kind (SVG among them), for files over 1 MB and pictures over 12 megapixels.
    """
    return _png(_opened(data))


def signature_png(data: bytes) -> bytes:
    """Return the same of a signature, without the paper around it: it is printed as large as there is room.

    Raises `PictureError` as well where there is nothing but paper.
    """
    found = _on_white(_opened(data))
    ink = found.convert("L").point(lambda light: 255 if light < PAPER else 0).getbbox()
    if ink is None:
        raise PictureError("empty")
    return _png(found.crop(ink).convert("RGBA"))


def _on_white(picture: "Image") -> "Image":
    """Return a picture as on paper: without transparency it is drawn in half the time."""
    from PIL import Image  # as below

    plain = Image.new("RGB", picture.size, "#FFFFFF")
    plain.paste(picture, mask=picture.getchannel("A"))
    return plain


def _opened(data: bytes) -> "Image":
    from PIL import Image, ImageOps  # takes a while to load, and few need it

    if len(data) > LARGEST_FILE:
        raise PictureError("too large")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(io.BytesIO(data), formats=FORMATS) as found:
                if found.width * found.height > MOST_PIXELS:
                    raise PictureError("too many pixels")
                upright = ImageOps.exif_transpose(found).convert("RGBA")
    except PictureError:
        raise
    except Exception as error:  # whatever a broken file makes the library raise, struct.error among it
        raise PictureError(str(error)) from error
    return upright


def _png(upright: "Image") -> bytes:
    upright.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    plain = _on_white(upright)
    out = io.BytesIO()
    plain.save(out, "PNG", optimize=True)
    return out.getvalue()
