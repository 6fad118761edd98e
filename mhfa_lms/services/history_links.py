"""Which earlier certificates renew which: what issuing would have done, had they been issued here in their order."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Protocol

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from mhfa_lms.models import Certificate
from mhfa_lms.policy import Actor
from mhfa_lms.services import audit, reminder_marks


class Linked(Protocol):
    """What of a certificate decides. All of them are one person's, of one type."""

    id: int
    completed_on: date
    expires_on: date
    window_opens_on: date
    window_closes_on: date
    is_imported: bool
    renewed_by_id: int | None


def chain(certificates: Sequence[Linked]) -> dict[int, int | None]:
    """Return for each certificate, by id, the one that renews it. Pure.

    Each renews at most one: of those whose window held its day of completion and that nothing renewed before, the one
    that ends last, as when one is issued. What was decided between two that were issued here stays.
    """
    links = {one.id: None if one.is_imported else one.renewed_by_id for one in certificates}
    taken = {successor for successor in links.values() if successor is not None}
    for later in sorted(certificates, key=lambda one: (one.completed_on, one.id)):
        if later.id in taken:
            continue
        earlier = [
            one
            for one in certificates
            if links[one.id] is None
            and one.completed_on < later.completed_on
            and one.window_opens_on <= later.completed_on <= one.window_closes_on
            and (one.is_imported or later.is_imported)
        ]
        if earlier:
            links[max(earlier, key=lambda one: (one.expires_on, one.id)).id] = later.id
    return links


def link(session: Session, whose: Iterable[tuple[int, int]], *, by: Actor, now: datetime) -> None:
    """Link the certificates of memberships and types as renewals, in the caller's transaction."""
    query = (
        select(Certificate)
        .where(
            tuple_(Certificate.membership_id, Certificate.certification_type_id).in_(sorted(whose)),
            Certificate.revoked_at.is_(None),
            Certificate.replaced_by_id.is_(None),
        )
        .order_by(Certificate.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    several: dict[tuple[int, int], list[Certificate]] = {}
    for one in session.scalars(query):
        several.setdefault((one.membership_id, one.certification_type_id), []).append(one)
    for theirs in several.values():
        # Most people have one.
        if len(theirs) > 1:
            _put(session, theirs, by, now)


def _put(session: Session, theirs: list[Certificate], by: Actor, now: datetime) -> None:
    links = chain(theirs)
    for one in theirs:
        successor = links[one.id]
        if one.renewed_by_id == successor:
            continue
        if successor is None:
            # Reminders of it may be due again.
            reminder_marks.forget(session, [one.organisation_id])
        else:
            audit.about(session, "certificate-renewed", one, by=by, now=now, successor=successor)
        one.renewed_by_id = successor
