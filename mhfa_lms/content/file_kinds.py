"""What a file really is, read from its bytes: names can say anything.

Only the first pieces of a file are in memory. What would harm a learner or tell about its maker is refused: pictures
that move by themselves, the place where a photograph was taken, macros in documents.
"""

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

Shape = tuple[int, int] | None
HEAD: Final = 64
PNG: Final = b"\x89PNG\r\n\x1a\n"
OFFICE: Final = {"docx": "word/document.xml", "odt": "content.xml", "epub": "META-INF/container.xml"}
_METADATA: Final = "it holds data of the camera, perhaps the place: save it again without such data"
_MOVES: Final = "a picture that moves by itself disturbs reading: use a video"


class UnfitFileError(ValueError):
    """The file is not what its name says, or must not be in a course; the text says why."""


def look(path: Path) -> Shape:
    """Check that a file is what its ending says; return a picture's width and height. Raises `UnfitFileError`."""
    ending = path.suffix.removeprefix(".")
    try:
        with path.open("rb") as file:
            return _READERS[ending](file, ending)
    except (struct.error, IndexError, UnicodeDecodeError, zipfile.BadZipFile) as error:
        raise _other(ending) from error


def _other(ending: str) -> UnfitFileError:
    return UnfitFileError(f"what is in it is no whole .{ending} file")


def _png(file: IO[bytes], ending: str) -> Shape:
    if file.read(8) != PNG:
        raise _other(ending)
    shape: Shape = None
    while True:
        length, name = struct.unpack(">I4s", file.read(8))
        if name == b"IHDR":
            shape = struct.unpack(">II", file.read(8))
            length -= 8
        elif name == b"acTL":
            raise UnfitFileError(_MOVES)
        elif name == b"eXIf":
            raise UnfitFileError(_METADATA)
        elif name == b"IEND":
            break
        file.seek(length + 4, 1)
    return _sensible(shape, ending)


def _jpeg(file: IO[bytes], ending: str) -> Shape:
    if file.read(2) != b"\xff\xd8":
        raise _other(ending)
    while True:
        lead, mark = file.read(1)[0], file.read(1)[0]
        if lead != 0xFF or mark == 0xDA:
            raise _other(ending)
        (length,) = struct.unpack(">H", file.read(2))
        if mark == 0xE1 and file.read(4) == b"Exif":
            raise UnfitFileError(_METADATA)
        if 0xC0 <= mark <= 0xCF and mark not in {0xC4, 0xC8, 0xCC}:
            _precision, height, width = struct.unpack(">BHH", file.read(5))
            return _sensible((width, height), ending)
        file.seek(length - 2 - (4 if mark == 0xE1 else 0), 1)


def _webp(file: IO[bytes], ending: str) -> Shape:
    riff, size, webp = struct.unpack("<4sI4s", file.read(12))
    if riff != b"RIFF" or webp != b"WEBP" or file.seek(0, 2) < size + 8:
        raise _other(ending)
    file.seek(12)
    name, _length = struct.unpack("<4sI", file.read(8))
    data = file.read(10)
    if name == b"VP8X":
        if data[0] & 0x02:
            raise UnfitFileError(_MOVES)
        if data[0] & 0x08:
            raise UnfitFileError(_METADATA)
        return int.from_bytes(data[4:7], "little") + 1, int.from_bytes(data[7:10], "little") + 1
    if name == b"VP8L" and data[0] == 0x2F:
        bits = int.from_bytes(data[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if name == b"VP8 " and data[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", data[6:10])
        return _sensible((width & 0x3FFF, height & 0x3FFF), ending)
    raise _other(ending)


def _sensible(shape: Shape, ending: str) -> Shape:
    if shape is None or not all(0 < side <= 20_000 for side in shape):
        raise _other(ending)
    return shape


def _mp3(file: IO[bytes], ending: str) -> Shape:
    head = file.read(3)
    frame = head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 0x06 != 0
    return _if(head == b"ID3" or frame, ending)


def _ogg(file: IO[bytes], ending: str) -> Shape:
    head = file.read(HEAD)
    return _if(head.startswith(b"OggS") and (b"OpusHead" in head or b"vorbis" in head), ending)


def _mp4(file: IO[bytes], ending: str) -> Shape:
    """Walk the outer boxes: without `moov` nothing plays."""
    whole = file.seek(0, 2)
    place, found = 0, set[bytes]()
    while place < whole and len(found) < 64:
        file.seek(place)
        length, name = struct.unpack(">I4s", file.read(8))
        if length == 1:
            (length,) = struct.unpack(">Q", file.read(8))
        found.add(name)
        if length < 8:
            break
        place += length
    return _if({b"ftyp", b"moov"} <= found and place <= whole, ending)


def _webm(file: IO[bytes], ending: str) -> Shape:
    head = file.read(HEAD)
    return _if(head.startswith(b"\x1a\x45\xdf\xa3") and b"webm" in head, ending)


def _pdf(file: IO[bytes], ending: str) -> Shape:
    return _if(file.read(5) == b"%PDF-", ending)


def _office(file: IO[bytes], ending: str) -> Shape:
    with zipfile.ZipFile(file) as packed:
        names = packed.namelist()
    if any(name.casefold().endswith("vbaproject.bin") or name.startswith("Basic/") for name in names):
        raise UnfitFileError("it holds macros: save it without")
    return _if(OFFICE[ending] in names, ending)


def _text(file: IO[bytes], ending: str) -> Shape:
    # Text files are small: the caller has looked at the size.
    return _if("\0" not in file.read().decode("utf-8-sig"), ending)


def _if(fits: bool, ending: str) -> Shape:
    if not fits:
        raise _other(ending)
    return None


_READERS: Final[dict[str, Callable[[IO[bytes], str], Shape]]] = {
    "png": _png,
    "jpg": _jpeg,
    "webp": _webp,
    "mp3": _mp3,
    "ogg": _ogg,
    "m4a": _mp4,
    "mp4": _mp4,
    "webm": _webm,
    "vtt": _text,
    "txt": _text,
    "pdf": _pdf,
    "docx": _office,
    "odt": _office,
    "epub": _office,
}
