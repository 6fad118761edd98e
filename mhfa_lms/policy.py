"""Every permission, declared once. What is not listed here is refused.

Routes, services and templates ask `allowed`; queries for lists go through `scope`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Protocol

from sqlalchemy import ColumnElement, bindparam, false

from mhfa_lms.models import Role


class Forbidden(Exception):  # it is an answer, not a mistake of the program
    """The actor may not do this."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is asking: an account, and the membership it is using now, if any.

    `timezone` is the person's own or the organisation's; `session_id` is the login session's, None outside the web.
    """

    account_id: int
    is_admin: bool = False
    membership_id: int | None = None
    organisation_id: int | None = None
    organisation_name: str = ""
    roles: frozenset[Role] = frozenset()
    name: str = ""
    email: str = ""
    locale: str = "en"
    timezone: str = "UTC"
    country: str | None = None
    memberships_count: int = 0
    session_id: int | None = None
    # What the instructor may mark and release: certification types with an authorisation in force.
    authorised_types: frozenset[int] = frozenset()
    # How many answers wait for the instructor, counted no further than 100: the navigation says it on every page.
    waiting: int = 0
    # How many cases wait for the safeguarding lead, counted no further than 100.
    cases: int = 0
    # The courses that the person was named to review.
    reviews: frozenset[int] = frozenset()
    # Whether the person must have a second step of signing in, and whether this browser has proven one.
    second_step_required: bool = False
    second_step_proven: bool = False

    @property
    def is_held(self) -> bool:
        """Whether the person must first set up or prove a second step, and can do nothing else until then."""
        return self.second_step_required and not self.second_step_proven


# The worker and the command line act as the installation itself.
SYSTEM: Final = Actor(account_id=0, is_admin=True)


class Owned(Protocol):
    """A record of one organisation's."""

    organisation_id: Any


class Can(StrEnum):
    """What somebody may do."""

    SECURE_ACCOUNT = "secure-account"
    USE_ACCOUNT = "use-account"
    SEE_HOME = "see-home"
    LEARN = "learn"
    SEE_OWN_CERTIFICATE = "see-own-certificate"
    SEE_OWN_WORK = "see-own-work"
    SEE_MARKING = "see-marking"
    MARK = "mark"
    RELEASE_ATTEMPT = "release-attempt"
    CONFIRM_ACTIVITY = "confirm-activity"
    ASK_FOR_CONTACT = "ask-for-contact"
    SAFEGUARD = "safeguard"
    ADJUST = "adjust"
    COORDINATE = "coordinate"
    SEE_REGISTER = "see-register"
    EXPORT_REGISTER = "export-register"
    RECORD_HISTORY = "record-history"
    SEE_PEOPLE = "see-people"
    INVITE = "invite"
    INVITE_COORDINATOR = "invite-coordinator"
    CHANGE_MEMBERSHIP = "change-membership"
    ENROL = "enrol"
    REVOKE_CERTIFICATE = "revoke-certificate"
    MEND_MAIL = "mend-mail"
    REVIEW = "review"
    SIGN_OFF = "sign-off"
    ADMINISTER = "administer"


Rule = Callable[[Actor, Any], bool]


def signed_in(actor: Actor, thing: Any) -> bool:  # noqa: ARG001  # every rule has the same form
    """Anybody who has signed in."""
    return True


def member(actor: Actor, thing: Any) -> bool:  # noqa: ARG001
    """Somebody who is using a membership."""
    return actor.membership_id is not None


def administrator(actor: Actor, thing: Any) -> bool:  # noqa: ARG001
    """Somebody who runs the installation."""
    return actor.is_admin


def reviewer(actor: Actor, thing: Any) -> bool:
    """Somebody named to review the course, or any course when none is asked about."""
    return bool(actor.reviews) if thing is None else thing.id in actor.reviews


def in_organisation(actor: Actor, thing: Any) -> bool:
    """The record belongs to the actor's organisation (or none was named)."""
    return actor.organisation_id is not None and (thing is None or thing.organisation_id == actor.organisation_id)


def own(actor: Actor, thing: Any) -> bool:
    """The record is the actor's own membership's."""
    return actor.membership_id is not None and (thing is None or thing.membership_id == actor.membership_id)


def own_account(actor: Actor, thing: Any) -> bool:
    """The record belongs to a membership of the actor's account."""
    return thing is None or thing.membership.account_id == actor.account_id


def asked_by(actor: Actor, thing: Any) -> bool:
    """The long work was asked for by the actor's account."""
    return thing is None or thing.account_id == actor.account_id


def not_own(actor: Actor, thing: Any) -> bool:
    """The record is somebody else's: nobody marks their own answer or lets themselves try again."""
    return thing is None or _membership_of(thing) != actor.membership_id


def authorised(actor: Actor, thing: Any) -> bool:
    """The instructor holds an authorisation in force for the record's certification type."""
    if thing is None:
        return bool(actor.authorised_types)
    return _certification_type_of(thing) in actor.authorised_types


def _enrolment_of(thing: Any) -> Any:
    return getattr(thing, "enrolment", thing)


def _membership_of(thing: Any) -> int:
    return int(_enrolment_of(thing).membership_id)


def _certification_type_of(thing: Any) -> int:
    return int(_enrolment_of(thing).revision.course.certification_type_id)


def role(*roles: Role) -> Rule:
    """Return a rule: the actor has one of these roles in the organisation they are using."""
    wanted = frozenset(roles)

    def has_role(actor: Actor, thing: Any) -> bool:  # noqa: ARG001
        return bool(wanted & actor.roles)

    return has_role


# Each permission is granted when every rule of one of its rows holds.
GRANTS: Final[dict[Can, list[list[Rule]]]] = {
    Can.SECURE_ACCOUNT: [[signed_in]],
    Can.USE_ACCOUNT: [[signed_in]],
    Can.SEE_HOME: [[signed_in]],
    Can.LEARN: [[own]],
    Can.SEE_OWN_CERTIFICATE: [[own_account]],
    Can.SEE_OWN_WORK: [[asked_by]],
    Can.SEE_MARKING: [[in_organisation, role(Role.INSTRUCTOR)]],
    Can.MARK: [[in_organisation, role(Role.INSTRUCTOR), authorised, not_own]],
    Can.RELEASE_ATTEMPT: [[in_organisation, role(Role.INSTRUCTOR), authorised, not_own]],
    Can.CONFIRM_ACTIVITY: [[in_organisation, role(Role.INSTRUCTOR), authorised, not_own]],
    Can.ASK_FOR_CONTACT: [[own]],
    # Nobody looks after themselves: a lead's own case is for the others.
    Can.SAFEGUARD: [[in_organisation, role(Role.SAFEGUARDING), not_own]],
    Can.ADJUST: [
        [in_organisation, role(Role.INSTRUCTOR), authorised, not_own],
        [in_organisation, role(Role.COORDINATOR), not_own],
    ],
    Can.COORDINATE: [[in_organisation, role(Role.COORDINATOR)]],
    Can.SEE_REGISTER: [[in_organisation, role(Role.COORDINATOR)]],
    Can.EXPORT_REGISTER: [[in_organisation, role(Role.COORDINATOR)]],
    Can.RECORD_HISTORY: [[in_organisation, role(Role.COORDINATOR)]],
    Can.SEE_PEOPLE: [[in_organisation, role(Role.COORDINATOR)]],
    Can.INVITE: [[in_organisation, role(Role.COORDINATOR)]],
    Can.INVITE_COORDINATOR: [[administrator]],
    Can.CHANGE_MEMBERSHIP: [[in_organisation, role(Role.COORDINATOR)]],
    Can.ENROL: [[in_organisation, role(Role.COORDINATOR)]],
    Can.REVOKE_CERTIFICATE: [[in_organisation, role(Role.COORDINATOR)]],
    Can.MEND_MAIL: [[administrator], [in_organisation, role(Role.COORDINATOR)]],
    # Of a course, not of an organisation: a reviewer sees that course's text and what was said of it, and no people.
    Can.REVIEW: [[reviewer], [administrator]],
    Can.SIGN_OFF: [[reviewer]],
    Can.ADMINISTER: [[administrator]],
}


def allowed(actor: Actor | None, can: Can, thing: Any = None) -> bool:
    """Whether the actor may do this to the thing; without a thing: whether they may at all."""
    if actor is None:
        return False
    if actor == SYSTEM:
        return True
    if actor.is_held and can is not Can.SECURE_ACCOUNT:
        return False
    return any(all(rule(actor, thing) for rule in rules) for rules in GRANTS.get(can, []))


def require(actor: Actor | None, can: Can, thing: Any = None) -> None:
    """Raise `Forbidden` unless `allowed`."""
    if not allowed(actor, can, thing):
        raise Forbidden(can)


def scope(actor: Actor, model: type[Owned]) -> ColumnElement[bool]:
    """Return the condition that keeps a query to the actor's organisation: every list and every look-up uses it."""
    if actor.organisation_id is None:
        return false()
    condition: ColumnElement[bool] = model.organisation_id == actor.organisation_id
    return condition


def bound_scope(model: type[Owned]) -> ColumnElement[bool]:
    """Return the same condition for a statement that is made once and run with `organisation_id` each time.

    Nothing equals an empty one, so that an actor without an organisation finds nothing here either.
    """
    condition: ColumnElement[bool] = model.organisation_id == bindparam("organisation_id")
    return condition
