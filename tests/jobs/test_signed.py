"""A certificate as the worker hands it out: what programs that are not ours say of the signed file, badge and all."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from mhfa_lms import db
from mhfa_lms.adapters import pdf_check
from mhfa_lms.adapters.files import FolderFiles
from mhfa_lms.adapters.keys import KeyKind, open_keys, public_text
from mhfa_lms.adapters.pdf_check import Verdict
from mhfa_lms.jobs.drawing import KIND
from mhfa_lms.jobs.handlers import HANDLERS
from mhfa_lms.models import Certificate
from mhfa_lms.services import badges
from mhfa_lms.settings import Settings, read_settings
from tests import make
from tests.make import NOON

CODE, LATER = "7KQ2M9XBT4HF0RWA", "0123456789ABCDEF"
BASE = "https://learn.example.org"


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    """An installation with an https address, so that badges are made."""
    return read_settings(
        {
            "MHFA_DATA_DIR": str(tmp_path / "data"),
            "MHFA_DATABASE_URL": database,
            "MHFA_BASE_URL": BASE,
            "MHFA_ISSUER_NAME": "Alder District",
            "MHFA_SECRET_KEY": "a-test-key-that-is-long-enough",
        }
    )


def handed_out(settings: Settings, folder: Path, certificate_id: int) -> Path:
    """Let the worker make a certificate; where a copy of its file lies."""
    HANDLERS[KIND](settings, 1, {"certificate_id": certificate_id}, NOON)
    file = db.session().get_one(Certificate, certificate_id).file
    assert file is not None
    path = folder / f"{certificate_id}.pdf"
    path.write_bytes(FolderFiles(settings.data_dir / "files").read(file.key, file.sha256))
    db.session().rollback()
    return path


def says(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, check=True, timeout=300).stdout.decode(errors="replace")


def test_every_judge_accepts_what_the_worker_hands_out(settings: Settings, tmp_path: Path) -> None:
    certificate = make.certificate(make.member(name="Amina أمينة Yusuf"), code=CODE)
    path = handed_out(settings, tmp_path, certificate.id)
    told = says("pdfsig", path)
    assert told.count("Signature #") == 1
    assert "Signature is Valid" in told
    assert "Total document signed" in told
    assert "Signer Certificate Common Name: Alder District" in told
    assert "No syntax or stream encoding errors found" in says("qpdf", "--check", path)
    info = says("pdfinfo", path)
    assert re.search(r"^Title:\s+Certificate: Amina أمينة Yusuf, Small first aider$", info, re.MULTILINE)
    assert re.search(r"^Tagged:\s+yes$", info, re.MULTILINE)
    assert 'pdfuaid:part="1"' in says("pdfinfo", "-meta", path)
    assert "/Lang (en)" in says("qpdf", "--qdf", "--object-streams=disable", path, "-")
    spoken = " ".join(says("pdfinfo", "-struct-text", path).split())
    assert "H1" in spoken
    assert "Amina" in spoken
    says("pdftoppm", "-r", "150", "-png", "-singlefile", path, tmp_path / "picture")
    assert says("zbarimg", "--quiet", "--raw", tmp_path / "picture.png").strip() == f"{BASE}/v/{CODE}"
    # The badge comes out byte for byte as it is kept and shown online.
    says("pdfdetach", "-savefile", "credential.json", "-o", tmp_path / "badge.json", path)
    badge = (tmp_path / "badge.json").read_bytes()
    kept = badges.made_for(db.session().get_one(Certificate, certificate.id))
    assert kept is not None
    assert badge == kept.encode()
    assert json.loads(badge)["proof"]


def test_ours_says_the_same_with_nothing_but_the_key_also_after_a_rotation(settings: Settings, tmp_path: Path) -> None:
    keys = open_keys(settings.keys_dir, name="Alder District")
    first = make.certificate(make.member(name="Amina Yusuf"), code=CODE)
    second = make.certificate(make.member(name="Bo Lind"), code=LATER)
    older = handed_out(settings, tmp_path, first.id)
    signed_by = keys.current(KeyKind.DOCUMENT).id
    newest = keys.rotate(KeyKind.DOCUMENT, now=NOON).id
    newer = handed_out(settings, tmp_path, second.id)
    public = tmp_path / "public.pem"
    public.write_text(public_text(keys.all(KeyKind.DOCUMENT)))
    trusted = pdf_check.trusted_keys(public)
    for path, key, code, name in ((older, signed_by, CODE, "Amina Yusuf"), (newer, newest, LATER, "Bo Lind")):
        found = pdf_check.check(path, trusted)
        assert (found.verdict, found.whole, found.key, found.signed_by) == (
            Verdict.GENUINE,
            True,
            key,
            "Alder District",
        )
        assert (found.says["holder"], found.says["address"]) == (name, f"{BASE}/v/{code}")
        assert found.badge is not None
        assert (found.badge["holder"], found.badge["address"]) == (name, f"{BASE}/credentials/{code}")
        assert found.badge["expires"] == f"{found.says['expires']}T23:59:59Z"
    data = bytearray(newer.read_bytes())
    data[len(data) // 3] ^= 1
    newer.write_bytes(data)
    assert pdf_check.check(newer, trusted).verdict is Verdict.ALTERED
    assert "Signature is Valid" not in says("pdfsig", newer)
    older.write_bytes(older.read_bytes() + b"\n% more\n")
    assert pdf_check.check(older, trusted).verdict is Verdict.ALTERED
    assert "Total document signed" not in says("pdfsig", older)
