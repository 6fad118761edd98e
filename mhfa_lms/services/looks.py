"""How an organisation's certificates look: safe settings, saved as a new look each time, frozen at each issue."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms.db import transaction
from mhfa_lms.models import Accent, CertificateLook, Organisation, PaperSize
from mhfa_lms.policy import Actor, Can, require
from mhfa_lms.services import audit, name_letters, names, rules

LONGEST_WORDING: Final = 200
LONGEST_TITLE: Final = 80
MOST_SIGNATORIES: Final = 3


class LookError(ValueError):
    """The look cannot be saved like this."""


@dataclass(frozen=True, slots=True)
class Signatory:
    """Who signs, as what, and a picture of the signature: a PNG from `adapters.pictures`, or none to sign by hand."""

    name: str
    title: str = ""
    signature: bytes | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What an organisation chooses. `logo` is a PNG from `adapters.pictures`, or none."""

    accent: Accent = Accent.PINE
    wording: str = ""
    signatories: tuple[Signatory, ...] = ()
    logo: bytes | None = None
    paper: PaperSize | None = None


def current(session: Session, organisation_id: int) -> CertificateLook | None:
    """Return the look in use: the organisation's own, else that of the nearest one above it; None for the plain one."""
    tree = rules.ancestors(session, organisation_id)
    found = session.scalars(
        select(CertificateLook).where(CertificateLook.organisation_id.in_(tree)).order_by(CertificateLook.id.desc())
    ).all()
    return min(found, key=lambda one: tree.index(one.organisation_id), default=None)


def own(session: Session, *, by: Actor) -> CertificateLook | None:
    """Return the look that certificates of the actor's organisation are issued with from now on."""
    require(by, Can.COORDINATE)
    return current(session, by.organisation_id or 0)


def save(look: Look, *, by: Actor, now: datetime) -> int:
    """Let certificates issued from now on look like this; returns the look's id. Raises `LookError`, `Forbidden`."""
    require(by, Can.COORDINATE)
    _check(look)
    with transaction() as session:
        owner = session.get_one(Organisation, by.organisation_id)
        row = CertificateLook(
            organisation_id=owner.id,
            accent=look.accent,
            wording=look.wording,
            signatories=[{"name": one.name, "title": one.title} for one in look.signatories],
            logo=look.logo,
            **{f"signature_{place}": one.signature for place, one in enumerate(look.signatories, start=1)},
            paper=look.paper,
            made_at=now,
            made_by_id=by.account_id or None,
        )
        session.add(row)
        session.flush()
        audit.about(session, "certificate-look-saved", row, by=by, now=now)
        return row.id


def _check(look: Look) -> None:
    if len(look.signatories) > MOST_SIGNATORIES or any(not one.name for one in look.signatories):
        raise LookError("signatories")
    texts = [(look.wording, LONGEST_WORDING)]
    for one in look.signatories:
        texts += [(one.name, names.LONGEST), (one.title, LONGEST_TITLE)]
    for text, most in texts:
        if len(text) > most or name_letters.fault(text, is_name=False):
            raise LookError(text)
