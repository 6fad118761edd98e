"""The demonstration's cases for its safeguarding lead: invented people, one who waits and one who was looked after."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from mhfa_lms.models import CaseState, EntryKind, Membership, SafeguardingCase, SafeguardingEntry
from mhfa_lms.services import safeguarding_notices
from mhfa_lms.services.safeguarding_words import Words, box, put
from mhfa_lms.services.secret_box import SecretBox

LEAD: Final = "safeguarding"
WAITS: Final = "sofia.ivanova"
LOOKED_AFTER: Final = "declan.obrien"
ASKED: Final = Words(
    "The part about drink was close to home: my brother. I am all right, but I would like to talk to somebody.",
    "Ring 020 7946 0042, not at work",
    "After five on weekdays",
)
ASKED_LONG_AGO: Final = Words("I felt shaky after the last module. A chat would help.")
NOTE: Final = Words("We had a walk and a talk. They know the counsellor’s hours and are glad they asked.")


def add(session: Session, people: dict[str, Membership], keys: Sequence[str], *, now: datetime) -> None:
    """Add both cases in the caller's transaction; `people` are the memberships by the name in their address."""
    seals, lead = box(keys), people[LEAD]
    waits = _case(session, people[WAITS], seals, ASKED, now - timedelta(hours=3))
    safeguarding_notices.tell(session, waits, "demonstration", now=now)
    then = now - timedelta(days=40)
    over = _case(session, people[LOOKED_AFTER], seals, ASKED_LONG_AGO, then)
    over.state, over.acknowledged_at, over.acknowledged_by_id = (
        CaseState.CLOSED,
        then + timedelta(hours=2),
        lead.id,
    )
    over.ended_at, over.closed_by_id = then + timedelta(days=5), lead.id
    _entry(session, over, EntryKind.NOTE, lead, seals, NOTE, then + timedelta(days=5))


def _case(session: Session, writer: Membership, seals: SecretBox, words: Words, at: datetime) -> SafeguardingCase:
    case = SafeguardingCase(
        organisation_id=writer.organisation_id, membership_id=writer.id, opened_at=at, waiting_since=at
    )
    session.add(case)
    session.flush()
    _entry(session, case, EntryKind.ASKED, writer, seals, words, at)
    return case


def _entry(
    session: Session,
    case: SafeguardingCase,
    kind: EntryKind,
    author: Membership,
    seals: SecretBox,
    words: Words,
    at: datetime,
) -> None:
    entry = SafeguardingEntry(case_id=case.id, kind=kind, author_id=author.id, at=at)
    put(entry, words, seals, now=at)
    session.add(entry)
    session.flush()
