"""A certificate as a page: its facts set in its own language, ready to be drawn."""

import re
import unicodedata
from datetime import UTC
from functools import cache
from typing import Any, Final

import jinja2

from mhfa_lms import i18n
from mhfa_lms.adapters import qr
from mhfa_lms.adapters.pdf import Document
from mhfa_lms.jobs import certificate_colours
from mhfa_lms.models import Accent, Certificate, PaperSize
from mhfa_lms.paths import templates_dir
from mhfa_lms.services import names
from mhfa_lms.services.verification import statement
from mhfa_lms.settings import Settings

# Up to how many letters' widths (East Asian ones count twice) a name is set in which size.
NAME_SIZES: Final = ((21, "short"), (32, "middle"), (64, "long"))
TYPE_SIZES: Final = ((36, "short"), (60, "middle"), (300, "long"))
# How a page is set that has more to say than fits: closer, then as close as can be read.
CLOSER: Final = ("close", "tight")
QR_SCALE: Final = 2
# Chinese, Japanese and Korean write the same letter in different shapes: where neither the name nor the language tells
# whose, the country does (ISO 3166).
HAN_OF: Final = {
    **dict.fromkeys(("CN", "SG", "MY"), "zh-Hans"),
    **dict.fromkeys(("HK", "MO"), "zh-HK"),
    "TW": "zh-Hant",
    "JP": "ja",
    "KR": "ko",
}
KANA: Final = re.compile("[\u3041-\u30ff]")
HANGUL: Final = re.compile("[\u1100-\u11ff\uac00-\ud7af]")
HAN: Final = re.compile("[\u3400-\u9fff]")
# The artwork, with its width: in right-to-left languages it is turned round with the page.
ARTWORK: Final = {"ripples.svg": 2970, "stones.svg": 544}


class MissingFontError(RuntimeError):
    """The worker's machine cannot print the holder's name, though the one where it was typed could."""


def document(certificate: Certificate, settings: Settings, *, specimen: bool = False) -> Document:
    """Return the certificate in its own language, ready to be drawn. A specimen has no number, no code and no address.

    Raises `MissingFontError`: the certificate counts all the same, and is drawn once the machine has the font.
    """
    if letters := names.uncovered(certificate.name):
        raise MissingFontError(
            f"No font on the worker's machine has these letters of the name: {letters}. Install fonts-noto-core and "
            "fonts-noto-cjk (see docs/operating.md), start the worker again, then retry this job"
        )
    look = certificate.look
    address = f"{settings.base_url}/v/{certificate.code}"
    with i18n.use(certificate.locale):
        direction = i18n.language().direction
        html = (
            _environment()
            .get_template("certificate/certificate.html")
            .render(
                certificate=certificate,
                look=look,
                specimen=specimen,
                way=names.direction,
                lang=i18n.language().code,
                dir=direction,
                created=certificate.issued_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                name_lang=name_language(certificate),
                name_size=_size(certificate.name, NAME_SIZES),
                type_size=_size(certificate.type_name, TYPE_SIZES),
                statement=statement(settings.licence_statement),
                address=address,
                host=settings.base_url.split("://", 1)[1],
            )
        )
    accent = look.accent if look else Accent.PINE
    images = {
        name: certificate_colours.in_artwork(_artwork(name, mirrored=direction == "rtl"), accent) for name in ARTWORK
    }
    if look and look.logo:
        images["logo.png"] = look.logo
    if look:
        images |= {f"signature-{place}.png": png for place, png in enumerate(look.signatures, start=1) if png}
    if not specimen:
        images["qr.png"] = qr.png(address, scale=QR_SCALE)
    return Document(
        html,
        certificate_colours.in_style(_stylesheet(PaperSize(certificate.paper or PaperSize.A4)), accent),
        images,
        identifier=certificate.code.encode(),
        closer=tuple(html.replace('<body class="roomy">', f'<body class="{density}">', 1) for density in CLOSER),
    )


def name_language(certificate: Certificate) -> str:
    """Return the language whose shapes the letters of a name take; empty where they have the same in all."""
    if KANA.search(certificate.name):
        return "ja"
    if HANGUL.search(certificate.name):
        return "ko"
    if not HAN.search(certificate.name):
        return ""
    # None in a certificate that stands in no database.
    holder: Any = certificate.membership
    said = [certificate.locale, holder.account.locale] if holder else [certificate.locale]
    spoken = next((one for one in said if one[:2] in {"zh", "ja", "ko"}), "")
    return spoken or (HAN_OF.get(holder.organisation.country or "", "") if holder else "")


def _size(text: str, sizes: tuple[tuple[int, str], ...]) -> str:
    width = sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
    return next((size for most, size in sizes if width <= most), "longest")


def _artwork(name: str, *, mirrored: bool) -> bytes:
    drawing = _template(name)
    turn = f'<g transform="translate({ARTWORK[name]}) scale(-1 1)"'.encode()
    return drawing.replace(b"<g", turn, 1) if mirrored else drawing


@cache
def _environment() -> jinja2.Environment:
    return i18n.make_environment(str(templates_dir()))


@cache
def _stylesheet(paper: PaperSize) -> str:
    more = _template("letter.css").decode() if paper is PaperSize.LETTER else ""
    return _template("certificate.css").decode() + more


@cache
def _template(name: str) -> bytes:
    return (templates_dir() / "certificate" / name).read_bytes()
