"""Making badges: signed in the worker, with no transaction open meanwhile, once per certificate; and their lists."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from mhfa_lms import db, i18n
from mhfa_lms.adapters import bitstrings, proofs
from mhfa_lms.adapters.keys import Key, KeyKind, Keys, open_keys
from mhfa_lms.services import badge_documents, badge_lists, badges
from mhfa_lms.services.badge_documents import Document, Issuer
from mhfa_lms.services.badges import NoBadge
from mhfa_lms.settings import Settings

MEDIA_TYPE: Final = "application/vc"
FILE_NAME: Final = "credential.json"


@dataclass(frozen=True, slots=True)
class Made:
    """A certificate's badge as UTF-8 JSON, or why it has none."""

    data: bytes | None
    reason: NoBadge | None = None


def badge_of(certificate_id: int, *, settings: Settings, now: datetime) -> Made:
    """Return the badge of a certificate, made now if it was not before. Opens and ends its own transactions.

    Safe to repeat after a crash at any point, and by two workers at once: the first text that is kept is everybody's.
    """
    if not settings.secure:
        return Made(None, NoBadge.NO_HTTPS)
    placed = badges.place(certificate_id)
    if isinstance(placed, NoBadge):
        return Made(None, placed)
    if placed.credential is not None:
        return Made(placed.credential.encode())
    issuer, keys = issuer_of(settings), keys_of(settings)
    # Nobody is handed a badge before the list is public in which it can be looked up.
    publish(placed.facts.status_list, issuer=issuer, keys=keys, now=now)
    key = keys.current(KeyKind.BADGE)
    with i18n.use(placed.facts.locale):
        document = badge_documents.credential(placed.facts, issuer)
    kept = badges.keep(certificate_id, _signed(document, key, issuer, now), key_name=key.id, now=now)
    return Made(None, kept) if isinstance(kept, NoBadge) else Made(kept.encode())


def publish(number: int, *, issuer: Issuer, keys: Keys, now: datetime) -> None:
    """Sign a list as it is now and make it public, unless nothing has changed since."""
    found = badge_lists.unpublished(number)
    db.session().rollback()
    if found is None:
        return
    version, places = found
    document = badge_documents.status_list(number, bitstrings.encoded(places), issuer, now=now)
    badge_lists.publish(number, version, _signed(document, keys.current(KeyKind.BADGE), issuer, now))


def _signed(document: Document, key: Key, issuer: Issuer, now: datetime) -> str:
    proved = proofs.signed(document, key.private_key, method=issuer.key(key.id), created=now)
    return json.dumps(proved, ensure_ascii=False, separators=(",", ":"))


def issuer_of(settings: Settings) -> Issuer:
    """Return the installation as an issuer."""
    return Issuer(settings.base_url, settings.signer_name)


def keys_of(settings: Settings) -> Keys:
    """Return the installation's keys."""
    return open_keys(settings.keys_dir, name=settings.signer_name)


def make_badge(settings: Settings, _job_id: int, payload: dict[str, Any], now: datetime) -> None:
    """Make the badge of the certificate named in the payload. The worker's handler."""
    badge_of(int(payload["certificate_id"]), settings=settings, now=now)


def publish_list(settings: Settings, _job_id: int, payload: dict[str, Any], now: datetime) -> None:
    """Make the list named in the payload public as it is now. The worker's handler."""
    publish(int(payload["list"]), issuer=issuer_of(settings), keys=keys_of(settings), now=now)
