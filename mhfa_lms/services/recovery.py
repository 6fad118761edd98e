"""A new password by mail, and a new address: what a person does with a mailbox that is theirs."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mhfa_lms.db import session as reading
from mhfa_lms.db import transaction
from mhfa_lms.models import Account, LinkKind, Membership, MembershipState
from mhfa_lms.policy import Actor
from mhfa_lms.services import (
    accounts,
    audit,
    failing_addresses,
    history_records,
    joining,
    links,
    outbox,
    passwords,
    signing_in,
)
from mhfa_lms.services.names import email_key


class SameAddressError(ValueError):
    """The new address is the one the account has."""


def ask_reset(email: str, *, now: datetime) -> None:
    """Send a link for a new password, if the address has an account; the caller's answer is the same either way."""
    with transaction() as session:
        account = accounts.find(session, email)
        # Asking is on record also where there is no account, so that both ways cost a write.
        who = account.id if account else 0
        audit.record(session, "reset-asked", by=Actor(who), now=now, subject="account", subject_id=who)
        if account is None or account.deactivated_at is not None:
            return
        link = links.issue(session, LinkKind.RESET, account.id, now=now)
        outbox.post(
            session,
            "reset-password",
            key=f"reset-password:{link.id}",
            due_at=now,
            now=now,
            account_id=account.id,
            locale=account.locale,
            facts={"path": f"/reset/{link.secret}"},
        )


def reset_address(secret: str, *, now: datetime) -> str | None:
    """Return the address a living reset link is for, so that a password manager knows it; None for a dead link."""
    link = links.peek(LinkKind.RESET, secret, now=now)
    return _address(link.account_id) if link else None


def reset(secret: str, new: str, *, now: datetime) -> None:
    """Set a new password by a link, which proves the address as well. Raises `DeadLinkError` and `PasswordError`."""
    address = reset_address(secret, now=now)
    if address is None:
        raise links.DeadLinkError("reset")
    passwords.check(new, address)
    fresh = passwords.hashed(new)
    with transaction() as session:
        row = links.use(session, LinkKind.RESET, secret, now=now)
        account = session.get_one(Account, row.account_id, with_for_update={"key_share": True})
        by = Actor(account.id)
        if account.confirmed_at is None:
            joining.become_confirmed(session, account, joining.newest_wish(session, account.id), now=now)
            links.end(session, account.id, LinkKind.CONFIRM, now=now)
        signing_in.put_password(session, account, fresh, now=now)
        audit.record(session, "password-reset", by=by, now=now, subject="account", subject_id=account.id)


def ask_address(new: str, password: str, *, by: Actor, now: datetime) -> None:
    """Send a link to a new address; until it is used, nothing changes. An earlier wish dies.

    An address that has an account gets a mail that says so instead, and the answer here is the same.
    Raises `WrongPasswordError` and `SameAddressError`.
    """
    signing_in.confirmed_password(password, by=by)
    if email_key(new) == email_key(by.email):
        raise SameAddressError
    with transaction() as session:
        account = session.get_one(Account, by.account_id, with_for_update={"key_share": True})
        links.end(session, account.id, LinkKind.CHANGE_ADDRESS, now=now)
        audit.record(session, "address-change-asked", by=by, now=now, subject="account", subject_id=account.id)
        taken = accounts.find(session, new)
        if taken is not None:
            if taken.deactivated_at is None:
                joining.tell_holder(session, taken, now=now)
            return
        link = links.issue(session, LinkKind.CHANGE_ADDRESS, account.id, now=now, data={"email": new.strip()})
        outbox.post(
            session,
            "change-address",
            key=f"change-address:{link.id}",
            due_at=now,
            now=now,
            account_id=account.id,
            to_address=new.strip(),
            locale=account.locale,
            facts={"path": f"/account/address/{link.secret}"},
        )


def new_address(secret: str, *, now: datetime) -> str | None:
    """Return the address a living link would make the account's, or None for a dead link."""
    link = links.peek(LinkKind.CHANGE_ADDRESS, secret, now=now)
    return str(link.data["email"]) if link else None


def confirm_address(secret: str, *, now: datetime) -> None:
    """Make the new address the account's, and tell the old one. Raises `DeadLinkError`."""
    try:
        with transaction() as session:
            row = links.use(session, LinkKind.CHANGE_ADDRESS, secret, now=now)
            account = session.get_one(Account, row.account_id, with_for_update={"key_share": True})
            old, new = account.email, str(row.data["email"])
            # What waits because the old address refused mail goes to the new one.
            failing_addresses.clear(session, old, now=now)
            account.email, account.email_key, row.data = new, email_key(new), {}
            session.flush()
            _hand_over(session, account, now)
            # A link for a new password that lies in the old mailbox must not work any more.
            links.end(session, account.id, LinkKind.RESET, LinkKind.CONFIRM, now=now)
            audit.record(
                session, "address-changed", by=Actor(account.id), now=now, subject="account", subject_id=account.id
            )
            outbox.post(
                session,
                "address-changed",
                key=f"address-changed:{row.id}",
                due_at=now,
                now=now,
                account_id=account.id,
                to_address=old,
                locale=account.locale,
                facts={"new_hint": masked(new)},
            )
    except IntegrityError as error:
        # Somebody has made an account with this address since the link was sent.
        raise links.DeadLinkError("change-address") from error


def _hand_over(session: Session, account: Account, now: datetime) -> None:
    """Record earlier certificates that waited for the address, wherever the person is a member already."""
    mine = select(Membership).where(Membership.account_id == account.id, Membership.state == MembershipState.ACTIVE)
    for membership in session.scalars(mine.order_by(Membership.organisation_id)).all():
        history_records.hand_over(session, membership, {account.email_key}, now=now)


def masked(address: str) -> str:
    """Return an address of which only the first letter and the host can be read."""
    local, _, host = address.rpartition("@")
    return f"{local[:1]}***@{host}"


def _address(account_id: int | None) -> str | None:
    account = reading().get(Account, account_id) if account_id is not None else None
    return account.email if account else None
