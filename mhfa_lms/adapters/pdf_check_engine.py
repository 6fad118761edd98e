"""The part of checking a PDF that needs pyHanko, run in a process of its own: files come from strangers.

`python -m mhfa_lms.adapters.pdf_check_engine` reads the PDF from standard input, with fingerprints of the trusted keys
as arguments, and writes what it found as JSON. It opens no file and no connection.
"""

import hashlib
import io
import json
import re
import resource
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

from pyhanko.pdf_utils.generic import Dereferenceable
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

MEMORY: Final = 768 * 1024 * 1024
SECONDS: Final = 20
LONGEST_TEXT: Final = 300
LARGEST_BADGE: Final = 1024 * 1024
MOST_FILES: Final = 100
RANGE: Final = re.compile(rb"/ByteRange\s*\[\s*(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s*\]")
HEXADECIMAL: Final = re.compile(rb"<[0-9A-Fa-f]*>")
FACT: Final = "/Certificate"
# Left out of what is shown: they could colour, move or reverse a terminal's text.
UNSHOWN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


def check(data: bytes, trusted: set[str]) -> dict[str, Any]:
    """Return a verdict (see `pdf_check.Verdict`) with what the file says. Whatever a parser raises means unreadable."""
    if not data.startswith(b"%PDF-"):
        return {"verdict": "not-a-pdf"}
    try:
        reader = PdfFileReader(io.BytesIO(data))
        if reader.encrypted:
            return {"verdict": "encrypted"}
        found = {**_signature(reader, data, trusted), "says": _facts(reader)}
        return {**found, "badge": _badge(reader)}
    except Exception:  # the parser is handed anything
        # Bytes after the end of what was signed can be what keeps it from being read.
        return {"verdict": "altered" if _outside(data) else "unreadable"}


def _signature(reader: PdfFileReader, data: bytes, trusted: set[str]) -> dict[str, Any]:
    signatures = reader.embedded_signatures
    if len(signatures) != 1:
        return {"verdict": "several" if signatures else "unsigned"}
    [one] = signatures
    whole = _is_whole(one, data)
    intact, valid = validate_sig_integrity(one.signer_info, one.signer_cert, "data", one.compute_digest())
    # The key itself is compared, not a name: anybody can write any name into a certificate.
    fingerprint = hashlib.sha256(one.signer_cert.public_key.dump()).hexdigest()
    sound = intact and valid and whole
    subject = one.signer_cert.subject.native
    return {
        "verdict": ("genuine" if fingerprint in trusted else "untrusted") if sound else "altered",
        "whole": whole,
        "signed_by": _text(subject.get("common_name", "")),
        "key": _text(subject.get("serial_number", "")),
        "sha256": fingerprint,
        "signed_at": one.self_reported_timestamp.isoformat() if one.self_reported_timestamp else "",
    }


def _is_whole(one: EmbeddedPdfSignature, data: bytes) -> bool:
    """Whether every byte but the signature itself is signed, and nothing is hidden behind the signature."""
    numbers = [int(number) for number in one.byte_range]
    if len(numbers) != 4 or min(numbers) < 0:
        return False
    start, first, second, rest = numbers
    gap = data[first:second]
    if start != 0 or second + rest != len(data) or not HEXADECIMAL.fullmatch(gap):
        return False
    kept = bytes.fromhex(gap[1:-1].decode("ascii"))
    return kept.startswith(one.pkcs7_content) and not kept[_length(kept) :].strip(b"\0")


def _length(der: bytes) -> int:
    """Return how long the structure is that begins here, by its own words (X.690, definite lengths)."""
    if len(der) < 2 or der[1] < 0x80:
        return 2 + der[1] if len(der) > 1 else 0
    count = der[1] & 0x7F
    return 2 + count + int.from_bytes(der[2 : 2 + count])


def _outside(data: bytes) -> bool:
    found = list(RANGE.finditer(data))
    return bool(found) and max(int(one[3]) + int(one[4]) for one in found) != len(data)


def _facts(reader: PdfFileReader) -> dict[str, str]:
    info = _plain(reader.trailer_view.get("/Info", {}))
    return {
        name.removeprefix(FACT).lower(): _text(value)
        for name, value in list(info.items())[:MOST_FILES]
        if name.startswith(FACT) and isinstance(value, str)
    }


def _badge(reader: PdfFileReader) -> dict[str, str] | None:
    for name, stream in _attached(reader):
        if name != "credential.json":
            continue
        try:
            read = json.loads(stream.data[:LARGEST_BADGE])
            subject = read["credentialSubject"]
            names = [one["identityHash"] for one in subject.get("identifier", []) if one.get("hashed") is False]
            issuer = read["issuer"]
            return {
                "address": _text(read["id"]),
                "holder": _text(names[0] if names else ""),
                "achievement": _text(subject["achievement"]["name"]),
                "issuer": _text(issuer if isinstance(issuer, str) else issuer["id"]),
                "starts": _text(read["validFrom"]),
                "expires": _text(read.get("validUntil", "")),
            }
        except (ValueError, KeyError, TypeError, AttributeError, IndexError):
            return None
    return None


def _attached(reader: PdfFileReader) -> Iterator[tuple[str, Any]]:
    tree = _plain(_plain(_plain(reader.root.get("/Names", {})).get("/EmbeddedFiles", {})).get("/Names", []))
    for place in range(1, min(len(tree), 2 * MOST_FILES), 2):
        described = _plain(tree[place])
        yield str(described.get("/F", "")), _plain(described["/EF"]["/F"])


def _plain(value: Any) -> Any:
    return value.get_object() if isinstance(value, Dereferenceable) else value


def _text(value: Any) -> str:
    return UNSHOWN.sub("\N{REPLACEMENT CHARACTER}", str(value))[:LONGEST_TEXT]


def main() -> None:
    """Check what comes on standard input, with so much memory and time and no more."""
    for what, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, SECONDS)):
        # Some systems cannot limit memory; the parent's patience is a limit too.
        with suppress(ValueError, OSError):
            resource.setrlimit(what, (most, most))
    found = check(sys.stdin.buffer.read(), set(sys.argv[1:]))
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
