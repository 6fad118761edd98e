"""Deleting one's own account: what goes, what stays and why, and doing it.

The account and everything about how somebody learned goes at once. An organisation keeps its training record, the name
used there and the certificates, because it has to be able to say later whom it trained; it goes when the retention
period ends (the rule `retention_months`), or when an administrator erases the person. Where no certificate was issued,
nothing stays with a name. The public sees no name from now on.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from mhfa_lms import clock
from mhfa_lms.db import session as reading
from mhfa_lms.db import take_turns, transaction
from mhfa_lms.models import (
    Certificate,
    Membership,
    MembershipRole,
    MembershipState,
    Organisation,
    Role,
)
from mhfa_lms.policy import Actor, Can, require
from mhfa_lms.services import accounts, erasure, outbox, rules, signing_in
from mhfa_lms.services.periods import CERTIFIED, standing
from mhfa_lms.services.retention_due import kept_until
from mhfa_lms.services.rules import Rule


class NoHandoverError(RuntimeError):
    """Somebody is the only coordinator of an organisation with other members, and has not said that this is meant."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A certificate that the organisation's record keeps."""

    title: str
    expires_on: date
    counts: bool


@dataclass(frozen=True, slots=True)
class Place:
    """What happens in one organisation. `until` is when its record goes, None where none is kept."""

    organisation: str
    name: str
    certificates: tuple[Kept, ...]
    until: date | None
    only_coordinator: bool


@dataclass(frozen=True, slots=True)
class Consequences:
    """What deleting the account would mean."""

    places: tuple[Place, ...]
    last_administrator: bool

    @property
    def certified(self) -> list[Kept]:
        """The certificates that count today."""
        return [one for place in self.places for one in place.certificates if one.counts]

    @property
    def unled(self) -> list[str]:
        """The organisations that would be without a coordinator."""
        return [place.organisation for place in self.places if place.only_coordinator]


def consequences(*, by: Actor, now: datetime) -> Consequences:
    """Return what deleting the actor's account would mean today. Four queries, and what one rule costs
    for each organisation that issued a certificate. Raises `Forbidden`."""
    require(by, Can.USE_ACCOUNT)
    session = reading()
    return Consequences(tuple(_places(session, by, now)), accounts.is_last_administrator(session, by.account_id))


def _places(session: Session, by: Actor, now: datetime) -> list[Place]:
    rows = session.execute(
        select(
            Membership.id,
            Membership.name,
            Organisation.id.label("organisation_id"),
            Organisation.name.label("organisation"),
            Organisation.timezone,
        )
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(Membership.account_id == by.account_id)
        .order_by(Organisation.name)
    ).all()
    unled = _unled(session, by.account_id)
    held: dict[int, list[Certificate]] = {}
    query = (
        select(Certificate)
        .join(Membership, Membership.id == Certificate.membership_id)
        .where(Membership.account_id == by.account_id, Certificate.erased_at.is_(None))
        .order_by(Certificate.expires_on.desc(), Certificate.id.desc())
    )
    for one in session.scalars(query):
        held.setdefault(one.membership_id, []).append(one)
    return [_place(session, row, held.get(row.id, []), now, unled=row.id in unled) for row in rows]


def _place(session: Session, row: Any, held: list[Certificate], now: datetime, *, unled: bool) -> Place:
    today = clock.civil_date(now, row.timezone)
    kept = tuple(Kept(one.type_name, one.expires_on, standing(one, today) in CERTIFIED) for one in held)
    until = None
    if held:
        found = rules.resolve(session, [Rule.RETENTION_MONTHS], organisation_id=row.organisation_id)
        until = kept_until(max(one.expires_on for one in held), int(found[Rule.RETENTION_MONTHS].value))
    return Place(row.organisation, row.name, kept, until, unled)


def _unled(session: Session, account_id: int) -> frozenset[int]:
    """Return the account's memberships that are an organisation's only coordinator while others belong to it."""
    other, other_role, member = aliased(Membership), aliased(MembershipRole), aliased(Membership)
    active = MembershipState.ACTIVE
    another = exists().where(
        other.organisation_id == Membership.organisation_id,
        other.account_id != account_id,
        other.state == active,
        other_role.membership_id == other.id,
        other_role.role == Role.COORDINATOR,
    )
    anybody = exists().where(
        member.organisation_id == Membership.organisation_id,
        member.account_id != account_id,
        member.state == active,
    )
    query = (
        select(Membership.id)
        .join(MembershipRole, MembershipRole.membership_id == Membership.id)
        .where(
            Membership.account_id == account_id,
            Membership.state == active,
            MembershipRole.role == Role.COORDINATOR,
            anybody,
            ~another,
        )
    )
    return frozenset(session.scalars(query))


def delete_own_account(password: str, *, by: Actor, now: datetime, without_handover: bool = False) -> erasure.Erased:
    """Delete the actor's account, sign it out everywhere, and say so in one last mail to its address.

    Raises `WrongPasswordError`, `NoHandoverError` and `accounts.LastAdministratorError`.
    """
    stored = signing_in.confirmed_password(password, by=by)
    with transaction() as session:
        take_turns(session, accounts.LAST_ONE_LOCK)
        account = signing_in.unchanged(session, by.account_id, stored)
        if not without_handover and _unled(session, account.id):
            raise NoHandoverError(account.id)
        address, locale = account.email, account.locale
        kept = [place.organisation for place in _places(session, by, now) if place.until]
        done = erasure.erase_account(session, account, by=by, now=now, keep_records=True)
        # After the erasure, which empties and ends every mail to the person. The worker forgets the address with it.
        outbox.post(
            session,
            outbox.FAREWELL,
            key=f"{outbox.FAREWELL}:{done.account_id}",
            due_at=now,
            now=now,
            to_address=address,
            locale=locale,
            facts={"kept": kept},
        )
        return done
