"""Memberships: a person in one organisation, with roles, consent to be listed and a choice about reminders."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session, contains_eager, joinedload

from mhfa_lms.db import session as reading
from mhfa_lms.db import transaction
from mhfa_lms.models import (
    Account,
    Audience,
    LoginSession,
    Membership,
    MembershipRole,
    MembershipState,
    Organisation,
    Role,
)
from mhfa_lms.policy import SYSTEM, Actor, Can, Forbidden, require
from mhfa_lms.services import audit, reminder_marks, safeguarding_notices, sessions, stopping
from mhfa_lms.services.names import email_key, sort_key
from mhfa_lms.services.stopping import Stop


def add(
    session: Session,
    account_id: int,
    organisation_id: int,
    name: str,
    *,
    roles: Iterable[Role],
    audience: Audience,
    now: datetime,
    by: Actor,
    site_id: int | None = None,
) -> Membership:
    """Make an account a member, in the caller's transaction. Somebody who is one already stays as they are.

    Somebody who had left comes back with these roles; their training was never gone.
    """
    # The lock lets two acceptances at once take turns; the second finds the first one's membership.
    session.get_one(Account, account_id, with_for_update={"key_share": True})
    row = session.scalars(
        select(Membership).where(Membership.account_id == account_id, Membership.organisation_id == organisation_id)
    ).one_or_none()
    if row is not None and row.state == MembershipState.ACTIVE:
        return row
    if row is None:
        row = Membership(account_id=account_id, organisation_id=organisation_id)
        session.add(row)
    else:
        # Reminders of somebody who had left may be due again.
        reminder_marks.forget(session, [organisation_id])
    row.name, row.sort_key = name.strip(), sort_key(name)
    row.audience, row.site_id = audience, site_id
    row.state, row.joined_at, row.left_at = MembershipState.ACTIVE, now, None
    session.flush()
    _put_roles(session, row.id, set(roles) or {Role.LEARNER}, now=now)
    audit.about(session, "membership-added", row, by=by, now=now)
    session.refresh(row)
    return row


def set_roles(membership_id: int, roles: Iterable[Role], *, by: Actor, now: datetime) -> None:
    """Give a member these roles instead of those they have, and sign them out everywhere when that changes them.

    Nobody makes themselves safeguarding lead: they would open to themselves what people wrote to somebody else. Raises
    `Forbidden`.
    """
    wanted = set(roles) or {Role.LEARNER}
    with transaction() as session:
        row = _locked(session, membership_id)
        require(by, Can.CHANGE_MEMBERSHIP, row)
        if {held.role for held in row.roles} == wanted:
            return
        gained = wanted - {held.role for held in row.roles}
        if Role.SAFEGUARDING in gained and row.account_id == by.account_id:
            raise Forbidden(Can.CHANGE_MEMBERSHIP)
        _put_roles(session, row.id, wanted, now=now)
        sessions.end_all(session, row.account_id, now=now)
        audit.about(session, "roles-changed", row, by=by, now=now, roles="+".join(sorted(wanted)))


def make_coordinator(organisation_id: int, email: str, *, by: Actor, now: datetime) -> bool:
    """Give a member with this address the coordinator role beside their others, as an administrator.

    So that an organisation whose last coordinator has left gets one again. Returns False when nobody here has the
    address. Signs them out everywhere, as every change of roles does.
    """
    with transaction() as session:
        account = session.scalars(
            select(Account).where(Account.email_key == email_key(email)).with_for_update(key_share=True)
        ).one_or_none()
        row = session.scalars(
            select(Membership)
            .where(
                Membership.organisation_id == organisation_id,
                Membership.state == MembershipState.ACTIVE,
                Membership.account_id == (account.id if account else None),
            )
            .with_for_update(of=Membership)
        ).one_or_none()
        require(by, Can.INVITE_COORDINATOR, row)
        if row is None:
            return False
        wanted = {held.role for held in row.roles} | {Role.COORDINATOR}
        if len(wanted) > len(row.roles):
            _put_roles(session, row.id, wanted, now=now)
            sessions.end_all(session, row.account_id, now=now)
            audit.about(session, "roles-changed", row, by=by, now=now, roles="+".join(sorted(wanted)))
        return True


def leave(membership_id: int, *, by: Actor, now: datetime) -> None:
    """End a membership: one's own, or, as a coordinator, somebody's in the organisation. Training stays on record."""
    with transaction() as session:
        row = _locked(session, membership_id)
        own = row.account_id == by.account_id
        if not own:
            require(by, Can.CHANGE_MEMBERSHIP, row)
        if row.state == MembershipState.LEFT:
            return
        row.state, row.left_at, row.listed_since = MembershipState.LEFT, now, None
        sessions.end_all(session, row.account_id, now=now, but=by.session_id if own else None)
        session.execute(update(LoginSession).where(LoginSession.membership_id == row.id).values(membership_id=None))
        audit.about(session, "membership-ended", row, by=by, now=now)


def set_listed(membership_id: int, listed: bool, *, by: Actor, now: datetime) -> None:
    """Agree to be listed as a first aider, or take the consent back at once. Nobody does it for another."""
    with transaction() as session:
        row = _own(session, membership_id, by)
        if listed == (row.listed_since is not None):
            return
        row.listed_since = now if listed else None
        audit.about(session, "listing-agreed" if listed else "listing-withdrawn", row, by=by, now=now)


def set_reminders(membership_id: int, wanted: bool, *, by: Actor, now: datetime, what: Stop = Stop.REMINDERS) -> None:
    """Want reminders of this membership's certificates (or the coordinators' letter), or none."""
    with transaction() as session:
        stopping.set_wanted(session, _own(session, membership_id, by), what, wanted=wanted, by=by, now=now)


def of_account(account_id: int) -> list[Membership]:
    """Return an account's memberships in use, by the organisation's name, with organisations and sites loaded."""
    query = (
        select(Membership)
        .join(Organisation)
        .where(Membership.account_id == account_id, Membership.state == MembershipState.ACTIVE)
        .order_by(Organisation.name, Membership.id)
        .options(contains_eager(Membership.organisation), joinedload(Membership.site))
    )
    return list(reading().scalars(query))


def _locked(session: Session, membership_id: int) -> Membership:
    # The account's row first, as everywhere: who erases the person holds it and then ends sessions and memberships.
    account_id = session.scalars(select(Membership.account_id).where(Membership.id == membership_id)).one()
    session.get_one(Account, account_id, with_for_update={"key_share": True})
    return session.get_one(Membership, membership_id, with_for_update=True)


def _own(session: Session, membership_id: int, by: Actor) -> Membership:
    row = session.get_one(Membership, membership_id, with_for_update=True)
    if by != SYSTEM and row.account_id != by.account_id:
        raise Forbidden("another person's membership")
    return row


def _put_roles(session: Session, membership_id: int, wanted: set[Role], *, now: datetime) -> None:
    row = session.get_one(Membership, membership_id)
    gained = wanted - {held.role for held in row.roles}
    row.roles = [held for held in row.roles if held.role in wanted]
    row.roles += [MembershipRole(role=role) for role in sorted(gained)]
    session.flush()
    if Role.SAFEGUARDING in gained:
        safeguarding_notices.tell_of_new_lead(session, row, now=now)
