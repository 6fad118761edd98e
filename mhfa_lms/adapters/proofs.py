"""Proofs of credentials: W3C Data Integrity with the suite `eddsa-rdfc-2022`, which is Ed25519 over canonical data."""

import hashlib
from datetime import UTC, datetime
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from mhfa_lms.adapters.key_making import BASE58, PrivateKey, base58
from mhfa_lms.adapters.linked_data import Document, canonical

SUITE: Final = "eddsa-rdfc-2022"


def signed(document: Document, key: PrivateKey, *, method: str, created: datetime) -> Document:
    """Return a document with its proof. `method` is the address of the public key: the issuer's, `#`, the key's id."""
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError("badges are signed with Ed25519")
    proof = {
        "type": "DataIntegrityProof",
        "cryptosuite": SUITE,
        "created": instant(created),
        "verificationMethod": method,
        "proofPurpose": "assertionMethod",
    }
    return {**document, "proof": {**proof, "proofValue": f"z{base58(key.sign(_digest(document, proof)))}"}}


def verifies(document: Document, key: Ed25519PublicKey) -> bool:
    """Whether a document carries a proof of this suite by this key. Says nothing of dates or status."""
    proof = document.get("proof")
    if not isinstance(proof, dict) or proof.get("cryptosuite") != SUITE:
        return False
    plain = {name: value for name, value in document.items() if name != "proof"}
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    try:
        key.verify(_unbase58(str(proof.get("proofValue", ""))), _digest(plain, options))
    except (InvalidSignature, ValueError):
        return False
    return True


def instant(moment: datetime) -> str:
    """Return an instant as credentials write it: UTC, to the second, such as 2026-11-21T12:00:00Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _digest(document: Document, proof: dict[str, Any]) -> bytes:
    """Return what is signed: the digest of the proof's own options, then that of the document."""
    options = {"@context": document["@context"], **proof}
    return hashlib.sha256(canonical(options)).digest() + hashlib.sha256(canonical(document)).digest()


def _unbase58(text: str) -> bytes:
    """Return the bytes of a base 58 text behind its "z". Raises ValueError."""
    if not text.startswith("z"):
        raise ValueError("not base 58")
    number = 0
    for letter in text[1:]:
        number = number * 58 + BASE58.index(letter)
    zeros = len(text[1:]) - len(text[1:].lstrip(BASE58[0]))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8)
