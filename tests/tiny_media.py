"""Files of a few bytes that are what they say: enough of each format for whoever looks into them."""

import io
import struct
import zipfile
import zlib
from pathlib import Path

VTT = "WEBVTT\n\n00:00.000 --> 00:02.000\nHello.\n\n2\n00:02.500 --> 00:04.000\nHow are you?\n"


def png(width: int = 4, height: int = 3, *extra: tuple[bytes, bytes]) -> bytes:
    """A white picture; `extra` chunks stand before its data."""
    rows = zlib.compress(b"".join(b"\0" + b"\xff" * width for _row in range(height)))
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), *extra, (b"IDAT", rows), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def jpeg(width: int = 4, height: int = 3, *, exif: bool = False) -> bytes:
    """The head of a photograph."""
    camera = (
        b"\xff\xe1" + struct.pack(">H", 10) + b"Exif\0\0\0\0" if exif else b"\xff\xe1" + struct.pack(">H", 6) + b"http"
    )
    frame = b"\xff\xc0" + struct.pack(">HBHH", 11, 8, height, width) + b"\x01\x01\x11\0"
    return b"\xff\xd8\xff\xe0" + struct.pack(">H", 4) + b"JF" + camera + frame + b"\xff\xd9"


def webp(width: int = 4, height: int = 3, *, flags: int | None = None) -> bytes:
    """A picture in WebP: plain, or in the extended form with `flags`."""
    if flags is None:
        body = b"VP8 " + struct.pack("<I", 10) + b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height)
    else:
        size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        body = b"VP8X" + struct.pack("<I", 10) + bytes([flags, 0, 0, 0]) + size
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def mp4(data: bytes = b"moving pictures") -> bytes:
    """A film's outer boxes, filled with anything."""
    boxes = ((b"ftyp", b"isom\0\0\0\0"), (b"moov", b"\0" * 8), (b"mdat", data))
    return b"".join(struct.pack(">I", len(body) + 8) + name + body for name, body in boxes)


def mp3(data: bytes = b"sound") -> bytes:
    """A sound with a head and no frames."""
    return b"ID3\x04\0\0\0\0\0\0" + data


def docx(*names: str) -> bytes:
    """A document; `names` are further parts of it."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        for name in ("[Content_Types].xml", "word/document.xml", *names):
            packed.writestr(name, "")
    return made.getvalue()


SETTINGS = """\
media:
  - kind: picture
    file: plan.png
    alt: "Six stones in a row"
    caption: "The plan"
    credit: "The makers of this course"
    licence: "CC BY 4.0"
  - kind: video
    file: talk.mp4
    title: "A first talk"
    duration: "0:05"
    captions: talk.vtt
    poster: poster.webp
    place: above
    transcript: talk.md
  - kind: audio
    file: voice.mp3
    title: "A voice"
    duration: "1:05"
    transcript: "Somebody says **hello**."
download:
  - file: sheet.pdf
    title: "A sheet to print"
    about: "One page"
"""


def enrich(course: Path) -> Path:
    """Give the first step of a course's folder one medium of each kind; returns the step's file."""
    folder = course / "media"
    folder.mkdir(exist_ok=True)
    files: dict[str, bytes] = {
        "plan.png": png(600, 300),
        "talk.mp4": mp4(),
        "talk.vtt": VTT.encode(),
        "talk.md": b"A: Hello.\n\nB: **How** are you?\n",
        "poster.webp": webp(320, 180),
        "voice.mp3": mp3(),
        "sheet.pdf": b"%PDF-1.7 and so on",
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    step = min((course / "modules").glob("*/*.md"))
    text = step.read_text(encoding="utf-8")
    step.write_text(text.replace("\nminutes:", f"\n{SETTINGS}minutes:", 1), encoding="utf-8")
    return step
