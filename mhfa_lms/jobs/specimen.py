"""Drawing a specimen of certificates: neither signed nor with a badge, a number or a code inside."""

from mhfa_lms import db
from mhfa_lms.adapters.pdf import WeasyPrintDrawer
from mhfa_lms.jobs.certificate_page import document
from mhfa_lms.jobs.long import Progress
from mhfa_lms.services import specimens

MEDIA_TYPE = "application/pdf"


def draw_specimen(progress: Progress) -> None:
    """Draw how certificates look now, for whoever asked. The worker's handler."""
    session = db.session()
    shown = specimens.certificate(session, by=progress.by, now=progress.now_fn())
    waiting = document(shown, progress.settings, specimen=True)
    # Nobody waits for a connection meanwhile.
    session.rollback()
    finished = progress.scratch("pdf")
    finished.write_bytes(WeasyPrintDrawer().draw(waiting))
    progress.finish(finished, ending="pdf", media_type=MEDIA_TYPE, units=1)
