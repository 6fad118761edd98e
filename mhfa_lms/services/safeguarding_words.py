"""The words in a case, sealed: nobody who reads the database or a backup of it alone reads them."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms.db import session as reading
from mhfa_lms.db import transaction
from mhfa_lms.models import SafeguardingEntry
from mhfa_lms.services.secret_box import SAFEGUARDING, SecretBox, SecretBoxError


@dataclass(frozen=True, slots=True)
class Words:
    """What somebody wrote: the words, how they can be reached, and when. Each may be empty."""

    text: str = ""
    reach: str = ""
    when: str = ""


def box(keys: Sequence[str]) -> SecretBox:
    """Return the box that the words of cases lie in; `keys` are the installation's, newest first."""
    return SecretBox(keys, purpose=SAFEGUARDING)


def put(entry: SafeguardingEntry, words: Words, seals: SecretBox, *, now: datetime) -> None:
    """Seal words into an entry; none at all where nothing was written."""
    if any(asdict(words).values()):
        entry.sealed = seals.seal(json.dumps(asdict(words)), owner=_owner(entry), now=now)
        entry.sealed_with = seals.name


def opened(entry: SafeguardingEntry, seals: SecretBox) -> Words | None:
    """Return the words of an entry; None where the key they were sealed with is known no longer."""
    if entry.sealed is None:
        return Words()
    try:
        return Words(**json.loads(seals.open(entry.sealed, owner=_owner(entry))))
    except SecretBoxError:
        return None


def _owner(entry: SafeguardingEntry) -> str:
    return f"case {entry.case_id}"


def for_own_copy(session: Session, rows: Sequence[dict[str, Any]], keys: Sequence[str]) -> None:
    """Put the opened words into the rows of a person's own copy, instead of what they are sealed as."""
    seals = box(keys) if keys else None
    for row in rows:
        entry = session.get(SafeguardingEntry, row["id"])
        row.pop("sealed", None)
        if entry is not None and seals is not None and (words := opened(entry, seals)) is not None:
            row.update(asdict(words))


def reseal(keys: Sequence[str], *, now: datetime) -> int:
    """Seal words under the newest key that lie under an older one; returns how many were.

    What no key opens stays as it is, and the lead's page says that it cannot be read.
    """
    sealed = select(SafeguardingEntry).where(SafeguardingEntry.sealed.is_not(None))
    if not keys or reading().scalars(sealed.with_only_columns(SafeguardingEntry.id).limit(1)).first() is None:
        return 0
    seals = box(keys)
    older = sealed.where(SafeguardingEntry.sealed_with != seals.name)
    if not any(opened(one, seals) is not None for one in reading().scalars(older)):
        return 0
    with transaction() as session:
        found = [(one, opened(one, seals)) for one in session.scalars(older.with_for_update())]
        readable = [(one, words) for one, words in found if words is not None]
        for one, words in readable:
            put(one, words, seals, now=now)
        return len(readable)
