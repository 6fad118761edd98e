"""Tables that people upload, CSV or XLSX, read as rows of text with their numbers; hostile files are refused.

A CSV file may be separated by commas, semicolons or tabs, and begin with a byte order mark. Of an XLSX file the first
sheet is read, to its last row: days become YYYY-MM-DD; formulas are not run but named. An XLSX file is a ZIP of XML:
how large it says it will be is added up before anything is unpacked, and XML that declares entities is not parsed.
"""

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any, Final

from mhfa_lms.adapters.spreadsheets import plain

MOST_BYTES: Final = 5_000_000
MOST_ROWS: Final = 25_000
MOST_COLUMNS: Final = 60
LONGEST_CELL: Final = 2_000
# Of an XLSX file once it is unpacked, and of its parts.
UNPACKED: Final = 40_000_000
MOST_PARTS: Final = 500
# Up to here its first row is found in a moment: some 2,500 rows of 6 columns.
SMALL: Final = 1_000_000
# What reading begins with, before any row; spreadsheet programs write some 10 KB, and each look costs 10 times a cell.
STYLES: Final = "xl/styles.xml"
SMALL_STYLES: Final = 100_000
# No sheet has a row below this one; a file may say otherwise.
LAST_ROW: Final = 1_048_576
# In one row a million marks take 300 MB. 25,000 rows of 6 columns have 650,000, and 75,000 different texts 300,000.
MOST_MARKS: Final = 1_000_000
# The first bytes of XML in UTF-16, with and without a byte order mark.
UTF_16: Final = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")
# The first bytes of a ZIP.
PACKED: Final = b"PK\x03\x04"
Cell = str | None  # None: a formula


class Fault(StrEnum):
    """Why a file is not read at all."""

    EMPTY = "empty"
    TOO_LARGE = "too-large"
    TOO_MANY_ROWS = "too-many-rows"
    NOT_A_TABLE = "not-a-table"
    NOT_UTF_8 = "not-utf-8"


class UnreadableError(ValueError):
    """The file is not read."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Table:
    """A table as read. Names of columns are in small letters with underscores.

    `lines` holds each row below the header: its number in the file, and its cells by the column's name; None is a
    formula.
    """

    columns: tuple[str, ...]
    lines: list[tuple[int, dict[str, Cell]]]


def read_table(data: bytes) -> Table:
    """Return the table of a CSV or XLSX file. Rows without any text are left out. Raises `UnreadableError`."""
    if len(data) > MOST_BYTES:
        raise UnreadableError(Fault.TOO_LARGE)
    filled = _filled(data)
    first = next(filled, None)
    if first is None:
        raise UnreadableError(Fault.EMPTY)
    columns = _named(first[1])
    lines: list[tuple[int, dict[str, Cell]]] = []
    for number, row in filled:
        if len(lines) == MOST_ROWS:
            raise UnreadableError(Fault.TOO_MANY_ROWS)
        lines.append((number, {name: cell for name, cell in zip(columns, row, strict=False) if name}))
    return Table(tuple(name for name in columns if name), lines)


def read_columns(data: bytes) -> tuple[str, ...]:
    """Return the names of a table's columns, having looked at its first row alone. Raises `UnreadableError`."""
    if len(data) > MOST_BYTES:
        raise UnreadableError(Fault.TOO_LARGE)
    first = next(_filled(data), None)
    if first is None:
        raise UnreadableError(Fault.EMPTY)
    return tuple(name for name in _named(first[1]) if name)


def is_small(data: bytes) -> bool:
    """Whether `read_columns` takes a moment only: of an XLSX file, judged by how large it says it will be."""
    if not data.startswith(PACKED):
        return True
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            parts = packed.infolist()
            styles = sum(one.file_size for one in parts if one.filename.casefold() == STYLES)
            return styles <= SMALL_STYLES and sum(one.file_size for one in parts) <= SMALL
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError):
        # Found out at once.
        return True


def _filled(data: bytes) -> Iterator[tuple[int, Sequence[Cell]]]:
    rows = _xlsx(data) if data.startswith(PACKED) else _csv(data)
    return ((number, row) for number, row in rows if any(cell != "" for cell in row))


def _named(row: Sequence[Cell]) -> tuple[str, ...]:
    return tuple("_".join((cell or "").casefold().split()) for cell in row[:MOST_COLUMNS])


def _clean(cell: str) -> str:
    return plain(cell).strip()[:LONGEST_CELL]


def _csv(data: bytes) -> Iterator[tuple[int, Sequence[Cell]]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableError(Fault.NOT_UTF_8) from error
    if "\0" in text:
        raise UnreadableError(Fault.NOT_A_TABLE)
    header = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        for row in reader:
            yield reader.line_num, [_clean(cell) for cell in row[:MOST_COLUMNS]]
    except csv.Error as error:
        raise UnreadableError(Fault.NOT_A_TABLE) from error


def _xlsx(data: bytes) -> Iterator[tuple[int, Sequence[Cell]]]:
    from openpyxl import load_workbook  # takes a while to load, and few need it
    from openpyxl.cell.read_only import EMPTY_CELL

    _look_inside(data)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
        sheet: Any = book.worksheets[0]
        # What the file says of its own size is not believed: rows are read as they come, to the last there can be.
        sheet.reset_dimensions()
        blank = None
        for number, row in enumerate(sheet.iter_rows(max_row=LAST_ROW + 1, max_col=MOST_COLUMNS), start=1):
            if number > LAST_ROW:
                raise UnreadableError(Fault.NOT_A_TABLE)
            # All the rows of a gap are one object, and there may be a million.
            if row is blank:
                continue
            if all(cell is EMPTY_CELL for cell in row):
                blank = row
                continue
            yield number, [_of_cell(cell) for cell in row]
    except UnreadableError:
        raise
    except Exception as error:  # whatever a broken file makes the library raise
        raise UnreadableError(Fault.NOT_A_TABLE) from error


def _look_inside(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            parts = packed.infolist()
            if len(parts) > MOST_PARTS or sum(one.file_size for one in parts) > UNPACKED:
                raise UnreadableError(Fault.TOO_LARGE)
            marks = 0
            for one in parts:
                # Never more than what was added up above, whatever is packed.
                text = packed.read(one)
                # Looked for in all of it: what stands before a declaration may be as long as one likes.
                if b"<!DOCTYPE" in text or b"<!ENTITY" in text or text.startswith(UTF_16):
                    raise UnreadableError(Fault.NOT_A_TABLE)
                marks += text.count(b"<")
                if marks > MOST_MARKS:
                    raise UnreadableError(Fault.TOO_LARGE)
    except UnreadableError:
        raise
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError, zlib.error) as error:
        raise UnreadableError(Fault.NOT_A_TABLE) from error


def _of_cell(cell: Any) -> Cell:
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "f":
        return None
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return _clean(str(value))
