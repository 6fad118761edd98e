"""Joining an organisation that is open to everybody, and proving that an address is one's own.

Whoever fills in the form proves nothing yet. So the confirmation link carries what that person chose (password hash,
name, organisation), and it takes effect only when the link is opened by somebody who knows that password or uses the
same browser. A stranger who joins with another person's address gains nothing when that person presses the button.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms.db import transaction
from mhfa_lms.models import Account, Audience, LinkKind, OneTimeLink, Organisation, Role
from mhfa_lms.policy import Actor, Forbidden
from mhfa_lms.services import accounts, audit, history_records, links, memberships, outbox, passwords, sessions
from mhfa_lms.services.names import greetable
from mhfa_lms.services.secrets import hashed
from mhfa_lms.services.signing_in import WrongPasswordError


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody who joins has filled in; `age` and privacy notice have been agreed to."""

    email: str
    name: str
    password: str
    audience: Audience
    site_id: int | None = None


def join(organisation_id: int, wish: Wish, *, token: str, locale: str, now: datetime) -> None:
    """Ask for an account and a place in an open organisation; the mail tells the rest.

    `token` is a secret of the browser's. Nothing here differs, to the eye or the clock, for an address that has an
    account. Raises `PasswordError` and `Forbidden`.
    """
    passwords.check(wish.password, wish.email)
    stored = passwords.hashed(wish.password)
    with transaction() as session:
        _open(session, organisation_id)
        account = _found_or_made(session, wish.email, stored, locale=locale, now=now)
        if account.deactivated_at is not None:
            return
        if account.confirmed_at is not None:
            tell_holder(session, account, now=now)
            return
        _post(
            session,
            account,
            {
                "password_hash": stored,
                "browser": hashed(token),
                "organisation_id": organisation_id,
                "name": wish.name,
                "audience": wish.audience.value,
                "site_id": wish.site_id,
            },
            now=now,
        )


def join_signed_in(
    organisation_id: int, name: str, audience: Audience, *, by: Actor, now: datetime, site_id: int | None = None
) -> int:
    """Join an open organisation with one's account. Returns the membership's id."""
    with transaction() as session:
        _open(session, organisation_id)
        membership = memberships.add(
            session,
            by.account_id,
            organisation_id,
            name,
            roles=[Role.LEARNER],
            audience=audience,
            site_id=site_id,
            now=now,
            by=by,
        )
        history_records.hand_over(session, membership, accounts.proven(session, by.account_id), now=now)
        return membership.id


def send_again(account_id: int, *, token: str, now: datetime) -> None:
    """Send another link to somebody who knows the password of an account that is not confirmed yet."""
    with transaction() as session:
        account = session.get_one(Account, account_id, with_for_update={"key_share": True})
        if account.confirmed_at is not None or account.deactivated_at is not None:
            return
        earlier = [link.data for link in _pending(session, account_id)]
        same = [data for data in earlier if data.get("password_hash") == account.password_hash]
        data = {**(same[0] if same else {}), "password_hash": account.password_hash, "browser": hashed(token)}
        _post(session, account, data, now=now)


def known_browser(secret: str, token: str | None, *, now: datetime) -> bool | None:
    """Whether a confirmation link was asked for in the browser that opens it; None for a dead link."""
    link = links.peek(LinkKind.CONFIRM, secret, now=now)
    return _same_browser(link, token) if link else None


def confirm(secret: str, *, token: str | None, password: str, now: datetime, browser: str = "") -> str:
    """Confirm an address, make the person a member and sign them in. Returns the session's secret.

    Raises `DeadLinkError`, and `WrongPasswordError` when neither browser nor password are those of who joined.
    """
    link = links.peek(LinkKind.CONFIRM, secret, now=now)
    if link is None:
        raise links.DeadLinkError("confirm")
    if not _same_browser(link, token) and not passwords.verify(link.data.get("password_hash"), password):
        raise WrongPasswordError
    with transaction() as session:
        row = links.use(session, LinkKind.CONFIRM, secret, now=now)
        account = session.get_one(Account, row.account_id, with_for_update={"key_share": True})
        data, row.data = row.data, {}
        account.password_hash = data.get("password_hash") or account.password_hash
        become_confirmed(session, account, data, now=now)
        return sessions.begin(session, account.id, now=now, browser=browser)


def become_confirmed(session: Session, account: Account, data: dict[str, Any], *, now: datetime) -> None:
    """Count an address as proven, in the caller's transaction, and fulfil the wish that a link's data holds."""
    by = Actor(account.id)
    account.confirmed_at = now
    audit.record(session, "address-confirmed", by=by, now=now, subject="account", subject_id=account.id)
    organisation = session.get(Organisation, data["organisation_id"]) if "organisation_id" in data else None
    if organisation is not None and organisation.open_to_join:
        membership = memberships.add(
            session,
            account.id,
            organisation.id,
            data["name"],
            roles=[Role.LEARNER],
            audience=Audience(data["audience"]),
            site_id=data.get("site_id"),
            now=now,
            by=by,
        )
        history_records.hand_over(session, membership, {account.email_key}, now=now)


def newest_wish(session: Session, account_id: int) -> dict[str, Any]:
    """Return what was last filled in for an account that is not confirmed yet; empty when nothing waits."""
    return next((link.data for link in _pending(session, account_id)), {})


def tell_holder(session: Session, account: Account, *, now: datetime) -> None:
    """Tell an account's holder by mail that somebody used their address where a new one was wanted."""
    outbox.post(
        session,
        "account-exists",
        key=f"account-exists:{account.id}:{now.isoformat()}",
        due_at=now,
        now=now,
        account_id=account.id,
        locale=account.locale,
        facts={"path": "/forgot"},
    )


def _found_or_made(session: Session, email: str, stored: str, *, locale: str, now: datetime) -> Account:
    account = accounts.find(session, email, lock=True)
    if account is not None:
        return account
    try:
        account = accounts.create_account(session, email, now=now, locale=locale, password_hash=stored)
    except accounts.AccountExistsError:
        # Another request made it after we looked; it has committed, or we would still be waiting.
        return _found_or_made(session, email, stored, locale=locale, now=now)
    accounts.accept_terms(account, now=now)
    return account


def _post(session: Session, account: Account, data: dict[str, Any], *, now: datetime) -> None:
    link = links.issue(session, LinkKind.CONFIRM, account.id, now=now, data=data)
    outbox.post(
        session,
        "confirm-address",
        key=f"confirm-address:{link.id}",
        due_at=now,
        now=now,
        account_id=account.id,
        locale=account.locale,
        facts={"path": f"/confirm/{link.secret}", "name": greetable(data.get("name", ""))},
    )


def _pending(session: Session, account_id: int) -> list[OneTimeLink]:
    query = select(OneTimeLink).where(
        OneTimeLink.account_id == account_id, OneTimeLink.kind == LinkKind.CONFIRM, OneTimeLink.used_at.is_(None)
    )
    return list(session.scalars(query.order_by(OneTimeLink.id.desc()).limit(10)))


def _same_browser(link: OneTimeLink, token: str | None) -> bool:
    return bool(token) and hmac.compare_digest(hashed(token or ""), str(link.data.get("browser", "")))


def _open(session: Session, organisation_id: int) -> None:
    organisation = session.get(Organisation, organisation_id)
    if organisation is None or not organisation.open_to_join:
        raise Forbidden("join")
