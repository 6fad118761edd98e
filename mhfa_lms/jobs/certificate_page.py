"""A certificate as a page: its facts set in its own language, ready to be drawn."""

import unicodedata
from datetime import UTC
from functools import cache
from typing import Final

import jinja2

from mhfa_lms import i18n
from mhfa_lms.adapters import qr
from mhfa_lms.adapters.pdf import Document
from mhfa_lms.models import Certificate
from mhfa_lms.paths import templates_dir
from mhfa_lms.services.verification import statement
from mhfa_lms.settings import Settings

# Up to how many letters' widths (East Asian ones count twice) a name is set in which size.
NAME_SIZES: Final = ((21, "short"), (32, "middle"), (64, "long"))
TYPE_SIZES: Final = ((36, "short"), (60, "middle"), (300, "long"))
# The artwork, with its width: in right-to-left languages it is turned round with the page.
ARTWORK: Final = {"ripples.svg": 2970, "stones.svg": 544}


def document(certificate: Certificate, settings: Settings) -> Document:
    """Return the certificate in its own language, ready to be drawn."""
    address = f"{settings.base_url}/v/{certificate.code}"
    with i18n.use(certificate.locale):
        direction = i18n.language().direction
        html = (
            _environment()
            .get_template("certificate/certificate.html")
            .render(
                certificate=certificate,
                lang=i18n.language().code,
                dir=direction,
                created=certificate.issued_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                name_size=_size(certificate.name, NAME_SIZES),
                type_size=_size(certificate.type_name, TYPE_SIZES),
                statement=statement(settings.licence_statement),
                address=address,
                host=settings.base_url.split("://", 1)[1],
            )
        )
    images = {name: _artwork(name, mirrored=direction == "rtl") for name in ARTWORK}
    return Document(
        html,
        _template("certificate.css").decode(),
        {**images, "qr.png": qr.png(address)},
        identifier=certificate.code.encode(),
    )


def _size(text: str, sizes: tuple[tuple[int, str], ...]) -> str:
    width = sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
    return next((size for most, size in sizes if width <= most), "longest")


def _artwork(name: str, *, mirrored: bool) -> bytes:
    drawing = _template(name)
    turn = f'<g transform="translate({ARTWORK[name]}) scale(-1 1)" '.encode()
    return drawing.replace(b"<g ", turn, 1) if mirrored else drawing


@cache
def _environment() -> jinja2.Environment:
    return i18n.make_environment(str(templates_dir()))


@cache
def _template(name: str) -> bytes:
    return (templates_dir() / "certificate" / name).read_bytes()
