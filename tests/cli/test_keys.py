"""`mhfa-lms keys`, and the address where everybody finds the public halves."""

import json
from pathlib import Path

import pytest
from cryptography import x509
from flask.testing import FlaskClient

from mhfa_lms import db
from mhfa_lms.adapters.keys import KeyKind, open_keys
from mhfa_lms.models import AuditEvent
from mhfa_lms.settings import Settings
from tests.cli.conftest import Run

only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@only_sqlite
def test_rotating_is_told_listed_and_audited(run: Run) -> None:
    before = json.loads(run("keys", "list", "--json").stdout)
    assert [one["kind"] for one in before] == ["document", "badge"]
    first = [one.data for one in db.session().query(AuditEvent) if one.verb == "key-made"]
    assert first == [{"kind": one["kind"], "key": one["id"]} for one in before]
    told = run("keys", "rotate", "document")
    assert told.exit_code == 0
    after = json.loads(run("keys", "list", "--json").stdout)
    assert [one["kind"] for one in after] == ["document", "document", "badge"]
    assert [one["retired_at"] is None for one in after] == [True, False, True]
    assert after[1]["id"] == before[0]["id"]
    assert after[0]["id"] in told.stdout
    assert "in use" in run("keys", "list").stdout
    assert len([one for one in db.session().query(AuditEvent) if one.verb == "key-made"]) == 2
    [event] = [one for one in db.session().query(AuditEvent) if one.verb == "key-rotated"]
    assert event.data == {"kind": "document", "key": after[0]["id"], "before": before[0]["id"]}


@only_sqlite
def test_public_keys_are_written_without_the_private_halves(run: Run, tmp_path: Path) -> None:
    run("keys", "rotate", "document")
    out = tmp_path / "public.pem"
    told = run("keys", "export-public", "--out", str(out))
    assert told.exit_code == 0
    assert "z6Mk" in told.stdout
    assert len(x509.load_pem_x509_certificates(out.read_bytes())) == 2
    data = json.loads(run("keys", "export-public", "--json").stdout)
    assert [len(data["documents"]), len(data["badges"])] == [2, 1]
    plain = run("keys", "export-public").stdout
    assert "PRIVATE" not in out.read_text() + json.dumps(data) + plain
    assert out.read_text() in plain


@only_sqlite
def test_a_damaged_key_is_said_in_a_sentence(run: Run, installation: Path) -> None:
    run("keys", "list")
    (installation / "keys" / "document-000001.json").write_text("{")
    told = run("keys", "rotate", "document")
    assert told.exit_code == 1
    assert "document-000001.json is damaged" in told.stderr
    assert run("status").exit_code in {0, 1}
    assert "Cannot be read" in run("status").stdout


@only_sqlite
def test_everybody_finds_the_public_halves_at_one_address(client: FlaskClient, settings: Settings) -> None:
    assert client.get("/keys/documents.pem").status_code == 404
    keys = open_keys(settings.keys_dir, name="Alder District")
    keys.make_first()
    keys.rotate(KeyKind.DOCUMENT, now=keys.current(KeyKind.DOCUMENT).made_at)
    answer = client.get("/keys/documents.pem")
    assert [one.subject for one in x509.load_pem_x509_certificates(answer.data)] == [
        key.certificate.subject for key in keys.all(KeyKind.DOCUMENT) if key.certificate
    ]
    assert b"PRIVATE" not in answer.data
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert "Set-Cookie" not in answer.headers
    assert client.get("/keys/documents.pem", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    (settings.keys_dir / "document-000001.json").write_text("{")
    assert client.get("/keys/documents.pem").status_code == 503
