"""Outside judges: what programs that are not ours say of the certificates and the mails."""

import email
import email.policy
import re
import subprocess
import unicodedata
from datetime import UTC, date, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter

from mhfa_lms.adapters.pdf import WeasyPrintDrawer
from mhfa_lms.app import create_app
from mhfa_lms.jobs import certificate_page
from mhfa_lms.jobs.letters import Letter, compose
from mhfa_lms.models import Certificate
from mhfa_lms.services import names
from mhfa_lms.settings import Settings, read_settings
from tests import hostile, markup
from tests.jobs.test_letters import FACTS, LOCALES

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
CODE = "7KQ2M9XBT4HF0RWA"
BASE = "https://learn.example.org"
LINK = re.compile(rf"{BASE}(/[^\s<>\"]*)")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("judged")
    return read_settings({"MHFA_DATA_DIR": str(folder), "MHFA_BASE_URL": BASE, "MHFA_SECRET_KEY": "k" * 20})


@pytest.fixture(scope="module")
def routes(settings: Settings) -> MapAdapter:
    return create_app(settings).url_map.bind("learn.example.org", url_scheme="https")


def certificate(name: str, **values: Any) -> Certificate:
    day = date(2026, 11, 21)
    facts = {
        "type_name": "Small first aider",
        "course_title": "A small course",
        "organisation_name": "An organisation",
        "issuer_name": "An organisation",
        "locale": "en",
        **values,
    }
    return Certificate(
        code=CODE, name=name, completed_on=day, starts_on=day, issued_on=day, issued_at=NOW,
        expires_on=date(2029, 11, 21), **facts,
    )  # fmt: skip


def drawn(settings: Settings, folder: Path, name: str, **values: Any) -> Path:
    path = folder / "certificate.pdf"
    path.write_bytes(WeasyPrintDrawer().draw(certificate_page.document(certificate(name, **values), settings)))
    return path


def says(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, check=True, timeout=300).stdout.decode(errors="replace")


@pytest.mark.parametrize("locale", ["en", "ar-XB"])
def test_the_pdf_is_whole_tagged_titled_in_its_language_with_its_fonts_inside(
    settings: Settings, tmp_path: Path, locale: str
) -> None:
    path = drawn(settings, tmp_path, "Amina أمينة 山田", locale=locale)
    assert "No syntax or stream encoding errors found" in says("qpdf", "--check", path)
    assert re.search(r"^Tagged:\s+yes$", says("pdfinfo", path), re.MULTILINE)
    assert f"/Lang ({locale})" in says("qpdf", "--qdf", "--object-streams=disable", path, "-")
    fonts = says("pdffonts", path).splitlines()[2:]
    # Embedded and a subset of its font; and a way back from its shapes to letters.
    assert fonts
    assert all(font.split()[-5:-2] == ["yes", "yes", "yes"] for font in fonts), fonts


def has_boxes(path: Path) -> list[str]:
    """Return the fonts that were asked for a letter they do not have: WeasyPrint gives those an encoding of its own."""
    return [font for font in says("pdffonts", path).splitlines()[2:] if font.split()[-6] != "Identity-H"]


def test_a_letter_that_no_font_has_would_be_noticed(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As on a machine that cannot say which letters its fonts have: nothing is refused before.
    monkeypatch.setattr(names, "_fonts", lambda: None)
    assert has_boxes(drawn(settings, tmp_path, "Amina \U0001fbff"))


def letters(text: str) -> set[str]:
    """Return the letters of a text, however a font may have joined or a reader split them."""
    return {one for one in unicodedata.normalize("NFKD", text).casefold() if one.isalnum()}


@pytest.mark.parametrize("name", hostile.NAMES.values(), ids=hostile.NAMES)
def test_any_name_that_is_taken_stands_on_the_paper_in_letters(settings: Settings, tmp_path: Path, name: str) -> None:
    path = drawn(settings, tmp_path, name)
    text = says("pdftotext", path, "-")
    assert letters(name) <= letters(text)
    if name.isascii():
        # Without what stands between letters: a reader may take a dash at a line's end for a hyphen.
        assert re.sub(r"\W", "", name) in re.sub(r"\W", "", text)
    assert has_boxes(path) == []
    assert says("pdfinfo", path).count("Pages:           1") == 1


def parsed(letter: Letter, settings: Settings) -> EmailMessage:
    """Return a mail as its reader's program reads it, with everything strict."""
    sent = compose(letter, settings, now=NOW).as_bytes()
    assert max(map(len, sent.splitlines())) <= 998
    found = email.message_from_bytes(sent, policy=email.policy.strict)
    assert isinstance(found, EmailMessage)
    return found


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", FACTS)
def test_every_mail_is_sound(kind: str, locale: str, settings: Settings, routes: MapAdapter) -> None:
    mail = parsed(Letter(kind, "amina@example.org", locale, FACTS[kind], "<id@outbox.invalid>"), settings)
    words = ["multipart/alternative", "text/plain", "text/html"]
    whole = ["multipart/mixed", *words, "text/calendar"] if "event" in FACTS[kind] else words
    assert [part.get_content_type() for part in mail.walk()] == whole
    text, html = (part.get_content() for part in mail.walk() if part.get_content_type() in {"text/plain", "text/html"})
    assert all(not one.defects for one in mail.walk())
    assert str(mail["Subject"]).strip() == str(mail["Subject"])
    assert "=?" not in str(mail["Subject"])
    assert mail["Auto-Submitted"] == "auto-generated"
    assert ("List-Unsubscribe" in mail) == (kind in {"reminder", "coordinator-digest"})
    assert markup.problems(html, whole=False) == []
    for path in {*LINK.findall(text), *LINK.findall(html)}:
        try:
            routes.match(path.split("#")[0].split("?")[0], method="GET")
        except HTTPException as error:  # a page that is not there, or one that cannot be read
            raise AssertionError(f"{kind}: {path} leads nowhere") from error


@pytest.mark.parametrize("kind", FACTS)
def test_no_fact_reaches_a_header_or_becomes_markup(kind: str, settings: Settings) -> None:
    for nasty in (*hostile.EVERYTHING.values(), *hostile.CLEANED.values()):
        words = {
            name: nasty
            if isinstance(value, str) and not name.endswith(("_on", "path")) and name != "audience"
            else value
            for name, value in FACTS[kind].items()
        }
        mail = parsed(Letter(kind, "amina@example.org", "en", words, "<id@outbox.invalid>"), settings)
        assert mail["To"] == "amina@example.org"
        assert mail["Bcc"] is None
        assert len(mail.get_all("Subject", [])) == 1
        html = next(part.get_content() for part in mail.walk() if part.get_content_type() == "text/html")
        tree, _errors = markup.parsed(html)
        assert not {"x-hostile", "script"} & {str(one.tag) for one in tree.iter()}
        assert not any(str(name).startswith("on") for one in tree.iter() for name in one.attrib)
