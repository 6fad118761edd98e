"""`certificates verify FILE --trust KEYS`: genuine files, and every way in which one is not; with no installation."""

import io
import json
import os
import re
import subprocess
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from click.testing import CliRunner, Result
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.signers import PdfSignatureMetadata, sign_pdf

from mhfa_lms.adapters import pdf_check, pdf_check_engine, signing_engine
from mhfa_lms.adapters.keys import KeyKind, Keys, open_keys, public_text
from mhfa_lms.adapters.pdf import Attached, Document, WeasyPrintDrawer
from mhfa_lms.adapters.signing import KeySigner
from mhfa_lms.cli import cli
from tests.adapters.test_pdf import page

AT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
ADDRESS = "https://learn.example.org/v/7KQ2M9XBT4HF0RWA"
FACTS = {
    "CertificateNumber": "7KQ2-M9XB-T4HF-0RWA",
    "CertificateHolder": "Amina \x1b[31m\u202eYusuf",
    "CertificateExpires": "2029-11-21",
    "CertificateAddress": ADDRESS,
}
BADGE = {
    "id": "https://learn.example.org/credentials/7KQ2M9XBT4HF0RWA",
    "issuer": {"id": "did:web:learn.example.org"},
    "validFrom": "2026-11-21T00:00:00Z",
    "validUntil": "2029-11-21T23:59:59Z",
    "credentialSubject": {
        "identifier": [{"hashed": False, "identityHash": "Amina Yusuf"}],
        "achievement": {"name": "Small first aider"},
    },
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("checking")


@pytest.fixture(scope="module")
def keys(folder: Path) -> Keys:
    return open_keys(folder / "keys", name="Alder District")


@pytest.fixture(scope="module")
def signer(keys: Keys) -> KeySigner:
    return KeySigner(keys, name="Alder District", location="https://learn.example.org")


@pytest.fixture(scope="module")
def drawn() -> bytes:
    attached = Attached("credential.json", json.dumps(BADGE).encode(), "Open Badge", AT)
    return WeasyPrintDrawer().draw(Document(page("<p>Words</p>"), "", {}, b"id", FACTS, (attached,)))


@pytest.fixture(scope="module")
def signed(signer: KeySigner, drawn: bytes) -> bytes:
    return signer.sign(drawn, AT)


@pytest.fixture(scope="module")
def trust(keys: Keys, signed: bytes, folder: Path) -> Path:  # the key is there once it has signed
    path = folder / "trusted.pem"
    path.write_text(public_text(keys.all(KeyKind.DOCUMENT)))
    return path


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No installation: whoever checks has none."""
    monkeypatch.setenv("MHFA_DATA_DIR", str(tmp_path / "none"))
    monkeypatch.setenv("MHFA_DATABASE_URL", "no database at all")


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, ["certificates", "verify", *map(str, words)], catch_exceptions=False)


def verdict(data: bytes, trust: Path, folder: Path) -> tuple[int, str]:
    """Return the exit code and the verdict of the whole command on a file."""
    path = folder / "it.pdf"
    path.write_bytes(data)
    told = run(path, "--trust", trust, "--json")
    return told.exit_code, str(json.loads(told.stdout)["verdict"])


def test_a_genuine_file_is_told_in_words(signed: bytes, trust: Path, keys: Keys, tmp_path: Path) -> None:
    path = tmp_path / "certificate.pdf"
    path.write_bytes(signed)
    told = run(path, "--trust", trust)
    assert told.exit_code == 0
    assert told.stdout.startswith("Genuine: unaltered")
    for word in ("Alder District", keys.current(KeyKind.DOCUMENT).id, "7KQ2-M9XB-T4HF-0RWA", "2029-11-21"):
        assert word in told.stdout
    assert "Badge:        Amina Yusuf, Small first aider, 2026-11-21T00:00:00Z to 2029-11-21T23:59:59Z" in told.stdout
    assert told.stdout.strip().endswith(f"only the site can tell: {ADDRESS}")
    # What a file says cannot colour or turn round what the terminal shows.
    assert "\x1b" not in told.stdout
    assert "\u202e" not in told.stdout
    data = json.loads(run(path, "--trust", trust, "--json").stdout)
    assert (data["genuine"], data["whole"], data["ask"]) == (True, True, ADDRESS)
    assert not (tmp_path / "none").exists()


def test_a_public_key_is_trusted_as_well_and_rotated_ones_go_on(
    drawn: bytes, keys: Keys, signed: bytes, tmp_path: Path
) -> None:
    newer = open_keys(tmp_path / "keys", name="Alder District")
    newer.bring_back(keys.stored())
    newer.rotate(KeyKind.DOCUMENT, now=AT)
    later = KeySigner(newer, name="Alder District", location="").sign(drawn, AT)
    both = tmp_path / "both.pem"
    both.write_text(public_text(newer.all(KeyKind.DOCUMENT)))
    assert [verdict(one, both, tmp_path) for one in (signed, later)] == [(0, "genuine")] * 2
    (tmp_path / "old.pem").write_text(keys.current(KeyKind.DOCUMENT).certificate_pem)
    bare = tmp_path / "bare.pem"
    subprocess.run(
        ["openssl", "x509", "-in", tmp_path / "old.pem", "-pubkey", "-noout", "-out", bare], check=True, timeout=300
    )
    assert b"PUBLIC KEY" in bare.read_bytes()
    assert [verdict(one, bare, tmp_path)[1] for one in (signed, later)] == ["genuine", "untrusted"]


def test_another_key_under_the_same_name_is_not_trusted(drawn: bytes, trust: Path, tmp_path: Path) -> None:
    forger = KeySigner(open_keys(tmp_path / "keys", name="Alder District"), name="Alder District", location="")
    path = tmp_path / "forged.pdf"
    path.write_bytes(forger.sign(drawn, AT))
    told = run(path, "--trust", trust)
    assert told.exit_code == 1
    assert told.stdout.startswith("NOT PROVED: signed by a key that is not among those you trust")
    assert "It says, without proof:" in told.stdout
    assert "only the site can tell" not in told.stdout


def changed(signed: bytes, drawn: bytes) -> dict[str, tuple[bytes, str]]:
    """Return ways in which a file is no longer what was signed, with what is to be said of it."""
    writer = IncrementalPdfFileWriter(io.BytesIO(signed))
    writer.root["/Lang"] = writer.root["/Lang"].__class__("xx")
    writer.update_root()  # type: ignore[no-untyped-call]  # pyHanko has no types here
    update = io.BytesIO()
    writer.write(update)  # type: ignore[no-untyped-call]  # as above
    middle = bytearray(signed)
    middle[len(drawn) // 2] ^= 1
    contents = signed.rindex(b"00000000>")
    padding = bytearray(signed)
    padding[contents] = ord("1")
    encrypted = io.BytesIO()
    with pikepdf.open(io.BytesIO(drawn)) as book:
        book.save(encrypted, encryption=pikepdf.Encryption(owner="o", user=""))
    return {
        "a byte": (bytes(middle), "altered"),
        "appended": (signed + b"\n% one more line\n", "altered"),
        "appended garbage": (signed + os.urandom(3000), "altered"),
        "an update after signing": (update.getvalue(), "altered"),
        "hidden behind the signature": (bytes(padding), "altered"),
        "cut off": (signed[: len(signed) - 200], "altered"),
        "cut in the middle": (signed[: len(drawn) // 2], "unreadable"),
        "never signed": (drawn, "unsigned"),
        "encrypted": (encrypted.getvalue(), "encrypted"),
        "a picture": (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "not-a-pdf"),
        "empty": (b"", "not-a-pdf"),
        "garbage": (b"%PDF-1.7\n" + os.urandom(5000), "unreadable"),
        "only a beginning": (b"%PDF-1.7\n", "unreadable"),
        "nested without end": (b"%PDF-1.7\n1 0 obj\n" + b"[" * 200_000 + b"\ntrailer <</Root 1 0 R>>", "unreadable"),
    }


def test_whatever_is_not_as_it_was_signed_is_refused_in_words(
    signed: bytes, drawn: bytes, trust: Path, tmp_path: Path
) -> None:
    trusted = pdf_check.trusted_keys(trust)
    for name, (data, wanted) in changed(signed, drawn).items():
        assert pdf_check_engine.check(data, trusted)["verdict"] == wanted, name
    appended = tmp_path / "appended.pdf"
    appended.write_bytes(signed + b"\n%more\n")
    told = run(appended, "--trust", trust)
    assert told.exit_code == 1
    assert told.stdout.startswith("ALTERED")
    assert verdict(b"%PDF-1.7\n" + b"[" * 200_000, trust, tmp_path) == (1, "unreadable")


def test_every_single_byte_counts(signed: bytes, trust: Path) -> None:
    """No byte that is sampled can be changed without the verdict."""
    trusted = pdf_check.trusted_keys(trust)
    [covered] = pdf_check_engine.RANGE.finditer(signed)
    first, second = int(covered[2]), int(covered[3])
    # Between them stands the signature itself, whose own wrapping is not part of the document.
    inside = [*range(11, first, first // 30), *range(second, len(signed), (len(signed) - second) // 10)]
    for place in inside:
        data = bytearray(signed)
        data[place] ^= 1
        assert pdf_check_engine.check(bytes(data), trusted)["verdict"] != "genuine", place


def test_two_signatures_are_told(drawn: bytes, keys: Keys, trust: Path) -> None:
    key = keys.current(KeyKind.DOCUMENT)
    once = io.BytesIO()
    about = PdfSignatureMetadata(field_name="First", md_algorithm="sha256")
    sign_pdf(IncrementalPdfFileWriter(io.BytesIO(drawn)), about, signer=signing_engine._signer(key), output=once)
    twice = io.BytesIO()
    about = PdfSignatureMetadata(field_name="Second", md_algorithm="sha256")
    sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(once.getvalue())), about, signer=signing_engine._signer(key), output=twice
    )
    assert pdf_check_engine.check(twice.getvalue(), pdf_check.trusted_keys(trust))["verdict"] == "several"


def test_a_bomb_takes_no_more_than_its_share(trust: Path, tmp_path: Path) -> None:
    packed = zlib.compress(b"\0" * (900 * 1024 * 1024), 1)
    bomb = b"%%PDF-1.7\n1 0 obj\n<</Type/XRef/W[1 2 1]/Size 9/Filter/FlateDecode/Length %d>>stream\n" % len(packed)
    bomb += packed + b"\nendstream\nendobj\nstartxref\n9\n%%EOF"
    assert verdict(bomb, trust, tmp_path) == (1, "unreadable")


def test_nothing_is_run_that_lies_beside_the_file(
    signed: bytes, trust: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("json", "mhfa_lms", "pyhanko", "re"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'run')!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    assert verdict(signed, trust, tmp_path) == (0, "genuine")
    assert not (tmp_path / "run").exists()


def test_a_file_far_too_large_is_not_read(trust: Path, tmp_path: Path) -> None:
    path = tmp_path / "large.pdf"
    with path.open("wb") as file:
        file.truncate(pdf_check.LARGEST_FILE * 100)
    told = run(path, "--trust", trust)
    assert (told.exit_code, "far larger" in told.stdout) == (1, True)


@pytest.mark.parametrize("text", ["", "no key", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_keys_that_are_none_are_told(text: str, tmp_path: Path) -> None:
    (tmp_path / "keys.pem").write_text(text)
    (tmp_path / "it.pdf").write_bytes(b"%PDF-1.7")
    told = run(tmp_path / "it.pdf", "--trust", tmp_path / "keys.pem")
    assert told.exit_code == 1
    assert "holds no certificate and no public key" in told.stderr


def test_without_keys_it_says_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "it.pdf").write_bytes(b"%PDF-1.7")
    told = run(tmp_path / "it.pdf")
    assert told.exit_code == 2
    assert "/keys/documents.pem" in re.sub(r"\s+", " ", told.stderr)
    missing: Any = run(tmp_path / "not-there.pdf", "--trust", tmp_path / "it.pdf")
    assert missing.exit_code == 1
