"""Earlier certificates from a table: upload, a look that saves nothing, then recording. The worker does both."""

from typing import Any, Final

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from mhfa_lms import clock
from mhfa_lms.adapters import tables
from mhfa_lms.adapters.files import FileDamagedError, FolderFiles
from mhfa_lms.adapters.tables import Fault, UnreadableError
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import StoredFile
from mhfa_lms.policy import Can
from mhfa_lms.services import history_preview as previews
from mhfa_lms.services import history_rows, history_waiting, history_work, work
from mhfa_lms.services.history_preview import Preview
from mhfa_lms.services.history_work import Looked
from mhfa_lms.services.secrets import new_code
from mhfa_lms.web.access import requires
from mhfa_lms.web.coordinate import load
from mhfa_lms.web.coordinate.blueprint import blueprint
from mhfa_lms.web.identity import me, settings

NAMELESS: Final = "earlier"


@blueprint.get("/coordinate/register/earlier")
@requires(Can.RECORD_HISTORY)
def history_form() -> str:
    """What the table has to look like, and a field for it."""
    return _form()


@blueprint.post("/coordinate/register/earlier")
@requires(Can.RECORD_HISTORY)
def history_preview() -> ResponseReturnValue:
    """Have the worker look at the table, and follow that on a page of its own. Records nothing."""
    upload = request.files.get("file")
    data = upload.read(tables.MOST_BYTES + 1) if upload else b""
    if upload is None or not data:
        return _form(_("Choose a file.")), 422
    if error := _first_look(data):
        return _form(error), 422
    files, key, now = _files(), f"{history_work.FOLDER}/{new_code()}.table", clock.now()
    stored = files.put(key, data)
    file = StoredFile(
        key=key, media_type="application/octet-stream", size=stored.size, sha256=stored.sha256, created_at=now
    )
    try:
        job_id = history_work.begin(file, _name(upload), by=me(), now=now)
    except work.TooMuchError:
        files.remove(key)
        return _too_much()
    return redirect(url_for("work.progress", job_id=job_id), 303)


@blueprint.get("/coordinate/register/earlier/<int:job_id>")
@requires(Can.RECORD_HISTORY, load=load.history_look)
def history_found(looked: Looked) -> ResponseReturnValue:
    """What recording the table would do. Until that is known, and once it was begun, the page of that work."""
    if not looked.is_ready or looked.work.file is None:
        return redirect(url_for("work.progress", job_id=looked.recording or looked.work.id), 303)
    try:
        with _files().open(looked.work.file.key, looked.work.file.size) as file:
            found = previews.read(file.readline().decode())
    except FileDamagedError:
        return _again()
    if error := _missing(found.missing_columns) or (found.problem and _unreadable(Fault(found.problem))):
        return _form(error)
    return _preview(looked, found)


@blueprint.post("/coordinate/register/earlier/<int:job_id>/record")
@requires(Can.RECORD_HISTORY, load=load.history_look)
def history_record(looked: Looked) -> ResponseReturnValue:
    """Have the worker record what the preview showed, or look again if that changed. Pressed twice, it does so once."""
    try:
        invite = request.form.get("invite") == "yes"
        begun = history_work.record(looked.work.id, invite=invite, by=me(), now=clock.now())
    except history_work.GoneError:
        return _again()
    except work.TooMuchError:
        return _too_much()
    if looked.is_stale and looked.recording is None:
        flash(_("Certificates were recorded here since this table was looked at. It is looked at again."), "info")
    return redirect(url_for("work.progress", job_id=begun), 303)


def _first_look(data: bytes) -> str:
    """Return what is wrong with a table at first sight. Where that takes longer the worker looks at that as well."""
    if not tables.is_small(data):
        return ""
    try:
        return _missing(history_rows.missing_columns(tables.read_columns(data)))
    except UnreadableError as error:
        return _unreadable(error.fault)


def _preview(looked: Looked, found: Preview) -> str:
    return render_template("coordinate/history_preview.html", found=found, looked=looked)


def _form(error: str = "") -> str:
    return render_template(
        "coordinate/history.html",
        error=error,
        columns=history_rows.COLUMNS,
        most=tables.MOST_ROWS,
        words=_words(),
        awaited=history_waiting.count(by=me()),
    )


def _files() -> FolderFiles:
    return FolderFiles(settings().data_dir / "files")


def _name(upload: FileStorage) -> str:
    last = (upload.filename or "").replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(one for one in last if one.isprintable()).strip() or NAMELESS


def _again() -> ResponseReturnValue:
    flash(_("What was found in the table is no longer kept. Choose the file again."), "warning")
    return redirect(url_for("coordinate.history_form"), 303)


def _too_much() -> ResponseReturnValue:
    flash(_("You have several exports under way. Wait for one of them, or cancel it."), "warning")
    return redirect(url_for("coordinate.overview"), 303)


def _missing(columns: list[str]) -> str:
    if not columns:
        return ""
    return _("The first row has to name these columns as well: %(names)s", names=", ".join(columns))


def _unreadable(fault: Fault) -> str:
    return {
        Fault.EMPTY: _("The file is empty."),
        Fault.TOO_LARGE: _("The file is too large. Save it as CSV, or split it."),
        Fault.TOO_MANY_ROWS: _("The file has more than %(most)s rows. Split it.", most=tables.MOST_ROWS),
        Fault.NOT_A_TABLE: _("This is no table that can be read here. Save it as CSV or as XLSX."),
        Fault.NOT_UTF_8: _("The letters cannot be read. Save the file as “CSV UTF-8”, or as XLSX."),
    }[fault]


def _words() -> dict[str, Any]:
    """Return what each column holds."""
    return {
        "email": _("The address the person signs in with, or their work address here."),
        "employee_id": _("The number your organisation gave them, where there is no address."),
        "name": _("As it stood on the certificate. Left empty: the name used here."),
        "course": _("A course of this site, or what it certifies. Needed."),
        "completed_on": _("The day as year-month-day, such as 2024-05-31, or a date cell of Excel. Needed."),
        "expires_on": _("The last day it counts. Left empty: by your organisation’s rules."),
        "instructor": _("Who gave the course. Only your organisation sees it."),
        "evidence": _("What you saw, and where it is kept. Only your organisation sees it."),
        "earlier_number": _("The number on the old certificate. Only your organisation sees it."),
    }
