"""What `serve` says when it has started."""

from datetime import datetime
from urllib.parse import unquote

from mhfa_lms.services import accounts
from mhfa_lms.settings import Settings


def first_link(settings: Settings, *, now: datetime) -> str | None:
    """Return a one-time link that makes the first administrator, or None when there is one already."""
    secret = accounts.first_admin_link(now)
    return f"{settings.base_url}/setup/{secret}" if secret else None


def listening(settings: Settings) -> str:
    """Where the proxy finds it, when the public address is another one."""
    host = f"[{settings.bind}]" if ":" in settings.bind else settings.bind
    here = f"http://{host}:{settings.port}"
    return "" if here == settings.base_url else f"\n  It listens on {here}"


def welcome(settings: Settings, accounts_text: str, link: str | None) -> str:
    """Return the screen: the address, how to sign in, where mails go, how to stop."""
    parts = [f"\n  {settings.site_name} is running:  {settings.base_url}{listening(settings)}"]
    if accounts_text:
        parts.append(accounts_text)
    if link:
        parts.append(
            f"  There is no administrator yet. This link makes the first one; it works once, for a day:\n    {link}"
        )
    if settings.mail_url.startswith("file://"):
        folder = unquote(settings.mail_url.removeprefix("file://"))
        parts.append(f"  Mails are not sent anywhere. Each becomes a file in {folder}")
    parts.append("  Ctrl-C stops it.\n")
    return "\n\n".join(parts)
