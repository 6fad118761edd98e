"""Many PDFs in one file: safe names, a ZIP that every program opens, one PDF of all pages in little memory."""

import io
import tracemalloc
import zipfile
from pathlib import PurePosixPath, PureWindowsPath

import pikepdf
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mhfa_lms.adapters.bundles import LONGEST_NAME, PrintPdf, UnfitPdfError, Zip, file_name
from tests.make import NOON

NAMES = st.lists(st.text("aé名-. 1", min_size=1, max_size=9), min_size=1, max_size=6, unique=True)


@given(NAMES, st.integers(0, 6), st.binary(max_size=40))
def test_a_zip_that_was_cut_off_behind_an_entry_goes_on(names: list[str], cut: int, data: bytes) -> None:
    """As after a kill: what was written of the next entry, or of the list, is gone."""
    data += b"PK\x05\x06PK\x03\x04"
    file = io.BytesIO()
    begun = Zip(file, made_at=NOON)
    for name in names[:cut]:
        begun.add(name, data)
    file.truncate(file.tell())
    again = Zip(file, made_at=NOON)
    assert len(again) == len(names[:cut])
    for name in names[cut:]:
        again.add(name, data)
    again.close()
    with zipfile.ZipFile(file) as found:
        assert found.testzip() is None
        assert found.namelist() == names
        assert {found.read(name) for name in names} == {data}
        assert {one.external_attr for one in found.infolist()} == {0o600 << 16}
        assert {one.date_time for one in found.infolist()} == {NOON.timetuple()[:6]}


def test_what_is_no_zip_of_ours_is_not_gone_on_with() -> None:
    for data in (b"x" * 40, b"PK\x03\x04", b"PK\x03\x04" + b"\xff" * 40):
        with pytest.raises(zipfile.BadZipFile):
            Zip(io.BytesIO(data), made_at=NOON)


def small_pdf(text: str, *, pages: int = 1) -> bytes:
    """A PDF with a font, a picture that all share, tags and a link, as certificates have."""
    with pikepdf.new() as book:
        font = book.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1))
        font.BaseFont = pikepdf.Name.Helvetica
        picture = pikepdf.Stream(book, bytes(range(256)) * 20)
        picture.update({"/Type": pikepdf.Name.XObject, "/Subtype": pikepdf.Name.Image, "/Width": 1, "/Height": 1})
        for number in range(pages):
            page = book.add_blank_page(page_size=(842, 595))
            page.obj.Contents = pikepdf.Stream(book, f"BT /F0 12 Tf ({text} {number}) Tj ET".encode())
            page.obj.Resources = pikepdf.Dictionary(
                Font=pikepdf.Dictionary(F0=font), XObject=pikepdf.Dictionary(I0=book.make_indirect(picture))
            )
            page.obj.StructParents = 0
            page.obj.Annots = book.make_indirect(pikepdf.Array())
        whole = io.BytesIO()
        book.save(whole)
    return whole.getvalue()


def printed(*several: bytes) -> bytes:
    file = io.BytesIO()
    book = PrintPdf(file, title="Häfen (Nord)")
    for one in several:
        book.add(one)
    book.close()
    return file.getvalue()


@given(st.text(max_size=400))
@example("../../etc/passwd")
@example("C:\\Windows\\x")
@example("CON")
@example("nul.txt")
@example("Aux ")
@example("...")
@example("")
@example("e\u0301" * 300)
@example("\u202eevil")
@example("a\r\nb:c*?")
def test_a_file_name_is_safe_everywhere(text: str) -> None:
    name = file_name(text, " - 7KQ2.pdf")
    assert PurePosixPath(name).name == PureWindowsPath(name).name == name
    assert not PureWindowsPath(name).is_reserved()
    assert name.endswith(" - 7KQ2.pdf")
    assert name.isprintable()
    assert not set(name) & set('<>:"/\\|?*')
    assert not name.startswith((".", " ", "-"))
    assert len(name.encode()) <= LONGEST_NAME + 20


def test_names_stay_readable() -> None:
    assert file_name("Amina Yusuf", ".pdf") == "Amina Yusuf.pdf"
    assert file_name("أمينة يوسف", ".pdf") == "أمينة يوسف.pdf"
    assert file_name("O'Neil, J.", ".pdf") == "O'Neil, J.pdf"


def test_a_zip_keeps_every_byte() -> None:
    file = io.BytesIO()
    packed = Zip(file, made_at=NOON)
    packed.add("Amina Yusuf - 1.pdf", b"one")
    packed.add("أمينة - 2.pdf", b"two" * 1000)
    packed.close()
    with zipfile.ZipFile(file) as found:
        assert found.testzip() is None
        assert {name: found.read(name) for name in found.namelist()} == {
            "Amina Yusuf - 1.pdf": b"one",
            "أمينة - 2.pdf": b"two" * 1000,
        }
        assert {one.compress_type for one in found.infolist()} == {zipfile.ZIP_STORED}


def test_pages_keep_their_order_and_looks_without_tags_and_links() -> None:
    with pikepdf.open(io.BytesIO(printed(small_pdf("first"), small_pdf("second", pages=2)))) as book:
        assert book.check_pdf_syntax() == []
        assert [page.Contents.read_bytes() for page in book.pages] == [
            b"BT /F0 12 Tf (first 0) Tj ET",
            b"BT /F0 12 Tf (second 0) Tj ET",
            b"BT /F0 12 Tf (second 1) Tj ET",
        ]
        assert str(book.docinfo.Title) == "Häfen (Nord)"
        for page in book.pages:
            assert page.mediabox == [0, 0, 842, 595]
            assert page.Resources.Font.F0.BaseFont == "/Helvetica"
            assert "/Annots" not in page.obj
            assert "/StructParents" not in page.obj
        # What is the same on all pages is there once.
        assert len({page.Resources.XObject.I0.objgen for page in book.pages}) == 1


def test_a_part_that_its_pages_inherit_comes_along() -> None:
    with pikepdf.open(io.BytesIO(small_pdf("inherits"))) as book:
        book.Root.Pages.MediaBox = book.pages[0].obj.MediaBox
        del book.pages[0].obj.MediaBox
        whole = io.BytesIO()
        book.save(whole)
    with pikepdf.open(io.BytesIO(printed(whole.getvalue()))) as found:
        assert found.pages[0].mediabox == [0, 0, 842, 595]


def test_what_is_no_pdf_or_holds_itself_is_refused_and_spoils_nothing() -> None:
    with pikepdf.open(io.BytesIO(small_pdf("loops"))) as book:
        loop = book.make_indirect(pikepdf.Dictionary())
        loop.Self = loop
        book.pages[0].obj.Resources.Loop = loop
        whole = io.BytesIO()
        book.save(whole)
    file = io.BytesIO()
    found = PrintPdf(file, title="x")
    found.add(small_pdf("good"))
    for bad in (b"", b"%PDF-1.7 nonsense", whole.getvalue()):
        with pytest.raises(UnfitPdfError):
            found.add(bad)
    found.add(small_pdf("also good"))
    found.close()
    with pikepdf.open(file) as book:
        assert book.check_pdf_syntax() == []
        assert len(book.pages) == 2


def test_memory_stays_flat_however_many_pages() -> None:
    pages = [small_pdf(str(number)) for number in range(20)]

    def peak(times: int) -> int:
        tracemalloc.start()
        try:
            with open("/dev/null", "wb") as file:  # noqa: PTH123  # nothing is kept
                book = PrintPdf(file, title="x")
                for number in range(times):
                    book.add(pages[number % 20])
                book.close()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(20)
    assert peak(400) - peak(200) < 100_000
