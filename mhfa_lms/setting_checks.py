"""What each setting may hold. A check returns None for a good value, otherwise what would be right."""

import re
from contextlib import suppress
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

SHORTEST_KEY: Final = 16
LARGEST_PORT: Final = 65_535
DRIVERS: Final = frozenset({"sqlite", "postgresql", "postgresql+psycopg"})
# One mailbox and nothing else: no name beside it, no list.
SENDER: Final = re.compile(r"[^\s@<>(),;:\"\\]+@[^\s@<>(),;\"\\]+")
# What ends an address inside quotes or a header.
UNSAFE_IN_ADDRESS: Final = re.compile(r"[\s\"'<>\\]")
PASSWORD: Final = re.compile(r"(://[^/@:]*:).*(@)")


def split(value: str) -> SplitResult | None:
    """Return an address's parts, or None when it has none that make sense."""
    try:
        parts = urlsplit(value)
        # Reading the port is what checks it.
        sound = parts.port is None or 0 < parts.port <= LARGEST_PORT
    except ValueError:
        return None
    return parts if sound and not UNSAFE_IN_ADDRESS.search(value) else None


def masked(value: str) -> str:
    """Return an address without its password, for a message."""
    return PASSWORD.sub(r"\1***\2", value)


def database(value: str) -> str | None:
    """An address of one of the two databases."""
    from sqlalchemy import make_url  # slow to load, and only this setting needs it
    from sqlalchemy.exc import ArgumentError

    with suppress(ValueError, ArgumentError):
        # A password may hold what ends an address elsewhere, so that only who opens it can tell.
        if make_url(value).drivername in DRIVERS and value.startswith(("sqlite:///", "postgres")):
            return None
    return "must be an address like sqlite:////folder/file.db or postgresql+psycopg://user:password@host/name"


def base_url(value: str) -> str | None:
    """The site's own address: nothing behind the host, as the site's pages begin at its root."""
    parts = split(value)
    if (
        parts
        and parts.scheme in {"http", "https"}
        and parts.hostname
        and "@" not in parts.netloc
        and not (parts.path.strip("/") or parts.query or parts.fragment)
    ):
        return None
    return (
        "must be a web address that starts with http:// or https:// and ends with the host or its port,"
        " such as https://learn.example.org"
    )


def web_address(value: str) -> str | None:
    """Any page of the web."""
    parts = split(value)
    good = parts and parts.scheme in {"http", "https"} and parts.hostname
    return None if good else "must be a web address such as https://www.wikipedia.org/"


def mail(value: str) -> str | None:
    """A mail server or a folder."""
    parts = split(value)
    if parts and parts.scheme in {"smtp", "smtps"} and parts.hostname:
        return None
    if value.startswith("file:///") and len(value) > len("file:///"):
        return None
    return "must be smtp://host:port, smtps://user:password@host:port or file:///folder"


def sender(value: str) -> str | None:
    """The address that mails come from."""
    return None if SENDER.fullmatch(value) else "must be an e-mail address such as noreply@example.org"


def zone(value: str) -> str | None:
    """A time zone."""
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        return "must be the name of a time zone such as Europe/London or UTC"
    return None


def locale(value: str) -> str | None:
    """A language that the pages exist in."""
    from mhfa_lms import i18n  # it loads Babel, which no other setting needs

    if i18n.known(value):
        return None
    listed = ", ".join(one.code for one in i18n.LANGUAGES.values() if one.listed)
    return f"must be a language of this program: {listed}"


def address(value: str) -> str | None:
    """An address to listen on."""
    if value == "localhost":
        return None
    try:
        ip_address(value)
    except ValueError:
        return "must be an IP address to listen on, such as 127.0.0.1 or 0.0.0.0"
    return None


def networks(value: str) -> str | None:
    """Addresses and networks, separated by commas."""
    try:
        for one in listed(value):
            ip_network(one, strict=False)
    except ValueError:
        return "must be IP addresses or networks with commas between them, such as 127.0.0.1,10.0.0.0/8"
    return None


def folder(value: str) -> str | None:
    """A folder that is there."""
    return None if Path(value).is_dir() else "must be a folder that exists"


def key(value: str) -> str | None:
    """A secret that signs."""
    return None if len(value) >= SHORTEST_KEY else f"must have at least {SHORTEST_KEY} characters"


def older_keys(value: str) -> str | None:
    """Secrets that signed before, separated by commas."""
    good = all(len(one) >= SHORTEST_KEY for one in listed(value))
    return None if good else f"must be keys of at least {SHORTEST_KEY} characters with commas between them"


def listed(value: str) -> tuple[str, ...]:
    """Return what stands between the commas."""
    return tuple(one.strip() for one in value.split(",") if one.strip())
