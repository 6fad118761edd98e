"""Signing keys: one winner of any race, none ever lost, and no other account on the machine may read them."""

import json
import multiprocessing
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from mhfa_lms.adapters import key_making, keys
from mhfa_lms.adapters.keys import KeyKind, open_keys

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def test_a_key_is_made_when_it_is_first_needed_and_stays(tmp_path: Path) -> None:
    found = open_keys(tmp_path / "keys", name="Alder District")
    assert found.all(KeyKind.DOCUMENT) == ()
    first = found.current(KeyKind.DOCUMENT)
    assert open_keys(tmp_path / "keys").current(KeyKind.DOCUMENT) == first
    assert re.fullmatch(r"document-\d{4}-\d\d-\d\d-[0-9a-f]{8}", first.id)
    assert found.all(KeyKind.BADGE) == ()
    assert first.retired_at is None


def test_the_certificate_is_for_signing_documents_under_the_name_of_the_signer(tmp_path: Path) -> None:
    key = open_keys(tmp_path / "keys", name="Alder\nDistrict " + "x" * 80).current(KeyKind.DOCUMENT)
    certificate = key.certificate
    assert certificate is not None
    assert isinstance(key.private_key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.private_key.curve, ec.SECP256R1)
    name = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
    assert str(name).startswith("Alder District x")
    assert key.id in certificate.subject.rfc4514_string()
    certificate.verify_directly_issued_by(certificate)
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.content_commitment, usage.key_cert_sign) == (True, True, False)
    assert certificate.not_valid_after_utc > NOW + timedelta(days=365 * 30)
    assert certificate.not_valid_before_utc < key.made_at


def test_a_badge_key_is_ed25519_with_a_multikey(tmp_path: Path) -> None:
    key = open_keys(tmp_path / "keys").current(KeyKind.BADGE)
    assert isinstance(key.private_key, ed25519.Ed25519PrivateKey)
    assert (key.certificate, key.certificate_pem) == (None, "")
    # Every Ed25519 Multikey begins so.
    assert re.fullmatch(r"z6Mk[1-9A-HJ-NP-Za-km-z]{44}", key.multikey)


def test_base58_is_that_of_the_draft() -> None:
    """The vectors of draft-msporny-base58."""
    assert key_making.base58(b"Hello World!") == "2NEpo7TZRRrLZSi2U"
    assert key_making.base58(bytes.fromhex("0000287fb4cd")) == "11233QC4"


def test_rotation_keeps_the_earlier_ones(tmp_path: Path) -> None:
    found = open_keys(tmp_path / "keys")
    first = found.current(KeyKind.DOCUMENT)
    later = first.made_at + timedelta(days=400)
    second = found.rotate(KeyKind.DOCUMENT, now=later)
    assert found.current(KeyKind.DOCUMENT) == second
    newest, oldest = found.all(KeyKind.DOCUMENT)
    assert (newest.id, oldest.id, oldest.retired_at) == (second.id, first.id, later)
    assert keys.public_text((newest, oldest)).count("BEGIN CERTIFICATE") == 2
    loaded = x509.load_pem_x509_certificates(keys.public_text((newest, oldest)).encode())
    assert loaded == [newest.certificate, oldest.certificate]


def test_only_the_owner_may_read_them(tmp_path: Path) -> None:
    found = open_keys(tmp_path / "keys")
    found.make_first()
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    files = list((tmp_path / "keys").iterdir())
    assert sorted(path.name for path in files) == ["badge-000001.json", "document-000001.json"]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert not found.open_to_others
    files[0].chmod(0o640)
    assert found.open_to_others


def _make(folder: str, told: Any) -> None:
    found = open_keys(Path(folder))
    told.put([found.current(kind).id for kind in KeyKind])


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    told = context.Queue()
    processes = [context.Process(target=_make, args=(str(tmp_path / "keys"), told)) for _each in range(6)]
    for process in processes:
        process.start()
    found = [told.get(timeout=120) for _each in processes]
    for process in processes:
        process.join()
    assert len({tuple(one) for one in found}) == 1
    assert len(list((tmp_path / "keys").iterdir())) == 2


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"id": 7}', "\ud800".encode("utf-8", "surrogatepass")])
def test_a_damaged_key_is_named(tmp_path: Path, text: str | bytes) -> None:
    found = open_keys(tmp_path / "keys")
    found.make_first()
    path = tmp_path / "keys" / "document-000001.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(keys.KeysDamagedError, match=r"document-000001\.json"):
        found.current(KeyKind.DOCUMENT)
    assert found.current(KeyKind.BADGE).kind is KeyKind.BADGE


def test_a_key_of_the_other_kind_is_damaged(tmp_path: Path) -> None:
    found = open_keys(tmp_path / "keys")
    found.make_first()
    document, badge = (json.loads(text) for text in found.stored())
    for wrong in (
        document | {"kind": "badge"},
        document | {"private_key": badge["private_key"]},
        document | {"certificate": ""},
        document | {"id": "../etc"},
        document | {"made_at": "2026-11-21T09:00:00"},
    ):
        with pytest.raises(keys.KeysDamagedError):
            keys.check_stored([json.dumps(wrong)])


def test_brought_back_keys_are_in_use_and_nothing_that_is_here_is_lost(tmp_path: Path) -> None:
    old, new = open_keys(tmp_path / "old"), open_keys(tmp_path / "new")
    old.make_first()
    old.rotate(KeyKind.DOCUMENT, now=NOW)
    wanted = [key.id for key in old.all(KeyKind.DOCUMENT)]
    new.make_first()
    here = new.current(KeyKind.DOCUMENT).id
    for _again in range(2):
        new.bring_back(old.stored())
        assert [key.id for key in new.all(KeyKind.DOCUMENT)] == [*wanted, here]
    assert all(key.retired_at and key.retired_at >= key.made_at for key in new.all(KeyKind.DOCUMENT)[1:])
    count = len(list((tmp_path / "new").iterdir()))
    # Over the installation itself nothing changes.
    old.bring_back(old.stored())
    assert [key.id for key in old.all(KeyKind.DOCUMENT)] == wanted
    assert len(list((tmp_path / "old").iterdir())) == 3
    # A key rotated since the backup stays, and the one of the backup is in use again.
    since = new.rotate(KeyKind.DOCUMENT, now=NOW + timedelta(days=1)).id
    new.bring_back(old.stored())
    assert [key.id for key in new.all(KeyKind.DOCUMENT)][:2] == [wanted[0], since]
    assert len(list((tmp_path / "new").iterdir())) == count + 2
