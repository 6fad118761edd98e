"""Making a certificate's PDF: drawn, its facts and badge put in, signed, stored, recorded; once for ever.

Outside the web process, and with no transaction open meanwhile.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import joinedload

from mhfa_lms import db, i18n
from mhfa_lms.adapters.files import Files, FolderFiles
from mhfa_lms.adapters.keys import open_keys
from mhfa_lms.adapters.pdf import Attached, Document, Drawer, WeasyPrintDrawer
from mhfa_lms.adapters.signing import KeySigner, Signer
from mhfa_lms.jobs.badge_making import FILE_NAME, badge_of
from mhfa_lms.jobs.certificate_page import document
from mhfa_lms.models import Certificate, Membership
from mhfa_lms.services import certificate_pdf, certificates
from mhfa_lms.settings import Settings

KIND: Final = "certificate-pdf"


def draw_certificate(settings: Settings, _job_id: int, payload: dict[str, Any], now: datetime) -> None:
    """Make the PDF of the certificate named in the payload. The worker's handler."""
    draw(
        int(payload["certificate_id"]),
        settings=settings,
        now=now,
        files=FolderFiles(settings.data_dir / "files"),
        drawer=WeasyPrintDrawer(),
    )


def signer_of(settings: Settings) -> Signer:
    """Return who signs the installation's PDFs."""
    name = settings.signer_name
    return KeySigner(open_keys(settings.keys_dir, name=name), name=name, location=settings.base_url)


def draw(
    certificate_id: int,
    *,
    settings: Settings,
    now: datetime,
    files: Files,
    drawer: Drawer,
    signer: Signer | None = None,
) -> None:
    """Draw, sign, store and record one certificate, unless that has been done. Signed by `signer_of` by itself.

    Safe to repeat after a crash at any point, and by two workers at once: a file that is there already is recorded as
    it is, never drawn or signed again, also one that an earlier version left unsigned.
    """
    code = certificate_pdf.undrawn(certificate_id)
    if code is None:
        return
    key = file_key(code)
    if files.find(key) is None:
        badge = badge_of(certificate_id, settings=settings, now=now)
        waiting = _document(certificate_id, settings)
        if waiting is None:
            return
        if badge.data is not None:
            waiting = with_badge(waiting, badge.data, now)
        drawn = drawer.draw(waiting)
        files.put(key, (signer or signer_of(settings)).sign(drawn, now))
    stored = files.find(key)
    if stored is None:
        raise FileNotFoundError(key)
    certificate_pdf.attach(certificate_id, key=key, size=stored.size, sha256=stored.sha256, now=now)


def _document(certificate_id: int, settings: Settings) -> Document | None:
    """Return what to draw, and let the connection go: drawing and signing take their time."""
    session = db.session()
    holder = joinedload(Certificate.membership).joinedload(Membership.account)
    certificate = session.get_one(Certificate, certificate_id, options=[holder])
    if certificates.holder_is_gone(certificate):
        waiting = None
    else:
        waiting = replace(document(certificate, settings), facts=facts(certificate, settings))
    session.rollback()
    return waiting


def with_badge(waiting: Document, badge: bytes, made_at: datetime) -> Document:
    """Return a document with a badge inside."""
    return replace(waiting, attachments=(Attached(FILE_NAME, badge, "Open Badge", made_at),))


def facts(certificate: Certificate, settings: Settings) -> dict[str, str]:
    """Return what the file tells programs: dates as ISO 8601, and where to ask whether it still counts."""
    return {
        "CertificateNumber": i18n.format_code(certificate.code),
        "CertificateHolder": certificate.name,
        "CertificateType": certificate.type_name,
        "CertificateCourse": certificate.course_title,
        "CertificateOrganisation": certificate.organisation_name,
        "CertificateIssued": certificate.issued_on.isoformat(),
        "CertificateStarts": certificate.starts_on.isoformat(),
        "CertificateExpires": certificate.expires_on.isoformat(),
        "CertificateAddress": f"{settings.base_url}/v/{certificate.code}",
    }


def file_key(code: str) -> str:
    """Return the storage key of a certificate's PDF."""
    return f"certificates/{code[:2]}/{code}.pdf"
