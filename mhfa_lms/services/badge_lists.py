"""The public lists that say which badges count no more (W3C Bitstring Status List).

A list is signed by the worker when something in it has changed, and kept: asking for it costs one look-up.
"""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from mhfa_lms.db import insert, transaction
from mhfa_lms.db import session as reading
from mhfa_lms.models import Badge, Certificate, StatusList
from mhfa_lms.services import work

PUBLISH: Final = "status-list"
# A list has twice as many places: a free one is found at random in two tries, and the place tells nothing of the day
# of issue. After a restore, a badge made since the backup very likely keeps its place to itself.
ROOM: Final = 65_536
PLACES: Final = 2 * ROOM
# No installation has so many; PostgreSQL's numbers end somewhere.
LARGEST_NUMBER: Final = 999_999


def with_room(session: Session) -> int:
    """Return the number of the newest list, or of a new one when that is full. Its row stays locked until the end."""
    while True:
        newest = session.scalar(select(func.max(StatusList.id))) or 0
        taken = (
            update(StatusList)
            .where(StatusList.id == newest, StatusList.used < ROOM)
            .values(used=StatusList.used + 1)
            .returning(StatusList.id)
        )
        if (found := session.scalars(taken.execution_options(synchronize_session=False)).one_or_none()) is not None:
            return found
        fresh = insert(session, StatusList).values(id=newest + 1, used=0, version=0)
        session.execute(fresh.on_conflict_do_nothing(index_elements=["id"]))


def no_longer_counts(session: Session, certificate_id: int, *, now: datetime) -> None:
    """Have the list changed in which a certificate's badge is, if it has one, in the caller's transaction."""
    number = session.scalar(select(Badge.status_list_id).where(Badge.certificate_id == certificate_id))
    if number is None:
        return
    changed = update(StatusList).where(StatusList.id == number).values(version=StatusList.version + 1)
    session.execute(changed.execution_options(synchronize_session=False))
    work.post(session, PUBLISH, key=f"{PUBLISH}:{certificate_id}", now=now, payload={"list": number})


def listed(number: int) -> str | None:
    """Return a list as signed; None when there is no such list."""
    return reading().scalar(select(StatusList.credential).where(StatusList.id == number))


def unpublished(number: int) -> tuple[int, list[int]] | None:
    """Return the version of a list and the places in it that count no more; None when that version is public."""
    session = reading()
    found = session.execute(select(StatusList.version, StatusList.published).where(StatusList.id == number)).one()
    if found.published == found.version:
        return None
    query = (
        select(Badge.position)
        .join(Certificate, Certificate.id == Badge.certificate_id)
        .where(
            Badge.status_list_id == number,
            or_(Certificate.revoked_at.is_not(None), Certificate.replaced_by_id.is_not(None)),
        )
    )
    return found.version, list(session.scalars(query))


def publish(number: int, version: int, credential: str) -> None:
    """Make a signed list the public one, unless a later version is. The places were read after the version."""
    values: dict[str, Any] = {"credential": credential, "published": version}
    older = or_(StatusList.published.is_(None), StatusList.published < version)
    with transaction() as session:
        changed = update(StatusList).where(StatusList.id == number, older).values(values)
        session.execute(changed.execution_options(synchronize_session=False))
