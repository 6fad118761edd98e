"""A passkey in software: answers as a browser and its authenticator do (W3C Web Authentication, ES256)."""

import base64
import hashlib
import json
import secrets
import struct
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def b64(raw: bytes) -> str:
    """Return bytes as base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Authenticator:
    """Holds one passkey. `count` goes up with each use, unless it is kept at 0 as synchronised passkeys do."""

    def __init__(self, origin: str = "https://learn.example.org", *, counts: bool = True) -> None:
        self.origin = origin
        self.host = origin.split("//")[1].split(":")[0]
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = secrets.token_bytes(32)
        self.counts, self.count = counts, 0

    @property
    def id(self) -> str:
        """The credential's id, as it is stored."""
        return b64(self.credential_id)

    def make(self, options: str) -> str:
        """Return the answer to a site's wish for a passkey."""
        client = self._client("webauthn.create", options)
        attested = bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id + self._public_key()
        data = self._data(PRESENT | VERIFIED | ATTESTED) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer({"clientDataJSON": b64(client), "attestationObject": b64(attestation)}, ["internal"])

    def sign(self, options: str, **changes: Any) -> str:
        """Return the answer to a site's challenge."""
        if self.counts:
            self.count += 1
        client = self._client("webauthn.get", options, **changes)
        data = self._data(PRESENT | VERIFIED)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._answer(
            {"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature)}
        )

    def _client(self, kind: str, options: str, **changes: Any) -> bytes:
        return json.dumps(
            {"type": kind, "challenge": json.loads(options)["challenge"], "origin": self.origin, **changes}
        ).encode()

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(self.host.encode()).digest() + struct.pack(">BI", flags, self.count)

    def _public_key(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})

    def _answer(self, response: dict[str, str], transports: list[str] | None = None) -> str:
        more = {"transports": transports} if transports else {}
        return json.dumps({"id": self.id, "rawId": self.id, "type": "public-key", "response": {**response, **more}})
