"""Badges before a judge that is not ours: a well-known library for credentials, fed with what the site answers."""

import json
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from mhfa_lms.adapters import proofs
from mhfa_lms.adapters.keys import KeyKind, open_keys
from mhfa_lms.adapters.linked_data import FILES, FOLDER
from mhfa_lms.app import create_app
from mhfa_lms.jobs.badge_making import badge_of, publish_list
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import certificates
from mhfa_lms.settings import Settings, read_settings
from tests import make
from tests.make import NOON

VERIFIER = Path(__file__).with_name("badge_verifier.mjs")
BASE = "https://learn.example.org"
Json = dict[str, Any]


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    """An installation that issues badges: it has https."""
    return read_settings(
        {
            "MHFA_DATA_DIR": str(tmp_path / "data"),
            "MHFA_DATABASE_URL": database,
            "MHFA_BASE_URL": BASE,
            "MHFA_SECRET_KEY": "a-test-key-that-is-long-enough",
        }
    )


def judged(cases: list[Json]) -> dict[str, Json]:
    """Ask the verifier about all cases at once: most of its time is its start."""
    contexts = {address: json.loads((FOLDER / name).read_text()) for address, name in FILES.items()}
    asked = json.dumps({"contexts": contexts, "cases": cases})
    done = subprocess.run(["node", VERIFIER], input=asked, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    answers: dict[str, Json] = json.loads(done.stdout)
    return answers


def site(client: FlaskClient) -> Json:
    """Return what the site answers now, by address."""
    found = {}
    for address, name in [("/.well-known/did.json", "did:web:learn.example.org"), ("/status/1", f"{BASE}/status/1")]:
        response = client.get(address)
        assert response.status_code == 200
        found[name] = json.loads(response.data)
    return found


def test_an_outside_verifier_agrees(settings: Settings) -> None:
    client = create_app(settings).test_client()
    names = ("Amina Yusuf", "Σοφία Παπαδοπούλου", "عائشة بنت خالد", 'O’Brien "Zoë" \\ <b>')
    held = [(one.id, one.code) for one in (make.certificate(make.member(name=name)) for name in names)]
    badges = [_badge(number, settings) for number, _code in held]
    before, cases = site(client), []

    def case(name: str, credential: Json, documents: Json, days: int = 1) -> None:
        now = (NOON + timedelta(days=days)).isoformat()
        cases.append({"name": name, "credential": credential, "documents": documents, "now": now})

    for name, badge in zip(names, badges, strict=True):
        case(name, badge, before)
    case("expired", badges[0], before, days=1200)
    case("too early", badges[0], before, days=-2)
    for name, change in TAMPERED.items():
        changed = json.loads(json.dumps(badges[0]))
        change(changed)
        case(name, changed, before)
    stranger = open_keys(settings.data_dir / "elsewhere").current(KeyKind.BADGE)
    key = badges[0]["proof"]["verificationMethod"]
    plain = {word: value for word, value in badges[0].items() if word != "proof"}
    case("another's key", proofs.signed(plain, stranger.private_key, method=key, created=NOON), before)
    unlisted = f"did:web:learn.example.org#{stranger.id}"
    case("a key not listed", proofs.signed(plain, stranger.private_key, method=unlisted, created=NOON), before)

    certificates.revoke(held[1][1], "Issued by mistake", by=SYSTEM, now=NOON)
    certificates.replace(held[2][1], "Aisha", by=SYSTEM, now=NOON)
    publish_list(settings, 0, {"list": 1}, NOON)
    open_keys(settings.keys_dir).rotate(KeyKind.BADGE, now=NOON + timedelta(hours=1))
    after = site(client)
    young = _badge(make.certificate().id, settings)
    assert young["proof"]["verificationMethod"] != key
    case("after rotation", badges[0], after)
    case("by the new key", young, after)
    case("withdrawn", badges[1], after)
    case("replaced", badges[2], after)

    answers = judged(cases)
    good = [*names, "after rotation", "by the new key"]
    assert {name: answers.pop(name) for name in good} == dict.fromkeys(good, ACCEPTED)
    # Genuine, and no longer counted: the verifier leaves what follows from that to whoever asks.
    for name in ("withdrawn", "replaced"):
        assert answers.pop(name) == {**ACCEPTED, "status": [True]}
    assert not [name for name, answer in answers.items() if answer["verified"]]
    assert all("signature" in answers[name]["error"].lower() for name in TAMPERED if name != "a word added"), answers


ACCEPTED = {"verified": True, "status": [False], "error": ""}


def _badge(certificate_id: int, settings: Settings) -> Json:
    made = badge_of(certificate_id, settings=settings, now=NOON)
    assert made.data is not None
    badge: Json = json.loads(made.data)
    return badge


def _subject(badge: Json) -> Json:
    subject: Json = badge["credentialSubject"]
    return subject


TAMPERED: dict[str, Callable[[Json], Any]] = {
    "another name": lambda badge: _subject(badge)["identifier"][0].update(identityHash="Somebody Else"),
    "a longer time": lambda badge: badge.update(validUntil="2039-11-21T23:59:59Z"),
    "another achievement": lambda badge: _subject(badge)["achievement"].update(name="Surgeon"),
    "another place in the list": lambda badge: badge["credentialStatus"].update(statusListIndex="7"),
    "another organisation": lambda badge: _subject(badge)["source"].update(name="Elsewhere"),
    "a word added": lambda badge: badge.update(unheardOf="yes"),
}
