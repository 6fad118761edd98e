"""What `serve` says when it has started."""

import importlib.util
from datetime import datetime
from typing import Any

from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.models import Account
from mhfa_lms.settings import Settings


def first_link(settings: Settings, *, now: datetime) -> str | None:
    """Return a one-time link that makes the first administrator, or None when there are accounts already."""
    if importlib.util.find_spec("mhfa_lms.services.accounts") is None:
        return None
    accounts: Any = importlib.import_module("mhfa_lms.services.accounts")
    if db.session().scalars(select(Account.id).limit(1)).one_or_none() is not None:
        return None
    return f"{settings.base_url}" + accounts.first_admin_link(now=now)


def welcome(settings: Settings, accounts: str, link: str | None) -> str:
    """Return the screen: the address, how to sign in, where mails go, how to stop."""
    parts = [f"\n  {settings.site_name} is running:  {settings.base_url}"]
    if accounts:
        parts.append(accounts)
    if link:
        parts.append(
            f"  There are no accounts yet. This link makes the first administrator, once, within a day:\n    {link}"
        )
    if settings.mail_url.startswith("file://"):
        parts.append(f"  Mails are not sent. Each becomes a file in {settings.mail_url.removeprefix('file://')}")
    parts.append("  Ctrl-C stops it.\n")
    return "\n\n".join(parts)
