"""The certificate as paper: what stands on it, that it is drawn once, and that a crash is made good."""

import re
import subprocess
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from mhfa_lms import db
from mhfa_lms.adapters.files import FolderFiles
from mhfa_lms.adapters.pdf import Document, Drawer, WeasyPrintDrawer
from mhfa_lms.jobs import certificate_page, drawing
from mhfa_lms.jobs.handlers import HANDLERS
from mhfa_lms.models import Accent, Certificate, CertificateLook, PaperSize
from mhfa_lms.services import certificate_pdf, names
from mhfa_lms.settings import Settings, read_settings
from tests import make
from tests.adapters.test_pdf import unpacked
from tests.adapters.test_pictures import drawn as picture
from tests.make import NOON

CODE = "7KQ2M9XBT4HF0RWA"


class RecordingDrawer:
    """Draws nothing, and remembers what it was asked to draw and whether anybody held the database meanwhile."""

    def __init__(self, data: bytes = b"%PDF a drawing") -> None:
        self.data = data
        self.documents: list[Document] = []
        self.held: list[bool] = []

    def draw(self, document: Document) -> bytes:
        self.documents.append(document)
        self.held.append(db.session().in_transaction())
        return self.data


class AsItIs:
    """Signs nothing, and remembers what it was given, when, and whether anybody held the database meanwhile."""

    def __init__(self) -> None:
        self.given: list[tuple[bytes, datetime, bool]] = []

    def sign(self, pdf: bytes, at: datetime) -> bytes:
        self.given.append((pdf, at, db.session().in_transaction()))
        return pdf


def draw(certificate_id: int, settings: Settings, files: FolderFiles, drawer: Drawer, signer: Any = None) -> None:
    """Do what the worker does, without a signature."""
    drawing.draw(
        certificate_id, settings=settings, now=NOON, files=files, drawer=drawer, signer=signer or AsItIs()
    )  # fmt: skip


class Killed(BaseException):
    """What stops a test's worker where it stands."""


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    """An installation with an address of its own."""
    return read_settings(
        {
            "MHFA_DATA_DIR": str(tmp_path / "data"),
            "MHFA_DATABASE_URL": database,
            "MHFA_BASE_URL": "https://learn.example.org",
            "MHFA_SECRET_KEY": "a-test-key-that-is-long-enough",
        }
    )


@pytest.fixture
def files(settings: Settings) -> FolderFiles:
    """The installation's storage."""
    return FolderFiles(settings.data_dir / "files")


def issued(name: str = "Amina Yusuf", instructed_by: str = "", **values: Any) -> int:
    """A certificate to draw; its id."""
    if instructed_by:
        values |= {"instructor_id": make.member().id, "instructor_name": instructed_by}
    return make.certificate(make.member(name=name), **{"code": CODE, **values}).id


def stored(certificate_id: int) -> Certificate:
    """The certificate as it is now."""
    db.session().rollback()
    return db.session().get_one(Certificate, certificate_id)


def test_it_is_drawn_stored_and_recorded_with_no_transaction_held(settings: Settings, files: FolderFiles) -> None:
    drawer, signer, found = RecordingDrawer(), AsItIs(), issued()
    draw(found, settings, files, drawer, signer)
    file = stored(found).file
    assert file is not None
    assert (file.key, file.size, file.created_at) == (f"certificates/7K/{CODE}.pdf", len(drawer.data), NOON)
    assert files.read(file.key, file.sha256) == drawer.data
    assert drawer.held == [False]
    assert signer.given == [(drawer.data, NOON, False)]


def test_it_is_never_drawn_again(settings: Settings, files: FolderFiles) -> None:
    drawer, found = RecordingDrawer(), issued()
    for _time in range(3):
        draw(found, settings, files, drawer)
    assert len(drawer.documents) == 1


def test_killed_between_file_and_row_the_file_that_is_there_is_recorded(
    settings: Settings, files: FolderFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = issued()

    def killed(*_args: Any, **_more: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(certificate_pdf, "attach", killed)
        with pytest.raises(Killed):
            draw(found, settings, files, RecordingDrawer(b"first"))
    assert stored(found).file_id is None
    again = RecordingDrawer(b"second")
    draw(found, settings, files, again)
    file = stored(found).file
    assert file is not None
    assert files.read(file.key, file.sha256) == b"first"
    assert again.documents == []


def test_killed_while_it_is_signed_nothing_is_left_and_the_next_one_is_the_only_one(
    settings: Settings, files: FolderFiles
) -> None:
    found = issued()

    class Dying:
        def sign(self, pdf: bytes, at: datetime) -> bytes:
            raise Killed

    with pytest.raises(Killed):
        draw(found, settings, files, RecordingDrawer(b"first"), Dying())
    assert stored(found).file_id is None
    assert files.find(drawing.file_key(CODE)) is None
    draw(found, settings, files, RecordingDrawer(b"second"))
    file = stored(found).file
    assert file is not None
    assert files.read(file.key, file.sha256) == b"second"


def test_a_file_of_an_earlier_version_stays_unsigned(settings: Settings, files: FolderFiles) -> None:
    found, signer = issued(), AsItIs()
    files.put(drawing.file_key(CODE), b"drawn before files were signed")
    draw(found, settings, files, RecordingDrawer(), signer)
    assert signer.given == []
    assert stored(found).file_id is not None


def test_two_workers_with_the_same_job_agree_on_one_file(settings: Settings, files: FolderFiles) -> None:
    found = issued()

    class Late(RecordingDrawer):
        def draw(self, document: Document) -> bytes:
            draw(found, settings, files, RecordingDrawer(b"the faster one"))
            return super().draw(document)

    draw(found, settings, files, Late())
    file = stored(found).file
    assert file is not None
    assert files.read(file.key, file.sha256) == b"the faster one"


def test_an_erased_certificate_is_not_drawn(settings: Settings, files: FolderFiles) -> None:
    drawer, found = RecordingDrawer(), issued(erased_at=NOON)
    draw(found, settings, files, drawer)
    assert drawer.documents == []


def test_the_worker_knows_the_kind(settings: Settings, files: FolderFiles) -> None:
    found = issued()
    HANDLERS["certificate-pdf"](settings, 1, {"certificate_id": found}, NOON)
    file = stored(found).file
    assert file is not None
    data = files.read(file.key, file.sha256)
    assert data.startswith(b"%PDF-1.7")
    assert b"/ETSI.CAdES.detached" in data


class Paper:
    """A drawn certificate, as other programs read it."""

    def __init__(self, path: Path, data: bytes) -> None:
        self.path = path
        path.write_bytes(data)

    def run(self, *command: str) -> str:
        return subprocess.run(command, capture_output=True, check=True, timeout=300).stdout.decode()

    @property
    def info(self) -> dict[str, str]:
        lines = (line.split(":", 1) for line in self.run("pdfinfo", str(self.path)).splitlines())
        return {name: value.strip() for name, value in lines}

    @property
    def text(self) -> str:
        return " ".join(self.run("pdftotext", str(self.path), "-").split())

    @property
    def scanned(self) -> str:
        picture = self.path.with_suffix("")
        self.run("pdftoppm", "-r", "150", "-png", "-singlefile", str(self.path), str(picture))
        return self.run("zbarimg", "--quiet", "--raw", f"{picture}.png").strip()


def drawn(settings: Settings, tmp_path: Path, **values: Any) -> Paper:
    """Draw a certificate for real."""
    document = certificate_page.document(stored(issued(**values)), settings)
    return Paper(tmp_path / "certificate.pdf", WeasyPrintDrawer().draw(document))


def test_the_paper_says_everything_once_in_a_sensible_order(settings: Settings, tmp_path: Path) -> None:
    facts = {"minutes": 450, "competencies": ["Asks", "Hears"], "organisation_name": "Leeds Volunteers"}
    paper = drawn(settings, tmp_path, instructed_by="Ines Marques", issuer_name="The County", **facts)
    order = [
        *("The County", "CERTIFICATE", "This certifies that", "Amina Yusuf", "has completed"),
        *("First aid for mental health: small", "with Leeds Volunteers", "and is certified as", "Small first aider"),
        "Skills shown: Asks ; Hears",
        *("Completed on 21 November 2026", "Issued on 21 November 2026", "Valid until 21 November 2029"),
        *("Time of training 7.5 hours", "Instructor Ines Marques"),
        *("Number 7KQ2-M9XB-T4HF-0RWA", "Check this certificate", "learn.example.org/v/ 7KQ2-M9XB-T4HF-0RWA"),
    ]
    spoken = " ".join(re.findall(r'"([^"]*)"', paper.run("pdfinfo", "-struct-text", str(paper.path))))
    places = [" ".join(spoken.split()).find(part) for part in order]
    assert -1 not in places, spoken
    assert places == sorted(places)
    assert "Independent; not affiliated with or licensed by MHFA International or any national provider." in paper.text


def test_the_paper_is_tagged_one_a4_page_with_title_and_language(settings: Settings, tmp_path: Path) -> None:
    info = drawn(settings, tmp_path).info
    assert info["Title"] == "Certificate: Amina Yusuf, Small first aider"
    assert (info["Tagged"], info["Pages"], info["Page size"]) == ("yes", "1", "841.89 x 595.276 pts (A4)")
    assert info["Author"] == "An organisation"


def test_a_camera_finds_the_address(settings: Settings, tmp_path: Path) -> None:
    assert drawn(settings, tmp_path).scanned == f"https://learn.example.org/v/{CODE}"


NAMES = {
    "long": "Maria-Magdalena Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh y Fernández de Córdoba Álvarez",
    "longest": " ".join(["Wolfeschlegelstein"] * 10),
    "one word": "W" * 90,
    "arabic": "أمينة يوسف الحسيني",
    "cjk": "山田 花子",
    "120 letters in one word": "W" * 120,
    "120 wide letters": "字" * 120,
    "marks on every letter": "n\u0302\u0303" * 40,
    "no spaces": ("தமிழ்ச்செல்வி" * 10)[:120],
    "markup": "<b>Bold</b> & <img src='file:///etc/passwd'>",
}


@pytest.mark.parametrize(
    ("name", "size"), [*((name, PaperSize.A4) for name in NAMES.values()), (NAMES["one word"], PaperSize.LETTER)]
)
def test_any_name_fits_on_the_page_and_can_still_be_scanned(
    settings: Settings, tmp_path: Path, name: str, size: PaperSize
) -> None:
    paper = drawn(
        settings,
        tmp_path,
        name=name,
        type_name="First aider for mental health in schools, colleges and every other place where people learn",
        organisation_name="The Department for Community Learning of the United School Districts of the North",
        issuer_name="The Office for Public Health and Community Learning of the County of North and East Riding",
        course_title="First aid for mental health: " + "a title that goes on and on " * 5,
        starts_on=date(2026, 12, 10),
        paper=size,
        minutes=755,
        instructed_by="W" * 120,
        competencies=[f"Something that people can do, in more words than needed, {number}" for number in range(1, 13)],
    )
    assert (paper.info["Pages"], size.value in paper.info["Page size"].lower()) == ("1", True)
    assert paper.scanned == f"https://learn.example.org/v/{CODE}"
    fonts = paper.run("pdffonts", str(paper.path)).splitlines()[2:]
    assert fonts
    assert all(line.split()[-5] == "yes" for line in fonts), "a font is not embedded"
    boxes = re.findall(
        r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">([^<]*)',
        paper.run("pdftotext", "-bbox", str(paper.path), "-"),
    )
    edge = float(paper.info["Page size"].split()[0]) - 40
    assert max(float(box[2]) for box in boxes) < edge, "something runs out of the frame"
    skills = max(float(box[3]) for box in boxes if box[4] == "12")
    assert skills < min(float(box[1]) for box in boxes if box[4] == "Completed"), "the upper part reaches the lower"


@pytest.mark.parametrize(("script", "font"), [("arabic", "Arabic"), ("cjk", "CJK")])
def test_names_in_other_scripts_are_in_letters_not_boxes(
    settings: Settings, tmp_path: Path, script: str, font: str
) -> None:
    paper = drawn(settings, tmp_path, name=NAMES[script])
    assert font in paper.run("pdffonts", str(paper.path))


def test_names_are_kept_apart_from_the_direction_around_them(settings: Settings) -> None:
    html = certificate_page.document(stored(issued(name="<أمينة>")), settings).html
    assert '<bdi dir="rtl">&lt;أمينة&gt;</bdi>' in html


def test_a_signature_is_printed_with_words_that_say_whose_it_is(settings: Settings, tmp_path: Path) -> None:
    found = stored(issued())
    found.look = CertificateLook(
        accent=Accent.PINE,
        wording="",
        signatories=[{"name": "Ada Okafor", "title": "Head"}, {"name": "Ben", "title": ""}],
        signature_1=picture("PNG"),
    )
    data = WeasyPrintDrawer().draw(certificate_page.document(found, settings))
    assert unpacked(data).count(b"/Alt (Signature of") + data.count(b"/Alt (Signature of") == 1
    pages = Paper(tmp_path / "signed.pdf", data)
    sizes = [line.split()[3:5] for line in pages.run("pdfimages", "-list", str(pages.path)).splitlines()[2:]]
    assert sizes[0] == ["40", "20"]


def test_a_licence_replaces_the_statement(settings: Settings, tmp_path: Path) -> None:
    licensed = read_settings(
        {
            "MHFA_DATA_DIR": str(settings.data_dir),
            "MHFA_LICENCE_STATEMENT": "Licensed by the Example Council, number 12.",
        }
    )
    html = certificate_page.document(stored(issued()), licensed).html
    assert "Licensed by the Example Council, number 12." in html
    assert "Independent" not in html


def test_the_language_and_direction_are_the_certificates_own(settings: Settings) -> None:
    document = certificate_page.document(stored(issued(locale="ar-XB")), settings)
    assert '<html lang="ar-XB" dir="rtl">' in document.html
    assert b"scale(-1 1)" in document.images["ripples.svg"]
    other = certificate_page.document(stored(issued(code="0" * 16)), settings)
    assert b"scale(-1 1)" not in other.images["ripples.svg"]


def test_two_drawings_of_one_certificate_are_the_same(settings: Settings) -> None:
    document = certificate_page.document(stored(issued()), settings)
    assert WeasyPrintDrawer().draw(document) == WeasyPrintDrawer().draw(document)


@pytest.mark.parametrize(
    ("name", "country", "language"),
    [
        ("Amina", "CN", ""),
        ("山田 はなこ", "CN", "ja"),
        ("김지우", None, "ko"),
        ("欧阳 娜娜", "CN", "zh-Hans"),
        ("陳美玲", "TW", "zh-Hant"),
        ("山田 花子", "JP", "ja"),
        ("山田 花子", "DE", ""),
    ],
)
def test_letters_that_languages_draw_differently_are_in_the_holders_own(
    settings: Settings, name: str, country: str | None, language: str
) -> None:
    holder = make.member(make.organisation(country=country), name=name)
    html = certificate_page.document(stored(make.certificate(holder).id), settings).html
    assert (f' lang="{language}"><bdi>{name}' in html) is bool(language)


def test_a_worker_without_the_font_says_what_to_install_and_draws_later(
    settings: Settings, files: FolderFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, drawer = issued("Amina አማኑኤል"), RecordingDrawer()
    with monkeypatch.context() as patch:
        patch.setattr(names, "_fonts", lambda: str.isascii)
        with pytest.raises(certificate_page.MissingFontError, match="fonts-noto-core"):
            draw(found, settings, files, drawer)
    assert stored(found).file_id is None
    draw(found, settings, files, drawer)
    assert stored(found).file_id is not None
