"""The first steps of an installation: what to do before people learn here, each until it is done."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, String, cast, exists, or_, select
from sqlalchemy.orm import Session

from mhfa_lms.models import (
    AuditEvent,
    Authorisation,
    HelpCheck,
    Invitation,
    Membership,
    MembershipRole,
    MembershipState,
    Organisation,
    Role,
)
from mhfa_lms.services import acceptance
from mhfa_lms.services.measuring import BACKUP_MADE


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """Each step and whether it is done, in the order in which they are best taken."""

    organisation: bool
    mail_server: bool
    coordinator: bool
    safeguarding: bool
    instructor: bool
    courses: bool
    help_lines: bool
    backup: bool


def gather(session: Session, *, mail_is_set: bool, drafts: list[int]) -> FirstSteps:
    """Look the steps up: two queries. `drafts` are revisions that no clinician has reviewed, live or waiting."""
    found = session.execute(
        select(
            exists().where(Organisation.id.is_not(None)),
            or_(_somebody_is(Role.COORDINATOR), _coordinator_invited()),
            _somebody_is(Role.SAFEGUARDING),
            exists().where(Authorisation.id.is_not(None)),
            _lines_checked(),
            exists().where(AuditEvent.verb == BACKUP_MADE),
        )
    ).one()
    organisation, coordinator, safeguarding, instructor, help_lines, backup = map(bool, found)
    return FirstSteps(
        organisation=organisation,
        mail_server=mail_is_set,
        coordinator=coordinator,
        safeguarding=safeguarding,
        instructor=instructor,
        courses=not drafts or set(drafts) <= acceptance.accepted(session, drafts).keys(),
        help_lines=help_lines,
        backup=backup,
    )


def _somebody_is(role: Role) -> ColumnElement[bool]:
    here = (Membership.id == MembershipRole.membership_id) & (Membership.state == MembershipState.ACTIVE)
    return exists().where(MembershipRole.role == role, here)


def _coordinator_invited() -> ColumnElement[bool]:
    return exists().where(
        Invitation.withdrawn_at.is_(None), cast(Invitation.roles, String).contains(f'"{Role.COORDINATOR.value}"')
    )


def _lines_checked() -> ColumnElement[bool]:
    """Whether somebody has checked the lines of every country that an organisation is in, or any when none is."""
    checked = exists().where(HelpCheck.country == Organisation.country)
    unchecked = exists().where(Organisation.country.is_not(None), ~checked)
    return exists().where(HelpCheck.id.is_not(None)) & ~unchecked
