"""Tables as CSV and XLSX, written row by row in little memory, and safe to open in a spreadsheet program.

A cell that such a program would run as a formula (it begins with = + - @, a tab or a line break, also after spaces) is
made inert by one apostrophe before it; `plain` takes it off again. Nothing else is changed, so that
`plain(inert(text)) == text` for every text. Both kinds of file hold the same cells.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import IO, Final

BOM: Final = "\ufeff"
CSV_TYPE: Final = "text/csv; charset=utf-8"
XLSX_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS: Final = 1_048_575  # of an XLSX sheet, without its header
# What starts a formula, in full width too, which some spreadsheet programs read alike.
STARTERS: Final = frozenset("=+-@\t\r\n＝＋－＠")
GUARD: Final = "'"
# A first letter that makes a second look worth while; all other cells pass with one comparison.
SUSPECT: Final = STARTERS | frozenset(GUARD + " \v\f\0\u00a0\u200b\u3000\ufeff")
BATCH: Final = 500  # measured: from 700 rows on, Python's garbage collector looks through each batch
Row = Sequence[str]


def _runs(cell: str) -> bool:
    """Whether a spreadsheet program may run the cell, or would once apostrophes before it are gone."""
    for letter in cell:
        if letter in STARTERS:
            return True
        if letter not in SUSPECT:
            return False
    return False


def inert(cell: str) -> str:
    """Return the cell so that no spreadsheet program runs it."""
    return GUARD + cell if cell and cell[0] in SUSPECT and _runs(cell) else cell


def plain(cell: str) -> str:
    """Return what a cell that `inert` made held before; every other cell as it is."""
    return cell[1:] if cell.startswith(GUARD) and _runs(cell) else cell


def _guarded(rows: Iterable[Row], batch: int = BATCH) -> Iterator[list[list[str]]]:
    """Yield the rows made inert, some at a time: a step of a generator for each row would cost as much as the guard."""
    left = iter(rows)
    while some := list(islice(left, batch)):
        yield [[inert(cell) if cell and cell[0] in SUSPECT else cell for cell in row] for row in some]


def csv_chunks(header: Row | None, rows: Iterable[Row], *, bom: bool = False, batch: int = BATCH) -> Iterator[bytes]:
    """Yield a CSV file (RFC 4180, UTF-8) in pieces of some rows; `bom` marks it as UTF-8 for older Excel.

    Without a header it is the continuation of one.
    """
    buffer = io.StringIO(BOM if bom else "", newline="")
    buffer.seek(0, io.SEEK_END)
    writer = csv.writer(buffer)
    if header is not None:
        writer.writerow(header)
    for some in _guarded(rows, batch):
        writer.writerows(some)
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
    if buffer.tell():
        yield buffer.getvalue().encode()


def read_csv(file: IO[bytes]) -> Iterator[list[str]]:
    """Yield the rows of a CSV file that `csv_chunks` wrote, its header first, each cell as it was before."""
    with io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
        for row in csv.reader(text):
            yield [plain(cell) for cell in row]


def write_xlsx(file: IO[bytes], header: Row, rows: Iterable[Row], *, title: str, made_at: datetime) -> int:
    """Write an XLSX file of text cells into an open file and return how many rows it got.

    Rows beyond `MOST_ROWS` do not fit into a sheet: ask before. One row at a time is held in memory.
    """
    import xlsxwriter  # takes a while to load, and few need it

    # Guarded cells are text here, and nothing may turn a text into a formula, a link or a number.
    book = xlsxwriter.Workbook(
        file,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    book.set_properties({"title": title, "created": made_at.replace(tzinfo=None)})
    sheet = book.add_worksheet()
    sheet.freeze_panes(1, 0)
    for column, name in enumerate(header):
        sheet.set_column(column, column, max(14, len(name) + 4))
    bold = book.add_format({"bold": True})
    for column, name in enumerate(header):
        sheet.write_string(0, column, name, bold)
    number = 0
    for number, row in enumerate(chain.from_iterable(_guarded(rows)), start=1):
        for column, cell in enumerate(row):
            if cell:
                sheet.write_string(number, column, cell)
    sheet.autofilter(0, 0, number, len(header) - 1)
    book.close()
    return number
