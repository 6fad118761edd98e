"""What badges are made of: canonical data from contexts of our own, proofs, lists of bits."""

import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from mhfa_lms.adapters import bitstrings, linked_data, proofs
from mhfa_lms.adapters.linked_data import FILES, FOLDER, UnknownContextError
from mhfa_lms.services import badge_documents
from tests.make import NOON

DOCUMENT = {"@context": [linked_data.CREDENTIALS], "id": "urn:x", "type": ["VerifiableCredential"], "issuer": "urn:y"}
# What a signature made years ago was over must never change under it.
CONTEXTS = {
    "credentials-v2.json": "8a9f494a89ecc51db093e90e84713e07e84d6d9204364a9b3c7868b21751236f",
    "open-badges-3.0.3.json": "ef2fa9c7846dce233cc166b43639027278be4ee44f00bb1d45c75de2dd0cd761",
}


def badge() -> dict[str, Any]:
    facts = badge_documents.Facts(
        *("7KQ2M9XBT4HF0RWA", "Pat Lee", "helper", "Helper", "Can help", "harbour", "Harbour", "UTC", "en"),
        starts_on=NOON.date(),
        expires_on=NOON.date(),
        status_list=1,
        position=7,
    )
    return badge_documents.credential(facts, badge_documents.Issuer("https://learn.example.org", "Harbour"))


def test_the_contexts_are_those_that_were_signed_with() -> None:
    found = {name: hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() for name in FILES.values()}
    assert found == CONTEXTS
    assert {badge_documents.CREDENTIALS, badge_documents.OPEN_BADGES} == set(FILES)


@pytest.mark.parametrize("context", ["https://www.w3.org/2018/credentials/v1", "file:///etc/passwd"])
def test_no_other_context_is_fetched(context: str) -> None:
    with pytest.raises(UnknownContextError):
        linked_data.canonical({"@context": [linked_data.CREDENTIALS, context], "id": "urn:x"})


def test_either_text_of_the_context_that_goes_round_gives_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = linked_data.canonical(badge())
    other = json.loads((FOLDER / FILES[linked_data.OPEN_BADGES]).read_text())
    other["@context"]["jti"] = {"@id": "https://www.iana.org/assignments/jwt#jti", "@type": "@id"}
    other["@context"]["endorsementJwt"] = {"@id": "https://purl.imsglobal.org/spec/vc/ob/vocab.html#endorsementJwt"}
    both = {linked_data.OPEN_BADGES: other, linked_data.CREDENTIALS: linked_data._context(linked_data.CREDENTIALS)}
    # A parser that has read the first text keeps it, so that the second one needs an address of its own.
    monkeypatch.setattr(linked_data, "FILES", {**FILES, "https://other.example": ""})
    monkeypatch.setattr(linked_data, "_context", lambda address: both.get(address, other))
    assert linked_data.canonical({**badge(), "@context": [linked_data.CREDENTIALS, "https://other.example"]}) == ours


def test_a_proof_holds_for_its_document_and_key_alone() -> None:
    key, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    signed = proofs.signed(DOCUMENT, key, method="urn:y#k", created=NOON)
    assert signed["proof"]["created"] == "2026-11-21T12:00:00Z"
    assert proofs.verifies(signed, key.public_key())
    assert not proofs.verifies(signed, other.public_key())
    assert not proofs.verifies({**signed, "issuer": "urn:z"}, key.public_key())
    assert not proofs.verifies(
        {**signed, "proof": {**signed["proof"], "created": "2025-01-01T00:00:00Z"}}, key.public_key()
    )
    for value in ("", "z", "z0OIl", "m" + signed["proof"]["proofValue"][1:], "z" + "1" * 300):
        assert not proofs.verifies({**signed, "proof": {**signed["proof"], "proofValue": value}}, key.public_key())
    assert not proofs.verifies(DOCUMENT, key.public_key())


@given(st.sets(st.integers(0, bitstrings.LENGTH - 1), max_size=200))
def test_a_list_comes_back_as_it_was(places: set[int]) -> None:
    text = bitstrings.encoded(places)
    assert bitstrings.decoded(text) == places
    assert bitstrings.encoded(sorted(places, reverse=True)) == text


def test_the_first_place_is_the_leftmost_bit_and_none_is_outside() -> None:
    assert bitstrings.decoded(bitstrings.encoded([0, bitstrings.LENGTH - 1])) == {0, bitstrings.LENGTH - 1}
    for place in (-1, bitstrings.LENGTH):
        with pytest.raises(IndexError):
            bitstrings.encoded([place])
