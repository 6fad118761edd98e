"""Invitations: a coordinator offers an address a place; whoever holds the link takes it, by whatever account.

Inviting behaves in the same way whether or not the address has an account, so that nobody learns of one elsewhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from mhfa_lms.db import session as reading
from mhfa_lms.db import transaction
from mhfa_lms.i18n import lazy
from mhfa_lms.models import (
    Account,
    Audience,
    Course,
    Invitation,
    LinkKind,
    Membership,
    MembershipState,
    Organisation,
    Role,
    Site,
)
from mhfa_lms.policy import Actor, Can, Forbidden, allowed, require
from mhfa_lms.services import (
    accounts,
    audit,
    catalogue,
    enrolments,
    history_records,
    invitation_mail,
    links,
    memberships,
    passwords,
    rules,
    sessions,
)
from mhfa_lms.services.limits import TooManyTriesError
from mhfa_lms.services.names import email_key
from mhfa_lms.services.secrets import hashed, new_secret

LASTS: Final = timedelta(days=14)
# So that nobody's mailbox is filled by way of us. An import of a whole school still goes through.
WINDOW: Final = timedelta(hours=1)
MOST_TO_ONE_ADDRESS: Final = 4
MOST_BY_ONE_PERSON: Final = 1000


class InvitationError(ValueError):
    """This person cannot be invited; `message` says why."""

    def __init__(self, message: Any) -> None:
        super().__init__(str(message))
        self.message = message


@dataclass(frozen=True, slots=True)
class Offer:
    """What the page behind an invitation's link shows."""

    organisation_name: str
    email: str
    name: str
    course_title: str
    minimum_age: int


def invite(
    organisation_id: int,
    email: str,
    name: str,
    *,
    roles: Iterable[Role],
    audience: Audience,
    site_id: int | None,
    course_id: int | None,
    by: Actor,
    now: datetime,
) -> None:
    """Invite a person by mail. A second invitation replaces the first: its link dies.

    Raises `Forbidden`, `InvitationError` when the address is a member's already, and `TooManyTriesError`.
    """
    row, secret = _written(organisation_id, email, name, roles or {Role.LEARNER}, by=by, now=now)
    row.audience, row.site_id, row.course_id = audience, site_id, course_id
    require(by, Can.INVITE, row)
    _send(row, secret, by=by, now=now)


def invite_coordinator(organisation_id: int, email: str, name: str, *, by: Actor, now: datetime) -> None:
    """Invite a coordinator of an organisation, its first one for example, as an administrator.

    Raises what `invite` raises.
    """
    row, secret = _written(organisation_id, email, name, {Role.LEARNER, Role.COORDINATOR}, by=by, now=now)
    row.audience = Audience.OTHER
    require(by, Can.INVITE_COORDINATOR, row)
    _send(row, secret, by=by, now=now)


def _written(
    organisation_id: int, email: str, name: str, roles: Iterable[Role], *, by: Actor, now: datetime
) -> tuple[Invitation, str]:
    secret = new_secret()
    row = Invitation(
        organisation_id=organisation_id,
        email=email.strip(),
        email_key=email_key(email),
        name=name.strip(),
        roles=[role.value for role in sorted(set(roles))],
        secret_hash=hashed(secret),
        invited_by_id=by.account_id,
        created_at=now,
        expires_at=now + LASTS,
    )
    return row, secret


def _send(row: Invitation, secret: str, *, by: Actor, now: datetime) -> None:
    with transaction() as session:
        _check(session, row)
        _limit(session, row, now=now)
        _withdraw_open(session, row, now=now)
        session.add(row)
        session.flush()
        audit.about(session, "invited", row, by=by, now=now)
        invitation_mail.post(session, row, secret, by=by, now=now)


def withdraw(invitation_id: int, *, by: Actor, now: datetime) -> None:
    """Take an invitation back; its link dies. One that was accepted stays accepted."""
    with transaction() as session:
        row = session.get(Invitation, invitation_id, with_for_update=True)
        if row is None:
            raise Forbidden(Can.INVITE)
        # Administrators take back what they may send: invitations of coordinators, whoever sent them.
        of_coordinator = Role.COORDINATOR.value in row.roles
        if not (of_coordinator and allowed(by, Can.INVITE_COORDINATOR, row)):
            require(by, Can.INVITE, row)
        if row.accepted_at is None and row.withdrawn_at is None:
            row.withdrawn_at = now
            audit.about(session, "invitation-withdrawn", row, by=by, now=now)


def offer(secret: str, *, now: datetime) -> Offer | None:
    """Return what an invitation's link offers, or None when it no longer works."""
    session = reading()
    row = session.scalars(_living(secret, now)).one_or_none()
    if row is None:
        return None
    organisation = session.get_one(Organisation, row.organisation_id)
    age = rules.resolve(session, [rules.Rule.MINIMUM_AGE], organisation_id=row.organisation_id)
    return Offer(
        organisation.name,
        row.email,
        row.name,
        invitation_mail.course_title(session, row.course_id),
        age[rules.Rule.MINIMUM_AGE].value,
    )


def accept(secret: str, *, by: Actor, name: str, now: datetime) -> int:
    """Take the place with the account that is signed in. Returns the membership's id. Raises `DeadLinkError`."""
    with transaction() as session:
        row = _use(session, secret, now=now)
        return _join(session, row, by.account_id, name, now=now)


def accept_as_new(secret: str, *, name: str, password: str, locale: str, now: datetime, browser: str = "") -> str:
    """Take the place as a new person, old enough, who accepts the privacy notice; the link proves the address.

    Returns the secret of a new session. Raises `DeadLinkError`, `PasswordError`, and `AccountExistsError` when the
    address has a confirmed account: its holder signs in instead.
    """
    found = offer(secret, now=now)
    if found is None:
        raise links.DeadLinkError("invitation")
    passwords.check(password, found.email)
    stored = passwords.hashed(password)
    with transaction() as session:
        row = _use(session, secret, now=now)
        account = accounts.find(session, row.email, lock=True)
        if account is None:
            account = accounts.create_account(
                session, row.email, now=now, locale=locale, password_hash=stored, confirmed=True
            )
        elif account.confirmed_at is not None or account.deactivated_at is not None:
            raise accounts.AccountExistsError("the address has an account")
        else:
            # Somebody had typed this address without proving it is theirs: what they chose does not count.
            account.password_hash, account.confirmed_at = stored, now
            links.end(session, account.id, LinkKind.CONFIRM, now=now)
        accounts.accept_terms(account, now=now)
        _join(session, row, account.id, name, now=now)
        return sessions.begin(session, account.id, now=now, browser=browser, password_at=now)


def _join(session: Session, row: Invitation, account_id: int, name: str, *, now: datetime) -> int:
    by = Actor(account_id)
    row.accepted_at = now
    membership = memberships.add(
        session,
        account_id,
        row.organisation_id,
        name or row.name,
        roles=[Role(str(role)) for role in row.roles],
        audience=row.audience,
        site_id=row.site_id,
        now=now,
        by=by,
    )
    audit.about(session, "invitation-accepted", row, by=by, now=now)
    # The link was sent to this address, so whoever holds it can read the mail there.
    history_records.hand_over(session, membership, {row.email_key, *accounts.proven(session, account_id)}, now=now)
    if row.course_id is not None and catalogue.newest_of(session, row.course_id) is not None:
        enrolments.enrol_in(session, membership, row.course_id, by=by, now=now)
    return membership.id


def _living(secret: str, now: datetime) -> Select[Invitation]:
    return select(Invitation).where(
        Invitation.secret_hash == hashed(secret),
        Invitation.accepted_at.is_(None),
        Invitation.withdrawn_at.is_(None),
        Invitation.expires_at > now,
    )


def _use(session: Session, secret: str, *, now: datetime) -> Invitation:
    row = session.scalars(_living(secret, now).with_for_update()).one_or_none()
    if row is None:
        raise links.DeadLinkError("invitation")
    return row


def _check(session: Session, row: Invitation) -> None:
    member = session.scalars(
        select(Membership.id)
        .join(Account)
        .where(
            Membership.organisation_id == row.organisation_id,
            Membership.state == MembershipState.ACTIVE,
            Account.email_key == row.email_key,
        )
    ).one_or_none()
    if member is not None:
        raise InvitationError(lazy("This person is a member of the organisation already"))
    site = session.get(Site, row.site_id) if row.site_id is not None else None
    if row.site_id is not None and (site is None or site.organisation_id != row.organisation_id):
        raise InvitationError(lazy("This site is not one of your organisation’s"))
    if row.course_id is not None and session.get(Course, row.course_id) is None:
        raise InvitationError(lazy("There is no such course"))


def _limit(session: Session, row: Invitation, *, now: datetime) -> None:
    # Counted within the organisation: a limit across all of them would tell that others invite this person too.
    same_address = (Invitation.organisation_id == row.organisation_id) & (Invitation.email_key == row.email_key)
    same_person = Invitation.invited_by_id == row.invited_by_id
    for condition, most in ((same_address, MOST_TO_ONE_ADDRESS), (same_person, MOST_BY_ONE_PERSON)):
        count, first = session.execute(
            select(func.count(), func.min(Invitation.created_at)).where(condition, Invitation.created_at > now - WINDOW)
        ).one()
        if count >= most:
            raise TooManyTriesError(int((first + WINDOW - now).total_seconds()) + 1)


def _withdraw_open(session: Session, row: Invitation, *, now: datetime) -> None:
    # Two invitations at once to one address: the second waits for the first one's organisation row.
    session.get_one(Organisation, row.organisation_id, with_for_update={"key_share": True})
    session.execute(
        update(Invitation)
        .where(
            Invitation.organisation_id == row.organisation_id,
            Invitation.email_key == row.email_key,
            Invitation.accepted_at.is_(None),
            Invitation.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=now)
        .execution_options(synchronize_session=False)
    )
