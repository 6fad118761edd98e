"""One-time links: sent by mail or printed for the first administrator, stored as a hash.

A link dies when it is used, when its time is over, and when what it is for has happened by another way.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from mhfa_lms.db import session as reading
from mhfa_lms.models import Account, LinkKind, OneTimeLink
from mhfa_lms.services.secrets import hashed, new_secret

LASTS: Final[Mapping[LinkKind, timedelta]] = {
    LinkKind.CONFIRM: timedelta(days=3),
    LinkKind.RESET: timedelta(hours=1),
    LinkKind.CHANGE_ADDRESS: timedelta(days=3),
    LinkKind.FIRST_ADMIN: timedelta(days=1),
}


class DeadLinkError(Exception):
    """The link was used, is too old, or never was one."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A new link: its row's id and the secret, which is stored nowhere."""

    id: int
    secret: str


def issue(
    session: Session, kind: LinkKind, account_id: int | None, *, now: datetime, data: dict[str, Any] | None = None
) -> Issued:
    """Make a link in the caller's transaction."""
    secret = new_secret()
    row = OneTimeLink(
        kind=kind,
        account_id=account_id,
        secret_hash=hashed(secret),
        data=data or {},
        created_at=now,
        expires_at=now + LASTS[kind],
    )
    session.add(row)
    session.flush()
    return Issued(row.id, secret)


def peek(kind: LinkKind, secret: str, *, now: datetime) -> OneTimeLink | None:
    """Return a link that still works, for the page that shows its button; None for any other."""
    return reading().scalars(_living(kind, secret, now)).one_or_none()


def use(session: Session, kind: LinkKind, secret: str, *, now: datetime) -> OneTimeLink:
    """Use a link up, and with it all others of its kind and account. Raises `DeadLinkError`.

    The row that is returned still has its data, which the database has no more.

    The account is locked before its links, as everywhere: two links of one account pressed at once would otherwise wait
    for each other. The row lock makes a second click wait, and then find the link used.
    """
    owner = session.scalars(_living(kind, secret, now).with_only_columns(OneTimeLink.account_id)).one_or_none()
    if owner is not None:
        session.get_one(Account, owner, with_for_update={"key_share": True}, populate_existing=True)
    row = session.scalars(
        _living(kind, secret, now).with_for_update(), execution_options={"populate_existing": True}
    ).one_or_none()
    if row is None:
        raise DeadLinkError(kind)
    end(session, row.account_id, kind, now=now)
    return row


def end(session: Session, account_id: int | None, *kinds: LinkKind, now: datetime) -> None:
    """Let an account's links of these kinds die, and what was written into them with them, in the caller's transaction.

    Whoever still needs a link's data reads it before."""
    session.execute(
        update(OneTimeLink)
        .where(
            OneTimeLink.account_id == account_id if account_id is not None else OneTimeLink.account_id.is_(None),
            OneTimeLink.kind.in_(kinds),
            OneTimeLink.used_at.is_(None),
        )
        .values(used_at=now, data={})
        .execution_options(synchronize_session=False)
    )


def _living(kind: LinkKind, secret: str, now: datetime) -> Select[OneTimeLink]:
    return select(OneTimeLink).where(
        OneTimeLink.secret_hash == hashed(secret),
        OneTimeLink.kind == kind,
        OneTimeLink.used_at.is_(None),
        OneTimeLink.expires_at > now,
    )
