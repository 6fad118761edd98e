"""What `serve` says when it has started."""

from datetime import datetime

from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.models import Account
from mhfa_lms.services import accounts
from mhfa_lms.settings import Settings


def first_link(settings: Settings, *, now: datetime) -> str | None:
    """Return a one-time link that makes the first administrator, or None when there are accounts already."""
    if db.session().scalars(select(Account.id).limit(1)).one_or_none() is not None:
        return None
    secret = accounts.first_admin_link(now)
    return f"{settings.base_url}/setup/{secret}" if secret else None


def welcome(settings: Settings, people: str, link: str | None) -> str:
    """Return the screen: the address, how to sign in, where mails go, how to stop."""
    parts = [f"\n  {settings.site_name} is running:  {settings.base_url}"]
    if people:
        parts.append(people)
    if link:
        parts.append(
            f"  There are no accounts yet. This link makes the first administrator, once, within a day:\n    {link}"
        )
    if settings.mail_url.startswith("file://"):
        parts.append(f"  Mails are not sent. Each becomes a file in {settings.mail_url.removeprefix('file://')}")
    parts.append("  Ctrl-C stops it.\n")
    return "\n\n".join(parts)
