"""Drawing certificates: outside the web process, with no transaction open meanwhile, and once for ever."""

from datetime import datetime
from typing import Any, Final

from mhfa_lms import db
from mhfa_lms.adapters.files import Files, FolderFiles
from mhfa_lms.adapters.pdf import Drawer, WeasyPrintDrawer
from mhfa_lms.jobs.certificate_page import document
from mhfa_lms.models import Certificate
from mhfa_lms.services import certificates
from mhfa_lms.settings import Settings

KIND: Final = "certificate-pdf"


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
