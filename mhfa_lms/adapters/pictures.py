"""Pictures that people hand in: looked at, decoded and written anew, so that nothing of the file itself is kept."""

import io
import warnings
from typing import Final

FORMATS: Final = ("PNG", "JPEG", "WEBP")
LARGEST_FILE: Final = 1024 * 1024
# Read from the header, before anything is unpacked: a small file can claim to be a picture of gigabytes.
MOST_PIXELS: Final = 12_000_000
LARGEST_SIDE: Final = 600


class PictureError(ValueError):
    """The file is not a picture that can be taken."""


def plain_png(data: bytes) -> bytes:
    """Return a PNG, JPEG or WebP file as a PNG of at most 600 pixels a side, without anything but its pixels.

    Raises `PictureError` for every other kind (SVG among them), for files over 1 MB and pictures over 12 megapixels.
    """
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
    upright.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    # On white, as on the paper: a picture without transparency is drawn in half the time.
    plain = Image.new("RGB", upright.size, "#FFFFFF")
    plain.paste(upright, mask=upright.getchannel("A"))
    out = io.BytesIO()
    plain.save(out, "PNG", optimize=True)
    return out.getvalue()
