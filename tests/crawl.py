"""Finding every page there is: from the map of routes, and by following links from page to page.

New pages are found by themselves; nobody has to remember to name them.
"""

import html
import re
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urldefrag, urljoin, urlsplit

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, RequestRedirect, Rule

LINK = re.compile(r"""<a\b[^>]*?\bhref="([^"]*)\"""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the site answered; `text` is empty for anything but a page."""

    status: int
    text: str = ""
    location: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A page, and the route it belongs to."""

    rule: str
    address: str
    status: int
    text: str


class Routes:
    """The routes that can be read, as `mhfa-lms routes` and the application tell them."""

    def __init__(self, rules: Iterable[str]) -> None:
        self.rules = sorted({rule for rule in rules if not rule.startswith("/static")})
        self._map = Map([Rule(rule, endpoint=rule) for rule in self.rules]).bind("")

    def of(self, address: str) -> str | None:
        """Return the route an address belongs to."""
        try:
            return str(self._map.match(urlsplit(address).path)[0])
        except (HTTPException, RequestRedirect):
            return None

    @property
    def plain(self) -> list[str]:
        """Those whose address is complete as it is."""
        return [rule for rule in self.rules if "<" not in rule]


def links(found: Found) -> list[str]:
    """Return the addresses on this site that a page links to."""
    addresses = [urldefrag(urljoin(found.address, html.unescape(raw))).url for raw in LINK.findall(found.text)]
    return [address for address in addresses if address.startswith("/") and not address.startswith("//")]


def crawl(get: Callable[[str], Answer], routes: Routes, starts: Iterable[str] = (), *, each: int = 2) -> list[Found]:
    """Return the pages somebody can read, starting from every route without arguments and the addresses given.

    Of pages that differ only by what their address names, and by the values of their query, `each` are kept, and one of
    each refusal. The sign-in page is not counted for the page it stands in for.
    """
    named = list(starts)
    waiting = deque([*named, *routes.plain])
    seen, kept, pages = set(waiting), Counter[object](), list[Found]()
    while waiting:
        address = waiting.popleft()
        rule = routes.of(address)
        key = (rule, tuple(sorted(name for name, _value in parse_qsl(urlsplit(address).query))))
        if rule is None or (kept[key] >= each and address not in named):
            continue
        answer = get(address)
        found = Found(rule, address, answer.status, answer.text)
        following = [answer.location] if answer.location and "/sign-in" not in answer.location else []
        if answer.text:
            kind: object = key if answer.status == 200 else answer.status
            kept[kind] += 1
            following = links(found)
            if answer.status == 200 or kept[kind] == 1 or address in named:
                pages.append(found)
        new = [one for one in following if one not in seen]
        seen.update(new)
        waiting.extend(new)
    return pages
