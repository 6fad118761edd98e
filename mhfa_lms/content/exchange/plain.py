"""From the HTML of other systems to plain text: what our questions are made of."""

import re
from html.parser import HTMLParser
from typing import Final

from mhfa_lms.content.exchange.found import RefusedError

FORMATTING: Final = "formatting was left out"
BLOCKS: Final = frozenset(
    {
        "address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "figure", "figcaption",
        "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre",
        "section", "table", "tr", "ul",
    }
)  # fmt: skip
SILENT: Final = frozenset({"script", "style", "template", "noscript", "head", "title"})
PLAIN: Final = BLOCKS | {"span", "font", "tbody", "thead", "tfoot", "html", "body", "small", "big"}
MEDIA: Final = frozenset({"img", "audio", "video", "object", "embed", "iframe", "svg", "canvas", "map"})
# What editors put into texts and nobody sees; a page must not hold it.
UNFIT: Final = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\ufeff]")


class _Reader(HTMLParser):
    """Collects the text; notes what is lost."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.media = False
        self.formatted = False
        self.silent: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  # its signature
        self.media |= tag in MEDIA
        self.formatted |= tag not in PLAIN | SILENT | MEDIA
        if tag in SILENT and self.silent is None:
            self.silent = tag
        elif tag in BLOCKS:
            self.out.append("\n- " if tag == "li" else "\n")
        elif tag in {"td", "th"}:
            self.out.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag == self.silent:
            self.silent = None
        elif tag in BLOCKS:
            self.out.append("\n")

    def handle_data(self, data: str) -> None:
        if self.silent is None:
            self.out.append(data)


def from_html(html: str) -> tuple[str, bool, bool]:
    """Return the text of HTML, whether it held pictures or other media, and whether formatting was lost.

    Raises `RefusedError` for what cannot be read.
    """
    reader = _Reader()
    try:
        reader.feed(html)
        reader.close()
    except (AssertionError, ValueError) as error:
        # The parser gives up on "<![" without a name, and on the number of a character with thousands of digits.
        raise RefusedError("its HTML cannot be read") from error
    return tidy("".join(reader.out)), reader.media, reader.formatted


def told(html: str, changes: list[str]) -> str:
    """Return the text of HTML and note that formatting was lost. Raises `RefusedError` for pictures and other media."""
    text, media, formatted = from_html(html)
    if media:
        raise RefusedError("it holds a picture, sound or film, which questions here do not have")
    if formatted and FORMATTING not in changes:
        changes.append(FORMATTING)
    return text


def tidy(text: str) -> str:
    """Return a text with single spaces, at most one empty line at a time, and nothing that no page may hold."""
    text = UNFIT.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = [" ".join(line.split()) for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def line(text: str) -> str:
    """Return a text on one line."""
    return " ".join(text.split())
