"""`mhfa-lms keys`: the keys that sign certificates and badges."""

from pathlib import Path
from typing import Any

import click

from mhfa_lms import clock
from mhfa_lms.adapters.keys import Key, KeyKind, Keys, KeysDamagedError, public_text
from mhfa_lms.cli.base import Failed, emit, installation, json_option, open_first_keys
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import upkeep
from mhfa_lms.settings import Settings


@click.group()
def keys() -> None:
    """See, rotate and hand out the keys that sign certificates and badges."""


@keys.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the keys, of each kind the newest first. The newest signs; all of them verify."""
    with installation() as settings:
        found = _every(_opened(settings))
    lines = [
        f"{key.id:36}  made {key.made_at:%Y-%m-%d}  "
        + (f"retired {key.retired_at:%Y-%m-%d}" if key.retired_at else "in use")
        for key in found
    ]
    emit(as_json, [_facts(key) for key in found], "\n".join(lines))


@keys.command()
@click.argument("kind", type=click.Choice([kind.value for kind in KeyKind]))
@json_option
def rotate(kind: str, as_json: bool) -> None:
    """Make a new key of a KIND and sign with it from now on. Earlier keys stay, and what they signed still verifies.

    A copy of the keys belongs into a backup (--with-keys). Whoever checks certificates without a connection needs the
    new public key: see `keys export-public`.
    """
    with installation() as settings:
        found = _opened(settings)
        before = found.current(KeyKind(kind))
        made = found.rotate(KeyKind(kind), now=clock.now())
        upkeep.key_rotated(kind=kind, key=made.id, before=before.id, by=SYSTEM, now=clock.now())
    emit(
        as_json,
        _facts(made) | {"before": before.id},
        f"{made.id} signs from now on. {before.id} goes on verifying. Make a backup: mhfa-lms backup FILE --with-keys",
    )


@keys.command("export-public")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the certificates here.")
@json_option
def export_public(out: Path | None, as_json: bool) -> None:
    """Write the public keys: for PDFs the certificates of all keys (PEM), for badges the keys as Multikey.

    With the PEM file anybody can check a certificate without a connection: `certificates verify FILE --trust PEM`.
    The same file is at /keys/documents.pem on the site.
    """
    with installation() as settings:
        found = _every(_opened(settings))
    documents = tuple(key for key in found if key.kind is KeyKind.DOCUMENT)
    badges = [key for key in found if key.kind is KeyKind.BADGE]
    text = public_text(documents)
    if out is not None:
        out.write_text(text, encoding="ascii")
        text = f"Wrote {out}: {len(documents)} certificate{'s' if len(documents) != 1 else ''}.\n"
    data = {
        "documents": [{"id": key.id, "certificate": key.certificate_pem} for key in documents],
        "badges": [{"id": key.id, "publicKeyMultibase": key.multikey} for key in badges],
    }
    emit(as_json, data, text + "\n".join(f"{key.id} {key.multikey}" for key in badges))


def _opened(settings: Settings) -> Keys:
    try:
        return open_first_keys(settings)
    except KeysDamagedError as error:
        raise Failed(f"{error}.") from error


def _every(found: Keys) -> list[Key]:
    return [key for kind in KeyKind for key in found.all(kind)]


def _facts(key: Key) -> dict[str, Any]:
    return {
        "id": key.id,
        "kind": key.kind.value,
        "made_at": key.made_at.isoformat(),
        "retired_at": key.retired_at.isoformat() if key.retired_at else None,
        "sha256": key.fingerprint,
    }
