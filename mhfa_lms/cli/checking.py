"""Checking a certificate's PDF in words: `certificates verify FILE --trust KEYS`."""

from dataclasses import asdict
from pathlib import Path
from typing import Final

import click

from mhfa_lms.adapters import pdf_check
from mhfa_lms.adapters.pdf_check import Checked, Verdict
from mhfa_lms.cli.base import Failed, emit

WORDS: Final = {
    Verdict.GENUINE: "Genuine: unaltered, and signed by a key that you trust.",
    Verdict.ALTERED: "ALTERED: the file is not as it was when it was signed. Do not rely on it.",
    Verdict.UNTRUSTED: "NOT PROVED: signed by a key that is not among those you trust. Anybody can make such a file.",
    Verdict.UNSIGNED: "NOT SIGNED: the file alone proves nothing.",
    Verdict.SEVERAL: "NOT PROVED: signed more than once. Our certificates are signed once.",
    Verdict.ENCRYPTED: "Cannot be checked: the file is encrypted. Our certificates are not.",
    Verdict.NOT_A_PDF: "Cannot be checked: this is not a PDF.",
    Verdict.UNREADABLE: "Cannot be checked: the file is damaged, or not what it seems.",
    Verdict.TOO_LARGE: "Cannot be checked: the file is far larger than any certificate.",
}
SAYS: Final = {
    "number": "Number",
    "holder": "Name",
    "type": "Certified as",
    "course": "Course",
    "organisation": "Organisation",
    "issued": "Issued on",
    "starts": "Valid from",
    "expires": "Valid until",
}


def check_file(path: Path, trust: tuple[Path, ...], *, as_json: bool) -> None:
    """Say what is true of a file; ends with 1 unless it is genuine. Needs no database. Raises `Failed`."""
    if not trust:
        raise click.UsageError(
            "Name the keys to trust with --trust FILE.pem. The site that issued the certificate has them at"
            " /keys/documents.pem; fetch them from an address you know, not from one in the file."
        )
    try:
        trusted = set[str]().union(*(pdf_check.trusted_keys(one) for one in trust))
        found = pdf_check.check(path, trusted)
    except pdf_check.NoKeysError as error:
        raise Failed(f"{error} holds no certificate and no public key in the PEM form.") from error
    except OSError as error:
        raise Failed(f"{error.filename} cannot be read: {error.strerror}.") from error
    genuine = found.verdict is Verdict.GENUINE
    emit(as_json, {"file": str(path), "genuine": genuine, **asdict(found), "ask": _ask(found)}, _in_words(found))
    if not genuine:
        raise SystemExit(1)


def _ask(found: Checked) -> str:
    return found.says.get("address", "")


def _in_words(found: Checked) -> str:
    lines = [WORDS[found.verdict]]
    if found.signed_by and found.verdict is not Verdict.ALTERED:
        lines.append(f"  Signed by {found.signed_by} ({found.key or found.sha256}), by its own clock {found.signed_at}")
    if found.verdict is Verdict.ALTERED and found.signed_by and not found.whole:
        lines.append("  Something stands in the file that the signature does not cover.")
    if found.says:
        lines.append("It says:" if found.verdict is Verdict.GENUINE else "It says, without proof:")
        lines += [f"  {title + ':':14}{found.says[name]}" for name, title in SAYS.items() if found.says.get(name)]
    if found.badge:
        badge = found.badge
        lines.append(
            f"  {'Badge:':14}{badge['holder']}, {badge['achievement']}, {badge['starts']} to {badge['expires']}"
        )
    if found.verdict is Verdict.GENUINE:
        asked = _ask(found) or "the address beside its QR code"
        lines.append(f"Whether it was withdrawn or replaced since, only the site can tell: {asked}")
    return "\n".join(lines)
