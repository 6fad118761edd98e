"""Help lines of an organisation's own: its coordinators keep them, its people see them above the national ones."""

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mhfa_lms.db import transaction
from mhfa_lms.models import HelpLine, Organisation
from mhfa_lms.policy import Actor, Can, Forbidden, require, scope
from mhfa_lms.services import audit

# Nobody in distress reads a longer list.
MOST: Final = 12
LONGEST_NAME: Final = 100
LONGEST_TEXT: Final = 200


class TooManyLinesError(ValueError):
    """The organisation has as many lines as a page can show in a hurry."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a line says: at least one of phone, text number and link."""

    name: str
    phone: str = ""
    text_number: str = ""
    link: str = ""
    hours: str = ""
    languages: str = ""
    for_whom: str = ""


@dataclass(frozen=True, slots=True)
class Near:
    """What the help page knows of an organisation."""

    id: int
    name: str
    country: str | None
    lines: list[HelpLine]


def listed(session: Session, *, by: Actor) -> list[HelpLine]:
    """Return the lines of the actor's organisation, in the order in which they were added."""
    return list(session.scalars(select(HelpLine).where(scope(by, HelpLine)).order_by(HelpLine.id).limit(MOST)))


def line(session: Session, line_id: int, *, by: Actor) -> HelpLine | None:
    """Return one line of the actor's organisation, or None."""
    return session.scalars(select(HelpLine).where(scope(by, HelpLine), HelpLine.id == line_id)).one_or_none()


def near(session: Session, slug: str, *, by: Actor | None) -> Near | None:
    """Return the lines of an organisation for its own people, or for everybody when it chose so; else None."""
    found = session.scalars(select(Organisation).where(Organisation.slug == slug)).one_or_none()
    if found is None or not (found.help_is_public or (by is not None and by.organisation_id == found.id)):
        return None
    lines = session.scalars(select(HelpLine).where(HelpLine.organisation_id == found.id).order_by(HelpLine.id))
    return Near(found.id, found.name, found.country, list(lines))


def is_public(session: Session, *, by: Actor) -> bool:
    """Whether everybody may see the lines of the actor's organisation."""
    own = select(Organisation.help_is_public).where(Organisation.id == by.organisation_id)
    return bool(session.scalars(own).one_or_none())


def slug(session: Session, *, by: Actor) -> str:
    """Return the short name of the actor's organisation, as its public address has it."""
    return session.scalars(select(Organisation.slug).where(Organisation.id == by.organisation_id)).one()


def add(words: Words, *, tried: bool, by: Actor, now: datetime) -> int:
    """Add a line; `tried` says that it was tried today. Returns its id. Raises `TooManyLinesError`, `Forbidden`."""
    require(by, Can.COORDINATE)
    with transaction() as session:
        # Two coordinators adding at once: the second waits, then counts the first one's.
        owner = session.get_one(Organisation, by.organisation_id, with_for_update={"key_share": True})
        if len(listed(session, by=by)) >= MOST:
            raise TooManyLinesError(MOST)
        row = HelpLine(organisation_id=owner.id, checked_at=now if tried else None, **asdict(words))
        session.add(row)
        session.flush()
        audit.about(session, "help-line-added", row, by=by, now=now)
        return row.id


def change(line_id: int, words: Words, *, tried: bool, by: Actor, now: datetime) -> None:
    """Change a line. A new way to reach it counts as never tried, unless it was. Raises `Forbidden`."""
    with transaction() as session:
        row = _own(session, line_id, by)
        moved = (row.phone, row.text_number, row.link) != (words.phone, words.text_number, words.link)
        for one in fields(words):
            setattr(row, one.name, getattr(words, one.name))
        row.checked_at = now if tried else None if moved else row.checked_at
        audit.about(session, "help-line-changed", row, by=by, now=now)


def remove(line_id: int, *, by: Actor, now: datetime) -> None:
    """Take a line away. Raises `Forbidden`."""
    with transaction() as session:
        row = _own(session, line_id, by)
        audit.about(session, "help-line-removed", row, by=by, now=now)
        session.delete(row)


def _own(session: Session, line_id: int, by: Actor) -> HelpLine:
    row = session.get(HelpLine, line_id, with_for_update=True)
    if row is None:
        raise Forbidden(Can.COORDINATE)
    require(by, Can.COORDINATE, row)
    return row


def checked(*, by: Actor, now: datetime) -> None:
    """Note that every line of the actor's organisation was tried today."""
    require(by, Can.COORDINATE)
    with transaction() as session:
        session.execute(update(HelpLine).where(scope(by, HelpLine)).values(checked_at=now))
        _note(session, "help-lines-checked", by=by, now=now)


def set_public(*, public: bool, by: Actor, now: datetime) -> None:
    """Show the lines to everybody at the organisation's own address, or to its people only."""
    require(by, Can.COORDINATE)
    with transaction() as session:
        owner = session.get_one(Organisation, by.organisation_id, with_for_update=True)
        owner.help_is_public = public
        _note(session, "help-lines-shown" if public else "help-lines-hidden", by=by, now=now)


def _note(session: Session, verb: str, *, by: Actor, now: datetime) -> None:
    audit.record(session, verb, by=by, now=now, subject="organisation", subject_id=by.organisation_id or 0)
