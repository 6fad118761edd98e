"""The part of PDF drawing that needs WeasyPrint to be there."""

import io
import threading
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC
from functools import lru_cache, partial
from typing import Any, Final

import pydyf
import weasyprint.pdf
from weasyprint import CSS, HTML, Attachment
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from mhfa_lms.adapters.pdf import Attached, Document, ForbiddenAddressError

SCHEME: Final = "asset:"
MEDIA_TYPES: Final = {".png": "image/png", ".svg": "image/svg+xml"}
# Finding the system's fonts costs more than a drawing: done once. Pango is not to be used by two threads at a time.
FONTS: Final = FontConfiguration()
_one_at_a_time: Final = threading.Lock()


class _SpokenStream(weasyprint.pdf.Stream):  # type: ignore[misc]  # WeasyPrint ships no types
    """A page that says beside text with marks (vowel signs, viramas) which letters its shapes stand for.

    Fonts put such letters together, or draw them in another order: from the shapes alone no program reads the name
    again. Not from right to left: readers (poppler, PDFium) take those letters for shapes and turn them round.
    """

    @contextmanager
    def marked(self, box: Any, tag: str) -> Iterator[None]:
        """Mark content as WeasyPrint does, with its letters where it has marks."""
        with super().marked(box, tag):
            text = getattr(box, "text", "")
            if self._tags is not None and _put_together(text):
                # What was written last is the mark: its name, its properties, its operator.
                self.stream[-2]["ActualText"] = pydyf.String(text)
            yield


def _put_together(text: str) -> bool:
    marks = any(unicodedata.category(letter)[0] == "M" for letter in text)
    return marks and not any(unicodedata.bidirectional(letter) in {"R", "AL"} for letter in text)


# There is no other way in: the page's stream is made by the library.
weasyprint.pdf.Stream = _SpokenStream


class _RefusedError(FatalURLFetchingError):  # type: ignore[misc]  # WeasyPrint ships no types
    """Stops the drawing: WeasyPrint would pass over any other error and leave the place empty."""


class OwnAssetsOnly(URLFetcher):  # type: ignore[misc]  # WeasyPrint ships no types
    """Gives out the images handed in with the document. No file is opened and no network is touched, whatever it says.

    The base class would follow http, https, ftp, file and data addresses, and redirects between them.
    """

    def __init__(self, images: dict[str, bytes]) -> None:
        super().__init__(allowed_protocols=(), allow_redirects=False, fail_on_errors=True)
        self.images = images
        self.refused: list[str] = []

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:  # noqa: ARG002  # the base class fixes it
        """Return one of the images. Raises for every other address."""
        name = url.removeprefix(SCHEME)
        if not url.startswith(SCHEME) or name not in self.images:
            self.refused.append(url)
            raise _RefusedError(url)
        ending = name[name.rfind(".") :]
        return URLFetcherResponse(url, self.images[name], {"Content-Type": MEDIA_TYPES[ending]})


def draw(document: Document) -> bytes:
    """Return the document as a PDF."""
    fetcher = OwnAssetsOnly(dict(document.images))
    options = {"pdf_variant": "pdf/ua-1", "pdf_identifier": document.identifier or None}
    with _one_at_a_time:
        try:
            drawn = _laid_out(document, fetcher, options).write_pdf(
                attachments=[_attachment(one) for one in document.attachments],
                finisher=partial(_write_facts, document.facts),
                **options,
            )
        except _RefusedError as error:
            raise ForbiddenAddressError(str(error)) from error
    # Inside an SVG even a fatal error only leaves the place empty: such a drawing is not handed out either.
    if fetcher.refused:
        raise ForbiddenAddressError(fetcher.refused[0])
    return bytes(drawn)


def _attachment(attached: Attached) -> Attachment:
    return Attachment(
        file_obj=io.BytesIO(attached.data),
        name=attached.name,
        description=attached.description,
        created=attached.made_at.astimezone(UTC),
        modified=attached.made_at.astimezone(UTC),
        relationship="Data",
    )


def _write_facts(facts: Mapping[str, str], _document: Any, pdf: Any) -> None:
    for name, value in facts.items():
        pdf.info[name] = pydyf.String(value)


def _laid_out(document: Document, fetcher: OwnAssetsOnly, options: dict[str, Any]) -> Any:
    """Return the page as it is, or the first of the closer ones that fits; where none does, the closest."""
    *first, last = document.html, *document.closer
    style = _stylesheet(document.stylesheet)
    for html in first:
        found = _render(html, style, fetcher, options)
        if _fits(found):
            return found
    return _render(last, style, fetcher, options)


def _render(html: str, style: CSS, fetcher: OwnAssetsOnly, options: dict[str, Any]) -> Any:
    page = HTML(string=html, url_fetcher=fetcher, base_url=f"{SCHEME}/")
    return page.render(stylesheets=[style], font_config=FONTS, **options)


def _fits(rendered: Any) -> bool:
    """Whether all is on one page, and what stands at its foot stands free."""
    if len(rendered.pages) > 1:
        return False
    boxes = {box.element_tag: box for box in rendered.pages[0]._page_box.descendants()}
    upper, lower = boxes.get("main"), boxes.get("footer")
    return upper is None or lower is None or upper.position_y + upper.margin_height() <= lower.position_y


@lru_cache(maxsize=64)
def _stylesheet(text: str) -> CSS:
    """Return a parsed style sheet, kept for the next drawing."""
    return CSS(string=text, url_fetcher=OwnAssetsOnly({}), font_config=FONTS, base_url=f"{SCHEME}/")
