"""Accounts that nobody uses any more, or never came to use."""

from datetime import UTC, datetime, time, timedelta
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from mhfa_lms.models import Account, Certificate, LoginSession, Membership, MembershipState
from mhfa_lms.policy import Actor
from mhfa_lms.services.erasure import erase_account
from mhfa_lms.services.retention_due import Due, first_kept, installation_months, kept_until

UNCONFIRMED_FOR: Final = timedelta(days=30)


def find_unused(session: Session, now: datetime, limit: int, lock: bool) -> list[Due]:
    """Return accounts with no membership in use or with a name, no kept certificate, and nobody signed in.

    They must be as old as the installation keeps records. Administrators stay.
    """
    months = installation_months(session)
    in_use = or_(Membership.state == MembershipState.ACTIVE, Membership.name != "", Certificate.id.is_not(None))
    holds = (
        select(Membership.id)
        .outerjoin(Certificate, (Certificate.membership_id == Membership.id) & Certificate.erased_at.is_(None))
        .where(Membership.account_id == Account.id, in_use)
    )
    signed_in = select(LoginSession.id).where(LoginSession.account_id == Account.id, LoginSession.expires_at > now)
    query = (
        select(Account.id, Account.created_at)
        .where(
            Account.created_at < datetime.combine(first_kept(months, now.date()), time(), UTC),
            Account.confirmed_at.is_not(None),
            Account.erased_at.is_(None),
            Account.is_admin.is_(False),
            ~holds.exists(),
            ~signed_in.exists(),
        )
        .order_by(Account.id)
        .limit(limit)
    )
    rows = session.execute(query.with_for_update(key_share=True, skip_locked=True, of=Account) if lock else query)
    return [Due(row.id, kept_until(row.created_at.date(), months)) for row in rows]


def find_unconfirmed(session: Session, now: datetime, limit: int, lock: bool) -> list[Due]:
    """Return accounts whose address nobody confirmed in time, and that belong nowhere."""
    member = select(Membership.id).where(
        Membership.account_id == Account.id, Membership.state == MembershipState.ACTIVE
    )
    query = (
        select(Account.id, Account.created_at)
        .where(
            Account.confirmed_at.is_(None),
            Account.created_at < now - UNCONFIRMED_FOR,
            Account.erased_at.is_(None),
            Account.is_admin.is_(False),
            ~member.exists(),
        )
        .order_by(Account.id)
        .limit(limit)
    )
    rows = session.execute(query.with_for_update(key_share=True, skip_locked=True, of=Account) if lock else query)
    return [Due(row.id, (row.created_at + UNCONFIRMED_FOR).date()) for row in rows]


def erase(session: Session, due: list[Due], by: Actor, now: datetime) -> None:
    """Erase accounts as `erase-person` does.

    Anybody can register an address: unless it was confirmed, what waits for the person it belongs to stays.
    """
    for account in session.scalars(select(Account).where(Account.id.in_([one.id for one in due]))).all():
        erase_account(session, account, by=by, now=now, keep_awaited=account.confirmed_at is None)
