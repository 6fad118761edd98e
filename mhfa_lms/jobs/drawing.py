"""Drawing certificates: outside the web process, with no transaction open meanwhile, and once for ever."""

import unicodedata
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import jinja2

from mhfa_lms import db, i18n
from mhfa_lms.adapters import qr
from mhfa_lms.adapters.files import Files, FolderFiles
from mhfa_lms.adapters.pdf import Document, Drawer, WeasyPrintDrawer
from mhfa_lms.models import Certificate
from mhfa_lms.paths import templates_dir
from mhfa_lms.services import certificates
from mhfa_lms.services.verification import statement
from mhfa_lms.settings import Settings

KIND: Final = "certificate-pdf"
# Up to how many letters' widths (East Asian ones count twice) a name is set in which size.
NAME_SIZES: Final = ((21, "short"), (32, "middle"), (64, "long"))
TYPE_SIZES: Final = ((36, "short"), (60, "middle"), (300, "long"))
# The artwork, with its width: in right-to-left languages it is turned round with the page.
ARTWORK: Final = {"ripples.svg": 2970, "stones.svg": 544}


def draw_certificate(settings: Settings, _job_id: int, payload: dict[str, Any], now: datetime) -> None:
    """Draw the PDF of the certificate named in the payload, store it, then record it. The worker's handler.

    Safe to repeat after a crash at any point: a file that is there already is recorded as it is, never drawn again.
    """
    draw(
        int(payload["certificate_id"]),
        settings=settings,
        now=now,
        files=FolderFiles(settings.data_dir / "files"),
        drawer=WeasyPrintDrawer(),
    )


def draw(certificate_id: int, *, settings: Settings, now: datetime, files: Files, drawer: Drawer) -> None:
    """Draw, store and record one certificate, unless that has been done."""
    session = db.session()
    certificate = session.get_one(Certificate, certificate_id)
    if certificate.file_id is not None or certificates.holder_is_gone(certificate):
        session.rollback()
        return
    key = file_key(certificate.code)
    waiting = None if files.find(key) else document(certificate, settings)
    # Lets the connection go: drawing takes its time, and nothing waits for it.
    session.rollback()
    if waiting is not None:
        files.put(key, drawer.draw(waiting))
    stored = files.find(key)
    if stored is None:
        raise FileNotFoundError(key)
    certificates.attach(certificate_id, key=key, size=stored.size, sha256=stored.sha256, now=now)


def file_key(code: str) -> str:
    """Return the storage key of a certificate's PDF."""
    return f"certificates/{code[:2]}/{code}.pdf"


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
