"""Tables as CSV and XLSX: what people wrote comes back as it was, and nothing in it runs."""

import csv
import io
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from mhfa_lms.adapters.spreadsheets import STARTERS, csv_chunks, inert, plain, write_xlsx
from tests import hostile
from tests.make import NOON

HEADER = ("certificate_number", "name")
RUNS = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", " =1+1", "'=1+1", "''-1", "＝1", "\u200b=1"]
HARMLESS = ["", "Amina Yusuf", "'t Hooft", "'", "O'Brien", "a=b", " Ada", "12-3", "'' x", "ŠÆ – ok"]


@pytest.mark.parametrize("cell", RUNS)
def test_a_cell_that_would_run_is_made_inert(cell: str) -> None:
    assert inert(cell) == f"'{cell}"
    assert plain(inert(cell)) == cell


@pytest.mark.parametrize("cell", HARMLESS)
def test_a_harmless_cell_is_not_touched(cell: str) -> None:
    assert inert(cell) == cell
    assert plain(cell) == cell


@given(st.text(alphabet=st.one_of(st.sampled_from("=+-@\t\r\n' ＝a1"), st.characters(codec="utf-8"))))
def test_every_text_comes_back(cell: str) -> None:
    assert plain(inert(cell)) == cell
    assert inert(cell)[:1] not in STARTERS


def rows(*cells: str) -> list[tuple[str, str]]:
    return [("ABCD", cell) for cell in cells]


def test_csv_survives_a_round_trip() -> None:
    cells = [*RUNS, *HARMLESS, 'quoted "x", and comma', "two\nlines"]
    text = b"".join(csv_chunks(HEADER, rows(*cells), batch=2)).decode("utf-8")
    header, *found = csv.reader(io.StringIO(text, newline=""))
    assert tuple(header) == HEADER
    assert [plain(row[1]) for row in found] == cells
    assert all(row[1][:1] not in STARTERS for row in found)


def test_csv_has_its_header_without_rows() -> None:
    assert b"".join(csv_chunks(HEADER, [])) == b"certificate_number,name\r\n"


def test_csv_is_marked_as_utf_8_on_request_only() -> None:
    assert next(csv_chunks(HEADER, rows("Ada"))).startswith(b"certificate_number")
    marked = b"".join(csv_chunks(HEADER, rows("Ada"), bom=True))
    assert marked.startswith(b"\xef\xbb\xbfcertificate_number,name\r\n")
    assert marked.count(b"\xef\xbb\xbf") == 1


def test_csv_takes_no_more_memory_for_more_rows() -> None:
    def many() -> Iterator[tuple[str, str]]:
        for number in range(200_000):
            yield str(number), "A name of a usual length"

    tracemalloc.start()
    size = sum(len(piece) for piece in csv_chunks(HEADER, many()))
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size > 5_000_000
    assert peak < 2_000_000


def test_xlsx_survives_a_round_trip_as_text() -> None:
    cells = [cell for cell in [*RUNS, *HARMLESS] if "\r" not in cell]
    file = io.BytesIO()
    assert write_xlsx(file, HEADER, rows(*cells), title="Register", made_at=NOON) == len(cells)
    sheet = load_workbook(io.BytesIO(file.getvalue())).active
    assert sheet is not None
    header, *found = list(sheet.iter_rows())
    assert tuple(cell.value for cell in header) == HEADER
    assert [plain(str(row[1].value or "")) for row in found] == cells
    assert {cell.data_type for row in found for cell in row if cell.value} == {"s"}
    assert sheet.freeze_panes == "A2"


def test_xlsx_has_its_header_without_rows() -> None:
    file = io.BytesIO()
    assert write_xlsx(file, HEADER, [], title="Register", made_at=NOON) == 0
    sheet = load_workbook(io.BytesIO(file.getvalue())).active
    assert sheet is not None
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [list(HEADER)]


def test_the_nastiest_names_are_inert_and_come_back_from_both() -> None:
    cells = [*hostile.NAMES.values(), *hostile.LONG.values(), *hostile.FORMULAS.values()]
    text = b"".join(csv_chunks(HEADER, rows(*cells))).decode("utf-8")
    _header, *lines = csv.reader(io.StringIO(text, newline=""))
    assert [plain(line[1]) for line in lines] == cells
    file = io.BytesIO()
    write_xlsx(file, HEADER, rows(*cells), title="Register", made_at=NOON)
    sheet = load_workbook(io.BytesIO(file.getvalue())).worksheets[0]
    kept = [row[1] for row in sheet.iter_rows(min_row=2)]
    assert {cell.data_type for cell in kept} == {"s"}
    assert [plain(str(cell.value)) for cell in kept] == cells
