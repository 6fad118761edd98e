"""Some more time for an instructor: an authorisation goes on once, for three months at most, with a reason.

It goes on as an authorisation of its own, from the day after. So reminders about its end start anew, it counts for
marking and planning as any other, and what is missing from the years before does not stand against it: it is there to
make that up.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms import clock
from mhfa_lms.db import transaction
from mhfa_lms.models import (
    Authorisation,
    AuthorisationExtension,
    CertificationType,
    Membership,
    MembershipState,
    Message,
    Role,
)
from mhfa_lms.policy import Actor, Can, require, scope
from mhfa_lms.services import audit, authorisations, outbox, reminder_hours, rules
from mhfa_lms.services.instructors import reachable
from mhfa_lms.services.periods import add_months
from mhfa_lms.services.rules import Rule

# The letter that tells the instructor of it.
KIND: Final = "authorisation-extended"
MOST_MONTHS: Final = 3
LONGEST_REASON: Final = 1_000


@dataclass(frozen=True, slots=True)
class Held:
    """An authorisation and its holder."""

    authorisation_id: int
    member: Membership

    @property
    def organisation_id(self) -> int:
        """Where it was given."""
        return self.member.organisation_id


class ExtensionError(ValueError):
    """The authorisation cannot be extended like this; the message says why."""


def find(session: Session, authorisation_id: int, *, by: Actor) -> Held | None:
    """Return an authorisation of the actor's organisation, with its holder."""
    member = session.scalars(
        select(Membership)
        .join(Authorisation, Authorisation.membership_id == Membership.id)
        .where(scope(by, Membership), Authorisation.id == authorisation_id)
    ).one_or_none()
    return Held(authorisation_id, member) if member else None


def extendable(held: Iterable[Any], today: date) -> dict[int, Any]:
    """Return by id which of a member's authorisations can be extended: in force, the last of its type, no extension.

    `held` comes from `authorisations.of`.
    """
    rows = list(held)
    last = {row.certification_type_id: row for row in rows}  # in the order of their ends
    open_ones = (row for row in last.values() if row.valid_from <= today <= row.expires_on)
    return {row.id: row for row in open_ones if row.extension_months is None}


def extend(membership_id: int, authorisation_id: int, months: int, reason: str, *, by: Actor, now: datetime) -> date:
    """Let an authorisation in force go on for one to three months after its end. Returns the new last day.

    The instructor is told by mail, but for the reason, which is for the record.

    Raises `Forbidden`, and `ExtensionError` for no reason, too many months, no instructor, or an authorisation that is
    not in force, was extended before, or was followed by another.
    """
    reason = reason.strip()[:LONGEST_REASON]
    if not reason:
        raise ExtensionError("a reason is needed")
    if not 1 <= months <= MOST_MONTHS:
        raise ExtensionError("an extension lasts one to three months")
    with transaction() as session:
        # The lock makes a second extension wait and see the first one.
        member = session.get_one(Membership, membership_id, with_for_update=True)
        require(by, Can.CHANGE_MEMBERSHIP, member)
        old = _in_force(session, member, authorisation_id, by=by, now=now)
        longer = Authorisation(
            membership_id=member.id,
            certification_type_id=old.certification_type_id,
            valid_from=old.expires_on + timedelta(days=1),
            expires_on=add_months(old.expires_on, months),
            granted_by_id=by.account_id or None,
        )
        session.add(longer)
        session.flush()
        session.add(
            AuthorisationExtension(
                authorisation_id=longer.id,
                extends_id=old.id,
                months=months,
                reason=reason,
                granted_at=now,
                granted_by_id=by.account_id or None,
            )
        )
        session.flush()
        audit.record(
            session,
            "authorisation-extended",
            by=by,
            now=now,
            subject="authorisation",
            subject_id=longer.id,
            organisation_id=member.organisation_id,
            membership=member.id,
            extends=old.id,
            months=months,
        )
        _tell(session, member, old, longer, now=now)
        return longer.expires_on


def _tell(session: Session, member: Membership, old: Authorisation, longer: Authorisation, *, now: datetime) -> None:
    """Post the letter that says what was extended, until when, and what is asked meanwhile."""
    found = rules.resolve(session, [Rule.MINIMUM_DELIVERIES], organisation_id=member.organisation_id)
    outbox.post(
        session,
        KIND,
        key=f"{KIND}:{longer.id}",
        due_at=reminder_hours.of(session, member, now=now),
        now=now,
        account_id=member.account_id,
        organisation_id=member.organisation_id,
        locale=member.account.locale,
        facts={
            "name": member.name,
            "type": session.get_one(CertificationType, longer.certification_type_id).name,
            "organisation": member.organisation.name,
            "ended_on": old.expires_on.isoformat(),
            "begins_on": longer.valid_from.isoformat(),
            "expires_on": longer.expires_on.isoformat(),
            "needed": int(found[Rule.MINIMUM_DELIVERIES].value),
            "path": "/account",
        },
    )


def unwanted(session: Session, message: Message) -> str | None:
    """Return why a posted letter about an extension must not be delivered any more, or None."""
    held = select(Authorisation.expires_on).join(Membership, Membership.id == Authorisation.membership_id)
    number = int(message.key.rpartition(":")[2])
    ends = session.scalars(reachable(held).where(Authorisation.id == number)).one_or_none()
    if ends is None or ends.isoformat() != message.facts["expires_on"]:
        return "the authorisation was changed again, or the person no longer instructs here"
    return None


def _in_force(
    session: Session, member: Membership, authorisation_id: int, *, by: Actor, now: datetime
) -> Authorisation:
    if member.state is not MembershipState.ACTIVE or Role.INSTRUCTOR not in {held.role for held in member.roles}:
        raise ExtensionError("the person is not an instructor here")
    today = clock.civil_date(now, member.organisation.timezone)
    if authorisation_id not in extendable(authorisations.of(session, member.id, by=by, today=today), today):
        raise ExtensionError("it is not in force, was extended before, or was followed by another")
    return session.scalars(select(Authorisation).where(Authorisation.id == authorisation_id)).one()
