"""What the address of any list holds: words to look for, and where the page begins. Nonsense is left out."""

from datetime import date
from typing import Final

from flask import request

from mhfa_lms.services.paging import Place
from mhfa_lms.web.requests import whole

LONGEST_TEXT: Final = 100


def text(name: str) -> str:
    """Return a text of the address, of a length that people type."""
    return request.args.get(name, "").strip()[:LONGEST_TEXT]


def number(name: str) -> int | None:
    """Return a whole number of the address."""
    return request.args.get(name, type=whole)


def day(name: str) -> date | None:
    """Return a day of the address, written YYYY-MM-DD."""
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None


def place() -> Place:
    """Return where the page begins."""
    return Place(after=number("after"), before=number("before"))
