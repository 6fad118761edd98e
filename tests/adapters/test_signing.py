"""Signing: the whole file, certified as final, without breaking what the drawing declares; and none of it in a web
process."""

import asyncio
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mhfa_lms.adapters.keys import KeyKind, KeysDamagedError, open_keys
from mhfa_lms.adapters.pdf import Attached, Document, WeasyPrintDrawer
from mhfa_lms.adapters.signing import KeySigner
from tests.adapters.test_pdf import page, tool, unpacked

AT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
FACTS = {"CertificateHolder": "Amina أمينة", "CertificateNumber": "7KQ2-M9XB-T4HF-0RWA"}
BADGE = '{"name": "Amina أمينة"}'.encode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("signing")


@pytest.fixture(scope="module")
def signer(folder: Path) -> KeySigner:
    return KeySigner(
        open_keys(folder / "keys", name="Alder District"), name="Alder District", location="https://learn.example.org"
    )


@pytest.fixture(scope="module")
def drawn() -> bytes:
    attached = Attached("credential.json", BADGE, "Open Badge", AT)
    return WeasyPrintDrawer().draw(Document(page("<h1>Heading</h1><p>Words</p>"), "", {}, b"id", FACTS, (attached,)))


@pytest.fixture(scope="module")
def signed(signer: KeySigner, drawn: bytes) -> bytes:
    return signer.sign(drawn, AT)


def test_an_outside_judge_finds_it_valid_and_the_whole_of_it_signed(signed: bytes, tmp_path: Path) -> None:
    told = tool("pdfsig", data=signed, folder=tmp_path)
    assert "Signature is Valid" in told
    assert "Total document signed" in told
    assert "Signer Certificate Common Name: Alder District" in told
    assert "Signing Hash Algorithm: SHA-256" in told
    assert "Signature Type: ETSI.CAdES.detached" in told
    # The judge understands what the certificate is for: only that nobody told it to trust this one is missing.
    assert "Certificate issuer is unknown" in told


def test_what_was_drawn_is_in_it_byte_for_byte(drawn: bytes, signed: bytes) -> None:
    assert signed.startswith(drawn)


def test_it_still_declares_pdf_ua_and_its_version(signed: bytes, tmp_path: Path) -> None:
    tool("qpdf", "--check", data=signed, folder=tmp_path)
    info = tool("pdfinfo", "-custom", data=signed, folder=tmp_path)
    assert re.search(r"CertificateHolder:\s*Amina أمينة$", info, re.MULTILINE)
    assert re.search(r"^PDF version:\s+1\.7$", tool("pdfinfo", data=signed, folder=tmp_path), re.MULTILINE)
    assert 'pdfuaid:part="1"' in tool("pdfinfo", "-meta", data=signed, folder=tmp_path)
    assert "H1" in tool("pdfinfo", "-struct-text", data=signed, folder=tmp_path)
    added = unpacked(signed) + signed
    assert b"/ISO_" not in added
    # Out of the page, so that no reader has to describe it; level 1 of DocMDP is "no changes".
    assert re.search(rb"/Rect\s*\[\s*-9999", added)
    assert re.search(rb"/DocMDP", added)
    assert re.search(rb"/P\s+1\b", added)


def test_the_badge_comes_out_as_it_went_in(signed: bytes, tmp_path: Path) -> None:
    (tmp_path / "it.pdf").write_bytes(signed)
    subprocess.run(
        ["pdfdetach", "-save", "1", "-o", tmp_path / "out.json", tmp_path / "it.pdf"], check=True, capture_output=True
    )
    assert (tmp_path / "out.json").read_bytes() == BADGE


@pytest.mark.parametrize("change", ["byte", "appended"])
def test_a_changed_file_is_refused(signed: bytes, tmp_path: Path, change: str) -> None:
    data = bytearray(signed)
    if change == "byte":
        data[len(data) // 4] ^= 1
    else:
        data += b"\n%a line more\n"
    told = tool("pdfsig", data=bytes(data), folder=tmp_path)
    assert "Signature is Valid" not in told or "Total document signed" not in told


def test_it_signs_where_an_event_loop_runs_already(signer: KeySigner, drawn: bytes, tmp_path: Path) -> None:
    async def inside() -> bytes:
        return signer.sign(drawn, AT)

    assert "Signature is Valid" in tool("pdfsig", data=asyncio.run(inside()), folder=tmp_path)


def test_after_a_rotation_the_new_key_signs(drawn: bytes, tmp_path: Path) -> None:
    keys = open_keys(tmp_path / "keys", name="Alder District")
    signer = KeySigner(keys, name="Alder District", location="")
    for _each in range(2):
        key = keys.rotate(KeyKind.DOCUMENT, now=AT)
        assert key.id in tool("pdfsig", data=signer.sign(drawn, AT), folder=tmp_path)


def test_a_damaged_key_signs_nothing(signer: KeySigner, drawn: bytes, tmp_path: Path) -> None:
    keys = open_keys(tmp_path / "keys")
    keys.make_first()
    (tmp_path / "keys" / "document-000001.json").write_text("{}")
    with pytest.raises(KeysDamagedError):
        KeySigner(keys, name="", location="").sign(drawn, AT)


def test_web_processes_load_nothing_of_it() -> None:
    code = (
        "import sys; from mhfa_lms import app, server; from mhfa_lms.jobs import handlers; "
        "print([name for name in sys.modules if name.split('.')[0] in"
        " {'pyhanko', 'pyhanko_certvalidator', 'asn1crypto', 'weasyprint', 'pikepdf', 'pyld', 'openpyxl', 'xlsxwriter',"
        " 'icalendar', 'PIL'}])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300)
    assert told.stdout.strip() == "[]"
