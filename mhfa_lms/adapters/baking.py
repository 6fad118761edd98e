"""Baked badges (Open Badges 3.0): a picture that carries the signed credential inside, as PNG and as SVG."""

import struct
import zlib
from typing import Final

KEYWORD: Final = b"openbadgecredential"
NAMESPACE: Final = "https://purl.imsglobal.org/ob/v3p0"
SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
# The picture's head is always the first part and always as long: length, name, 13 bytes, check sum.
HEAD: Final = len(SIGNATURE) + 4 + 4 + 13 + 4


def png(picture: bytes, credential: str) -> bytes:
    """Return a PNG with the credential in it, as uncompressed international text. Raises ValueError for no PNG."""
    if not picture.startswith(SIGNATURE) or picture[12:16] != b"IHDR":
        raise ValueError("this is no PNG")
    # Keyword; not compressed, method 0; neither language nor translated keyword.
    data = KEYWORD + b"\0" + b"\0\0" + b"\0" + b"\0" + credential.encode()
    body = b"iTXt" + data
    chunk = struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
    return picture[:HEAD] + chunk + picture[HEAD:]


def svg(drawing: str, credential: str) -> str:
    """Return an SVG with the credential in it, right behind its beginning, where verifiers look for it."""
    start, rest = drawing.split(">", 1)
    # The end mark of such a section cannot stand inside it; in JSON the letter may be written by its number.
    inside = credential.replace("]]>", "]]\\u003e")
    element = f"<openbadges:credential><![CDATA[{inside}]]></openbadges:credential>"
    return f'{start} xmlns:openbadges="{NAMESPACE}">{element}{rest}'
