"""A browser of few words: it keeps the session's cookie and finds the form's token. It sets up, and weighs pages."""

import gzip
import http.client
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

TOKEN: Final = re.compile(r'name="csrf[-_]token"[^>]*?(?:content|value)="([^"]+)"')
# What a browser loads by itself: not the picture that a phone asks for when the page is put among its programs.
ASSET: Final = re.compile(r'<(?![^>]*apple-touch-icon)[^>]*?(?:href|src)="(/static/[^"]+)"')


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server answered; `size` is the body's as it came over the wire."""

    status: int
    location: str
    text: str
    size: int


class Browser:
    """One browser, signed in by its cookie or not."""

    def __init__(self, port: int, cookie: str = "") -> None:
        self.port = port
        self.cookie = cookie

    def get(self, path: str) -> Answer:
        """Get a page, compressed with gzip when the server will."""
        return self._send("GET", path, None)

    def post(self, path: str, **fields: str) -> Answer:
        """Send a form."""
        return self._send("POST", path, urlencode(fields))

    def token(self, path: str) -> str:
        """Return the token that forms of this session carry, from a page that has one."""
        found = TOKEN.search(self.get(path).text)
        if found is None:
            raise ValueError(f"{path} has no form token")
        return found.group(1)

    def _send(self, method: str, path: str, body: str | None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Accept-Encoding": "gzip", "Accept": "text/html"}
        if self.cookie:
            headers["Cookie"] = self.cookie
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            data = response.read()
        finally:
            connection.close()
        for value in response.headers.get_all("Set-Cookie") or []:
            if value.startswith("session="):
                self.cookie = value.partition(";")[0]
        plain = gzip.decompress(data) if response.headers.get("Content-Encoding") == "gzip" else data
        text = plain.decode("utf-8", "replace")
        return Answer(response.status, response.headers.get("Location", ""), text, len(data))


@dataclass(frozen=True, slots=True)
class Weight:
    """A page's size in bytes, gzipped: the HTML alone, and all that a first visit loads, in how many requests."""

    html: int
    all: int
    requests: int


def weigh(browser: Browser, path: str) -> Weight:
    """Load a page and the files that it names, as a first visit does."""
    page = browser.get(path)
    assets = {address: browser.get(address).size for address in ASSET.findall(page.text)}
    return Weight(page.size, page.size + sum(assets.values()), 1 + len(assets))
