"""The demonstration's one look of certificates: the schools' logo, colour and line, and two people who sign."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from mhfa_lms.models import Accent, CertificateLook, Membership

CHOOSES: Final = "coordinator"
WORDING: Final = "Part of the district’s plan for schools in which everybody is safe to speak."
# Nobody who is erased from this site: certificates keep the names of those who signed.
SIGNATORIES: Final = (("Ruth Abara", "Superintendent of schools"), ("Paul Whitcomb", "Head of training"))


def add(session: Session, people: dict[str, Membership], *, now: datetime) -> None:
    """Add the look of the coordinator's organisation; `people` are the memberships by the name in their address."""
    by = people[CHOOSES]
    session.add(
        CertificateLook(
            organisation_id=by.organisation_id,
            accent=Accent.OCEAN,
            wording=WORDING,
            signatories=[{"name": name, "title": title} for name, title in SIGNATORIES],
            logo=_picture("demo_logo.png"),
            # The other one signs by hand.
            signature_1=_picture("demo_signature.png"),
            made_at=now - timedelta(days=600),
            made_by_id=by.account_id,
        )
    )
    session.flush()


def _picture(name: str) -> bytes:
    return Path(__file__).with_name(name).read_bytes()
