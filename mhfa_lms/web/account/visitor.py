"""What is known of whoever sends a request: their network address, their browser, and a secret of its own."""

from typing import Final

from flask import request
from flask import session as cookie

from mhfa_lms import clock
from mhfa_lms.services import limits
from mhfa_lms.services.limits import LINK_ADDRESS, MAIL_ACCOUNT, MAIL_ADDRESS, Limit
from mhfa_lms.services.names import email_key
from mhfa_lms.services.secrets import new_secret
from mhfa_lms.web.identity import settings

JOINED_HERE: Final = "joining"
# The address that was typed last, for the page that says where to look.
MAILED: Final = "mailed"
# The order decides: every browser's text also names others, for the sake of old web pages.
BROWSERS: Final = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"))
SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def address() -> str:
    """Return the network address, as ProxyFix has set it from the trusted proxies, and from nothing else."""
    return request.remote_addr or "unknown"


def browser() -> str:
    """Return what to call the browser in the list of signed-in ones, such as "Firefox, Android"; may be empty."""
    text = request.user_agent.string
    name = next((name for mark, name in BROWSERS if mark in text), "Safari" if "Safari/" in text else "")
    system = next((name for mark, name in SYSTEMS if mark in text), "")
    return ", ".join(part for part in (name, system) if part)


def count(*tries: tuple[Limit, str]) -> None:
    """Count a try. Raises `TooManyTriesError`, which becomes the answer 429."""
    limits.take(list(tries), secret=settings().secret_key, now=clock.now())


def count_mail(email: str) -> None:
    """Count a request that makes us write to an address."""
    count((MAIL_ACCOUNT, email_key(email)), (MAIL_ADDRESS, address()))


def count_dead_link() -> None:
    """Count a link that does not work: only guesses are limited, as many good ones may come from one school."""
    count((LINK_ADDRESS, address()))


def token() -> str:
    """Return a secret of this browser's, made at the first call, that proves it is the one that joined."""
    if JOINED_HERE not in cookie:
        cookie[JOINED_HERE] = new_secret()
    return str(cookie[JOINED_HERE])


def known_token() -> str | None:
    """Return the browser's secret, if it has one."""
    found = cookie.get(JOINED_HERE)
    return str(found) if found else None
