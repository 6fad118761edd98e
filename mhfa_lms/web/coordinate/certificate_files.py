"""Many certificates as one file: the page that says what one gets, and having it made."""

from typing import Final

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db, i18n
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import ngettext
from mhfa_lms.policy import Can
from mhfa_lms.services import certificate_files as service
from mhfa_lms.services import register, register_exports, work
from mhfa_lms.services.certificate_files import Bundle
from mhfa_lms.services.work import Work
from mhfa_lms.web.access import requires
from mhfa_lms.web.coordinate import filters
from mhfa_lms.web.coordinate.blueprint import blueprint
from mhfa_lms.web.coordinate.register import file_name
from mhfa_lms.web.identity import me
from mhfa_lms.web.work.words import WORDS, Words

NAME: Final = "certificates"


def _wanted() -> register.Query:
    return register.query(db.session(), filters.register_filters(), by=me(), now=clock.now())


@blueprint.get("/coordinate/register/files")
@requires(Can.EXPORT_REGISTER)
def certificate_files() -> str:
    """How many of the certificates on screen can be had as one file, and as what."""
    wanted = _wanted()
    session = db.session()
    return render_template(
        "coordinate/certificate_files.html",
        values=filters.in_words(wanted.filters),
        found=register.total(session, wanted),
        usable=service.total(session, wanted),
        most=service.MOST,
        lasts=work.FILE_LASTS,
    )


@blueprint.post("/coordinate/register/files.<any(zip, pdf):kind>")
@requires(Can.EXPORT_REGISTER)
def pack_certificates(kind: str) -> ResponseReturnValue:
    """Have the worker make the file, and follow that on a page of its own."""
    wanted = _wanted()
    back = redirect(url_for("coordinate.certificate_files", **filters.in_words(wanted.filters)), 303)
    try:
        job_id = service.begin(wanted, Bundle(kind), name=file_name(wanted, kind, NAME), now=clock.now())
    except service.NotSoManyError:
        return back
    except work.TooMuchError:
        flash(_("You have several exports under way. Wait for one of them, or cancel it."), "warning")
        return redirect(url_for("coordinate.overview"), 303)
    return redirect(url_for("work.progress", job_id=job_id), 303)


def _title(found: Work) -> str:
    return _("Certificates to print") if found.payload.get("format") == Bundle.PDF else _("Certificates as a ZIP file")


def _about(found: Work) -> str:
    if found.payload.get("format") == Bundle.PDF:
        words = _("All certificates one after the other in one PDF, by name. The signed files are in the ZIP.")
    else:
        words = _("Each certificate as its own signed PDF, by name.")
    told = found.payload.get("told", {})
    return f"{words} {_missing(told['missing'], told['codes'])}" if told.get("missing") else words


def _missing(count: int, codes: list[str]) -> str:
    shown = i18n.format_list(codes) + (" …" if len(codes) < count else "")
    return ngettext(
        "%(num)s certificate could not be drawn and is missing: %(shown)s.",
        "%(num)s certificates could not be drawn and are missing: %(shown)s.",
        count,
        shown=shown,
    )


def _units(done: str, total: int) -> str:
    shown = i18n.format_number(total)
    return ngettext(
        "%(done)s of %(total)s certificate", "%(done)s of %(total)s certificates", total, done=done, total=shown
    )


def _begun_at(found: Work) -> str:
    values = filters.in_words(register_exports.read_filters(found.payload)) if "filters" in found.payload else {}
    return url_for("coordinate.certificate_files", **values)


WORDS[work.CERTIFICATE_FILES] = Words(
    title=_title,
    about=_about,
    units=_units,
    begun_at=_begun_at,
    found_at=lambda: (url_for("coordinate.overview"), _("your overview")),
)
