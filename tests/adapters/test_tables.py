"""Tables that people upload: every way a spreadsheet program writes them, and files made to do harm."""

import io
import zipfile
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from mhfa_lms.adapters import tables
from mhfa_lms.adapters.tables import Fault, UnreadableError, read_table

ROWS = [["E-mail", "Completed on"], ["amina@example.org", "2024-05-31"], ["", ""], ["ben@example.org", "2024-06-01"]]
READ = [
    (2, {"e-mail": "amina@example.org", "completed_on": "2024-05-31"}),
    (4, {"e-mail": "ben@example.org", "completed_on": "2024-06-01"}),
]


def sheet(*rows: list[object]) -> bytes:
    book = Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    whole = io.BytesIO()
    book.save(whole)
    return whole.getvalue()


def repacked(data: bytes, name: str, content: bytes) -> bytes:
    """The same file with one of its parts put in anew."""
    whole = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, content if part == name else old.read(part))
    return whole.getvalue()


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_csv_of_every_kind(separator: str, bom: str, end: str) -> None:
    text = bom + end.join(separator.join(row) for row in ROWS) + end
    assert read_table(text.encode()).lines == READ


def test_xlsx_with_days_numbers_and_formulas() -> None:
    table = read_table(
        sheet(
            ["email", "completed_on", "employee_id", "name"],
            ["a@example.org", date(2024, 5, 31), 1042, "=1+1"],
            ["b@example.org", datetime(2024, 6, 1), 7.5, "'=quoted"],  # noqa: DTZ001  # as Excel stores it
        )
    )
    assert table.columns == ("email", "completed_on", "employee_id", "name")
    assert [cells for _number, cells in table.lines] == [
        {"email": "a@example.org", "completed_on": "2024-05-31", "employee_id": "1042", "name": None},
        {"email": "b@example.org", "completed_on": "2024-06-01", "employee_id": "7.5", "name": "=quoted"},
    ]


def test_what_is_no_table() -> None:
    good = sheet(["email"], ["a@example.org"])
    entity = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><worksheet/>'
    for data, fault in (
        (b"", Fault.EMPTY),
        (b"\n ,\n", Fault.EMPTY),
        (b"name\n\xff\xfe\xe9", Fault.NOT_UTF_8),
        (b"a\0b", Fault.NOT_A_TABLE),
        (b"PK\x03\x04 nonsense", Fault.NOT_A_TABLE),
        (good[:-200], Fault.NOT_A_TABLE),
        (repacked(good, "xl/worksheets/sheet1.xml", entity), Fault.NOT_A_TABLE),
        (repacked(good, "xl/worksheets/sheet1.xml", b"<worksheet"), Fault.NOT_A_TABLE),
        (b"x" * (tables.MOST_BYTES + 1), Fault.TOO_LARGE),
    ):
        with pytest.raises(UnreadableError) as raised:
            read_table(data)
        assert raised.value.fault is fault


def test_a_zip_bomb_is_not_unpacked() -> None:
    bomb = repacked(sheet(["email"], ["a"]), "xl/worksheets/sheet1.xml", b" " * (tables.UNPACKED + 1))
    assert len(bomb) < 100_000
    with pytest.raises(UnreadableError) as raised:
        read_table(bomb)
    assert raised.value.fault is Fault.TOO_LARGE


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_a_declaration_is_found_wherever_it_stands(encoding: str) -> None:
    late = '<?xml version="1.0"?><!--' + "x" * 5_000 + '--><!DOCTYPE x [<!ENTITY a "b">]><worksheet/>'
    with pytest.raises(UnreadableError) as refused:
        read_table(repacked(sheet(["email"], ["a"]), "xl/worksheets/sheet1.xml", late.encode(encoding)))
    assert refused.value.fault is Fault.NOT_A_TABLE


def test_a_row_of_a_million_cells_is_not_read() -> None:
    space = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    wide = b'<worksheet xmlns="%s"><sheetData><row>%s</row></sheetData></worksheet>' % (space, b"<c/>" * 1_000_000)
    with pytest.raises(UnreadableError) as refused:
        read_table(repacked(sheet(["email"], ["a"]), "xl/worksheets/sheet1.xml", wide))
    assert refused.value.fault is Fault.TOO_LARGE


def test_a_row_far_down_and_a_size_that_lies_cost_nothing() -> None:
    good = sheet(["email"], ["a@example.org"])
    far = (
        b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        b'<dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>email</t></is></c></row>'
        b'<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>far</t></is></c></row></sheetData></worksheet>'
    )
    assert read_table(repacked(good, "xl/worksheets/sheet1.xml", far)).lines == []


SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)


def with_rows(*numbers: int) -> bytes:
    """A sheet with a word in the first column of each of these rows."""
    rows = "".join(f'<row r="{one}"><c r="A{one}" t="inlineStr"><is><t>x{one}</t></is></c></row>' for one in numbers)
    return repacked(sheet(["a"]), "xl/worksheets/sheet1.xml", SHEET.format(rows).encode())


def test_what_comes_after_a_long_gap_is_read_as_well() -> None:
    last = tables.LAST_ROW
    assert read_table(with_rows(1, 2, 40_000, last)).lines == [
        (2, {"x1": "x2"}),
        (40_000, {"x1": "x40000"}),
        (last, {"x1": f"x{last}"}),
    ]
    # Where no row can be there is no reading on, and no leaving out either.
    with pytest.raises(UnreadableError):
        read_table(with_rows(1, 2, 10**12))


def test_a_table_of_contents_in_no_alphabet_is_no_table() -> None:
    data = bytearray(sheet(["email"], ["a"]))
    first = data.index(b"PK\x01\x02")
    # The flag that says UTF-8, and a byte that is none.
    data[first + 9] |= 0x08
    data[first + 46] = 0xFF
    assert tables.is_small(bytes(data))
    with pytest.raises(UnreadableError) as refused:
        read_table(bytes(data))
    assert refused.value.fault is Fault.NOT_A_TABLE


def test_what_begins_before_its_place_is_no_table() -> None:
    data = bytearray(sheet(["email"], ["a"]))
    end = data.rindex(b"PK\x05\x06")
    data[end + 16 : end + 20] = (0xFFFFFFF).to_bytes(4, "little")
    assert tables.is_small(bytes(data))
    with pytest.raises(UnreadableError):
        read_table(bytes(data))


def test_many_styles_are_left_to_the_worker() -> None:
    styles = b'<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs>%s</cellXfs></styleSheet>'
    many = repacked(sheet(["email"], ["a"]), "xl/styles.xml", styles % (b"<xf/>" * 100_000))
    assert not tables.is_small(many)
    assert tables.is_small(repacked(sheet(["email"], ["a"]), "xl/styles.xml", styles % b""))


def test_what_is_small_is_looked_at_at_once() -> None:
    large = repacked(sheet(["a"]), "xl/worksheets/sheet1.xml", b" " * tables.SMALL)
    assert [tables.is_small(one) for one in (sheet(["a"]), b"a,b", b"PK\x03\x04 x", large)] == [True, True, True, False]


def test_too_many_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_ROWS", 2)
    assert len(read_table(b"a\n1\n2\n").lines) == 2
    with pytest.raises(UnreadableError):
        read_table(b"a\n1\n2\n3\n")


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        read_table(data)
    except UnreadableError:
        return
