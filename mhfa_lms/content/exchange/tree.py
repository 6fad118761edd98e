"""Reading XML from strangers: elements with their lines, and nothing that XML can be made to do besides.

A document type is refused outright, and with it entities of one's own, external ones, and files they would fetch: what
defusedxml calls forbid_dtd. Written on expat itself because that tells the lines, which reports need.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from xml.parsers import expat

from mhfa_lms.content.exchange.found import LARGEST, ExchangeError

DEEPEST: Final = 60
MOST_ELEMENTS: Final = 500_000


@dataclass(slots=True)
class Element:
    """An element: its name, the line it begins at (from 1), its attributes, its own text, and its children in order."""

    tag: str
    line: int
    attributes: dict[str, str]
    children: list["Element"] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Its own text, without its children's."""
        return "".join(self.pieces)

    def all(self, tag: str) -> Iterator["Element"]:
        """Yield its children of a name."""
        return (one for one in self.children if one.tag == tag)

    def one(self, tag: str) -> "Element | None":
        """Return its first child of a name."""
        return next(self.all(tag), None)

    def said(self, tag: str, default: str = "") -> str:
        """Return the text of its first child of a name, or of the `text` inside that, without spaces around."""
        found = self.one(tag)
        if found is None:
            return default
        inner = found.one("text")
        return (inner.text if inner is not None else found.text).strip() or default


class _Builder:
    def __init__(self) -> None:
        self.root: Element | None = None
        self.open: list[Element] = []
        self.count = 0
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.data
        self.parser.StartDoctypeDeclHandler = self.doctype

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if len(self.open) >= DEEPEST or self.count > MOST_ELEMENTS:
            raise ExchangeError(f"Line {self.parser.CurrentLineNumber}: too deep or too many elements to be questions.")
        element = Element(tag, self.parser.CurrentLineNumber, attributes)
        if self.open:
            self.open[-1].children.append(element)
        else:
            self.root = element
        self.open.append(element)

    def end(self, _tag: str) -> None:
        self.open.pop()

    def data(self, text: str) -> None:
        self.open[-1].pieces.append(text)

    def doctype(self, *_what: Any) -> None:
        line = self.parser.CurrentLineNumber
        raise ExchangeError(f"Line {line}: a file of questions has no document type (<!DOCTYPE>). It was not read.")


def parse(source: bytes) -> Element:
    """Return the root element. Raises `ExchangeError` for what is broken, too large, or has a document type."""
    if len(source) > LARGEST:
        raise ExchangeError(f"The file is larger than {LARGEST // 1024 // 1024} MB. Split it.")
    builder = _Builder()
    try:
        builder.parser.Parse(source, True)
    except expat.ExpatError as error:
        raise ExchangeError(
            f"Line {error.lineno}: this is not well-formed XML: {expat.ErrorString(error.code)}."
        ) from error
    except (LookupError, ValueError) as error:
        if isinstance(error, ExchangeError):
            raise
        raise ExchangeError("The file's encoding is not known. Save it as UTF-8.") from error
    if builder.root is None:
        raise ExchangeError("The file is empty.")
    return builder.root
