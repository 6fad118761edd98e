"""What an administrator sees of one organisation: counts, who coordinates it, what it decides for itself."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, String, and_, cast, exists, literal, select
from sqlalchemy.orm import Session

from mhfa_lms.models import (
    Invitation,
    Membership,
    MembershipRole,
    MembershipState,
    Message,
    Organisation,
    Role,
    WorkState,
)
from mhfa_lms.policy import Actor, Can, require
from mhfa_lms.services import paging, rules

SHOWN: Final = 25


@dataclass(frozen=True, slots=True)
class OwnRule:
    """A rule that is set for an organisation or one above it. `course_id` None means all courses."""

    rule: rules.Rule
    value: Any
    organisation_id: int
    course_id: int | None


@dataclass(frozen=True, slots=True)
class Facts:
    """One organisation. `coordinators` and `invited` are at most 25 each, in the order of their names."""

    organisation: Organisation
    above: list[Organisation]
    people: paging.Total
    coordinators: list[str]
    invited: list[Any]
    has_safeguarding_lead: bool
    own_rules: list[OwnRule]


def gather(session: Session, organisation: Organisation, *, by: Actor) -> Facts:
    """Look everything up: seven queries. Raises `Forbidden`."""
    require(by, Can.ADMINISTER)
    tree = rules.ancestors(session, organisation.id)
    named = {row.id: row for row in session.scalars(select(Organisation).where(Organisation.id.in_(tree)))}
    here = and_(Membership.organisation_id == organisation.id, Membership.state == MembershipState.ACTIVE)
    return Facts(
        organisation,
        [named[one] for one in tree if one != organisation.id],
        paging.count(session, select(Membership.id).where(here)),
        list(session.scalars(_holders(here, Role.COORDINATOR).order_by(Membership.sort_key).limit(SHOWN))),
        list(session.execute(_invited(organisation.id))),
        session.scalars(_holders(here, Role.SAFEGUARDING).limit(1)).first() is not None,
        [
            OwnRule(rules.Rule(row.key), row.value["value"], row.organisation_id or 0, row.course_id)
            for row in rules.set_in(session, tree)
        ],
    )


def _holders(here: ColumnElement[bool], role: Role) -> Select[str]:
    held = and_(MembershipRole.membership_id == Membership.id, MembershipRole.role == role)
    return select(Membership.name).join(MembershipRole, held).where(here)


def _of_coordinator(organisation_id: int) -> ColumnElement[bool]:
    """Whether an invitation is open and would make a coordinator: the roles are a JSON list of plain words."""
    return and_(
        Invitation.organisation_id == organisation_id,
        Invitation.accepted_at.is_(None),
        Invitation.withdrawn_at.is_(None),
        cast(Invitation.roles, String).contains(f'"{Role.COORDINATOR.value}"'),
    )


def _invited(organisation_id: int) -> paging.Columns:
    undelivered = exists().where(
        Message.key == literal("invitation:") + cast(Invitation.id, String), Message.state == WorkState.FAILED
    )
    return (
        select(
            Invitation.id,
            Invitation.name,
            Invitation.email,
            Invitation.created_at,
            Invitation.expires_at,
            undelivered.label("undelivered"),
        )
        .where(_of_coordinator(organisation_id))
        .order_by(Invitation.email_key)
        .limit(SHOWN)
    )


def invitation(session: Session, organisation_id: int, invitation_id: int) -> Invitation | None:
    """Return an open invitation of a coordinator of this organisation, or None."""
    query = select(Invitation).where(_of_coordinator(organisation_id), Invitation.id == invitation_id)
    return session.scalars(query).one_or_none()
