"""Signing PDFs: PAdES B-B, EC P-256, as a certification that allows no change.

pyHanko is loaded at the first signature only: it takes half a second and memory that web processes do without.
"""

import importlib
from datetime import datetime
from typing import Protocol, cast

from mhfa_lms.adapters.keys import KeyKind, Keys


class Signer(Protocol):
    """Signs a PDF."""

    def sign(self, pdf: bytes, at: datetime) -> bytes: ...


class KeySigner:
    """Signs with the key for documents that is in use; `name` and `location` stand in the signature."""

    def __init__(self, keys: Keys, *, name: str, location: str) -> None:
        self.keys, self.name, self.location = keys, name, location

    def sign(self, pdf: bytes, at: datetime) -> bytes:
        """Return the PDF with a signature that covers all of it. Raises `KeysDamagedError`; makes the first key."""
        key = self.keys.current(KeyKind.DOCUMENT)
        engine = importlib.import_module("mhfa_lms.adapters.signing_engine")
        return cast(bytes, engine.sign(pdf, key, name=self.name, location=self.location, at=at))
