"""Many PDFs in one file: a ZIP that keeps each as it is, or one PDF with all their pages, for a printer.

Both are written straight to the disk, one file after the other. Of the ZIP only its list of contents is held, of the
PDF the place of each object in the file and what the newest pages share: qpdf, which could merge as well, holds all of
it (100 KB a page, measured).
"""

import hashlib
import importlib
import io
import re
import struct
import unicodedata
import zipfile
from array import array
from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import IO, Any, Final

ZIP_TYPE: Final = "application/zip"
PDF_TYPE: Final = "application/pdf"
# Windows gives these names to devices, whatever their ending.
DEVICES: Final = frozenset(
    {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", *(f"{one}{n}" for one in ("COM", "LPT") for n in "0123456789¹²³")}
)
# What Windows or a shell reads as something else than a letter.
UNSAFE: Final = frozenset('<>:"/\\|?*')
# In bytes of UTF-8: file systems allow 255, and somebody's folder has a name too.
LONGEST_NAME: Final = 120
# A page's own parts; the tags and links stay behind, as paper has neither.
OF_A_PAGE: Final = ("/MediaBox", "/CropBox", "/BleedBox", "/TrimBox", "/ArtBox", "/Rotate", "/Resources", "/Contents")
OF_THE_TAGS: Final = frozenset({"/StructParent", "/StructParents", "/Parent", "/Metadata", "/PieceInfo"})
# How many objects are remembered, so that later pages share them: the artwork, and fonts of the same letters.
REMEMBERED: Final = 2_000
CATALOG, PAGES, INFO = 1, 2, 3
# What stands before each file of a ZIP (APPNOTE 4.3.7), and two of its flags.
LOCAL_HEAD: Final = struct.Struct("<4s5H3L2H")
LOCAL_MARK: Final = b"PK\x03\x04"
SIZES_BEHIND, NAMES_UTF_8 = 0x8, 0x800
# Anybody on the computer it is unpacked on decides who reads it.
MODE: Final = 0o600 << 16


class UnfitPdfError(ValueError):
    """A PDF whose pages cannot be taken over."""


def file_name(text: str, ending: str) -> str:
    """Return a text as a file's name that is safe in every system and stays in its folder."""
    shown = unicodedata.normalize("NFC", text)
    kept = "".join(" " if one in UNSAFE or not one.isprintable() else one for one in shown)
    kept = re.sub(r"\s+", " ", kept).encode()[:LONGEST_NAME].decode(errors="ignore").strip(" .-")
    if kept.split(".")[0].strip().upper() in DEVICES:
        kept = f"_{kept}"
    return f"{kept or '_'}{ending}"


class Zip:
    """A ZIP of files that are stored as they are: PDFs are compressed already."""

    def __init__(self, file: IO[bytes], *, made_at: datetime) -> None:
        """Begin a ZIP, or go on with one whose file was cut off after a whole entry: its own list was not written yet.

        Raises `zipfile.BadZipFile` for a file that holds anything else.
        """
        before = list(_entries(file))
        self._file = file
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED)
        self._when = made_at.timetuple()[:6]
        for entry in before:
            self._zip.filelist.append(entry)
            self._zip.NameToInfo[entry.filename] = entry

    def __len__(self) -> int:
        """Return how many files are in."""
        return len(self._zip.filelist)

    def add(self, name: str, data: bytes) -> None:
        """Put a file in under its name."""
        entry = zipfile.ZipInfo(name, self._when)
        entry.external_attr = MODE
        self._zip.writestr(entry, data)

    def close(self) -> None:
        """Write what makes it whole."""
        self._zip.close()


def _entries(file: IO[bytes]) -> Iterator[zipfile.ZipInfo]:
    """Yield the entries of a ZIP without its list, read from what stands before each; leaves the file at its end.

    Only what `Zip` writes is understood: stored as it is, with the sizes before the bytes.
    """
    end = file.seek(0, io.SEEK_END)
    at = 0
    while at < end:
        file.seek(at)
        head = file.read(LOCAL_HEAD.size)
        if len(head) < LOCAL_HEAD.size:
            raise zipfile.BadZipFile("cut off within a head")
        mark, version, flags, way, at_time, on_day, crc, packed, size, name_length, more = LOCAL_HEAD.unpack(head)
        if mark != LOCAL_MARK or way != zipfile.ZIP_STORED or packed != size or flags & SIZES_BEHIND:
            raise zipfile.BadZipFile("not one of ours")
        name = file.read(name_length).decode("utf-8" if flags & NAMES_UTF_8 else "ascii")
        entry = zipfile.ZipInfo(name, _moment(on_day, at_time))
        entry.flag_bits, entry.CRC, entry.compress_size, entry.file_size = flags, crc, packed, size
        entry.header_offset, entry.external_attr, entry.extract_version = at, MODE, version
        at += LOCAL_HEAD.size + name_length + more + packed
        if at > end:
            raise zipfile.BadZipFile("cut off within an entry")
        yield entry
    file.seek(end)


def _moment(on_day: int, at_time: int) -> tuple[int, int, int, int, int, int]:
    """Return a moment as ZIP keeps it: years from 1980, every second second."""
    day = (on_day >> 9) + 1980, (on_day >> 5) & 15, on_day & 31
    return *day, at_time >> 11, (at_time >> 5) & 63, (at_time & 31) * 2


class PrintPdf:
    """One PDF with the pages of many, in their order."""

    def __init__(self, file: IO[bytes], *, title: str) -> None:
        self._file = file
        self._title = title
        # 12 MB that web processes, which share this code with the worker, do without.
        self._pikepdf: Any = importlib.import_module("pikepdf")
        self._places = array("Q", [0] * (INFO + 1))
        self._pages = array("Q")
        self._known: OrderedDict[bytes, int] = OrderedDict()
        self._at = 0
        self._write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")

    def add(self, data: bytes) -> None:
        """Append the pages of a PDF. Raises `UnfitPdfError`, and then nothing of it is among the pages."""
        try:
            with self._pikepdf.open(io.BytesIO(data)) as source:
                pages = [self._page(page.obj) for page in source.pages]
        except (self._pikepdf.PdfError, RecursionError, TypeError, ValueError) as error:
            raise UnfitPdfError(type(error).__name__) from error
        self._pages.extend(pages)

    def close(self) -> None:
        """Write what makes it whole."""
        self._put(CATALOG, b"<< /Type /Catalog /Pages %d 0 R >>" % PAGES)
        kids = b" ".join(b"%d 0 R" % one for one in self._pages)
        self._put(PAGES, b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(self._pages), kids))
        self._put(INFO, b"<< /Title %s >>" % self._pikepdf.String(self._title).unparse())
        start, count = self._at, len(self._places)
        self._write(b"xref\n0 %d\n0000000000 65535 f \n" % count)
        for place in self._places[1:]:
            self._write(b"%010d 00000 n \n" % place)
        self._write(b"trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R >>\n" % (count, CATALOG, INFO))
        self._write(b"startxref\n%d\n%%%%EOF\n" % start)

    def _page(self, page: Any) -> int:
        taken: dict[Any, int] = {}
        parts = [
            b"%s %s" % (name.encode(), self._written(value, taken))
            for name in OF_A_PAGE
            if (value := _inherited(page, name)) is not None
        ]
        return self._new(b"<< /Type /Page /Parent %d 0 R %s >>" % (PAGES, b" ".join(parts)))

    def _written(self, value: Any, taken: dict[Any, int]) -> bytes:
        """Return a value as it stands in a file; what it refers to has been written before."""
        if not isinstance(value, self._pikepdf.Object):
            return _plain(value)
        if not value.is_indirect:
            return self._body(value, taken)
        if value.objgen not in taken:
            # Somebody who comes round to it again finds no number, and that is refused.
            taken[value.objgen] = 0
            taken[value.objgen] = self._shared(self._body(value, taken))
        if not taken[value.objgen]:
            raise UnfitPdfError("an object that holds itself")
        return b"%d 0 R" % taken[value.objgen]

    def _body(self, value: Any, taken: dict[Any, int]) -> bytes:
        if isinstance(value, self._pikepdf.Stream):
            data = value.read_raw_bytes()
            kept = self._entries(value.stream_dict, taken, but="/Length")
            return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (kept, len(data), data)
        if isinstance(value, self._pikepdf.Dictionary):
            return b"<< %s >>" % self._entries(value, taken)
        if isinstance(value, self._pikepdf.Array):
            return b"[%s]" % b" ".join(self._written(one, taken) for one in value)
        return bytes(value.unparse())

    def _entries(self, found: Any, taken: dict[Any, int], but: str = "") -> bytes:
        return b" ".join(
            b"%s %s" % (self._pikepdf.Name(key).unparse(), self._written(found[key], taken))
            for key in found
            if key not in OF_THE_TAGS and key != but
        )

    def _shared(self, body: bytes) -> int:
        """Return the number of an object, the same for two that are alike."""
        digest = hashlib.sha256(body).digest()
        number = self._known.get(digest)
        if number is None:
            number = self._new(body)
        self._known[digest] = number
        self._known.move_to_end(digest)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return number

    def _new(self, body: bytes) -> int:
        self._places.append(0)
        number = len(self._places) - 1
        self._put(number, body)
        return number

    def _put(self, number: int, body: bytes) -> None:
        self._places[number] = self._at
        self._write(b"%d 0 obj\n%s\nendobj\n" % (number, body))

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._at += len(data)


def _inherited(page: Any, name: str) -> Any:
    """Return a part of a page, its own or that of what it stands in."""
    while page is not None:
        if name in page:
            return page[name]
        page = page.get("/Parent")
    return None


def _plain(value: Any) -> bytes:
    if value is None:
        return b"null"
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, Decimal):
        return f"{value:f}".encode()
    if isinstance(value, int | float):
        return str(value).encode()
    raise UnfitPdfError(f"a value of the kind {type(value).__name__}")
