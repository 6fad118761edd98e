"""Whom to ask inside an organisation, and what an instructor was authorised for."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms.models import Account, Authorisation, CertificationType, Membership, MembershipRole, MembershipState, Role
from mhfa_lms.policy import Actor, scope

MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody with a task in the organisation, and the address they can be reached at for it."""

    name: str
    email: str
    role: Role


@dataclass(frozen=True, slots=True)
class Leave:
    """An instructor's leave to mark one certification type. `expires_on` is its last day."""

    type_name: str
    valid_from: date
    expires_on: date


def with_roles(session: Session, by: Actor, *roles: Role) -> list[Contact]:
    """Return the people of the actor's organisation with one of these roles, in the order of their names."""
    rows = session.execute(
        select(Membership.name, Membership.work_email, Account.email, MembershipRole.role)
        .join(MembershipRole, MembershipRole.membership_id == Membership.id)
        .join(Account, Account.id == Membership.account_id)
        .where(
            scope(by, Membership),
            Membership.state == MembershipState.ACTIVE,
            Account.deactivated_at.is_(None),
            MembershipRole.role.in_(roles),
        )
        .order_by(Membership.sort_key, Membership.id)
        .limit(MOST)
    ).all()
    return [Contact(row.name, row.work_email or row.email, row.role) for row in rows]


def leaves(session: Session, by: Actor) -> list[Leave]:
    """Return every authorisation the actor has or had, the one that lasts longest first."""
    rows = session.execute(
        select(CertificationType.name, Authorisation.valid_from, Authorisation.expires_on)
        .join(CertificationType, CertificationType.id == Authorisation.certification_type_id)
        .where(Authorisation.membership_id == by.membership_id)
        .order_by(Authorisation.expires_on.desc(), Authorisation.id.desc())
        .limit(MOST)
    ).all()
    return [Leave(name, valid_from, expires_on) for name, valid_from, expires_on in rows]
