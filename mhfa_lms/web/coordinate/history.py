"""Earlier certificates from a table: upload, a preview that saves nothing, then recording.

The rows that can be recorded travel in the preview's own form, packed: nothing of the file is kept on the server
meanwhile, and what comes back is looked at again as if it were new.
"""

import base64
import binascii
import zlib
from collections.abc import Iterable
from typing import Any, Final

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock
from mhfa_lms.adapters import spreadsheets, tables
from mhfa_lms.adapters.tables import Fault, Table, UnreadableError
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import ngettext
from mhfa_lms.policy import Can
from mhfa_lms.services import history, history_rows
from mhfa_lms.web.access import requires
from mhfa_lms.web.coordinate.blueprint import blueprint
from mhfa_lms.web.identity import me

# Of what is recorded while somebody waits; larger tables are for the command.
AT_ONCE: Final = 2_000
SHOWN: Final = 50
LARGEST_PACKED: Final = 450_000  # a form's field holds 500,000 letters
UNPACKED: Final = 4_000_000


@blueprint.get("/coordinate/register/earlier")
@requires(Can.RECORD_HISTORY)
def history_form() -> str:
    """What the table has to look like, and a field for it."""
    return _form()


@blueprint.post("/coordinate/register/earlier")
@requires(Can.RECORD_HISTORY)
def history_preview() -> ResponseReturnValue:
    """What recording the table would do. Saves nothing."""
    upload = request.files.get("file")
    data = upload.read(tables.MOST_BYTES + 1) if upload else b""
    if not data:
        return _form(_("Choose a file.")), 422
    try:
        table = tables.read_table(data)
    except UnreadableError as error:
        return _form(_unreadable(error.fault)), 422
    if missing := history_rows.missing_columns(table.columns):
        return _form(_("The first row has to name these columns as well: %(names)s", names=", ".join(missing))), 422
    if len(table.lines) > AT_ONCE:
        return _form(_too_many()), 422
    found = history.plan(table.lines, by=me(), now=clock.now())
    packed = _packed(table, {one.row.number for one in found.new})
    if len(packed) > LARGEST_PACKED:
        return _form(_too_many()), 422
    return render_template(
        "coordinate/history_preview.html",
        found=found,
        shown=SHOWN,
        unknown=history_rows.unknown_columns(table.columns),
        packed=packed,
    )


@blueprint.post("/coordinate/register/earlier/record")
@requires(Can.RECORD_HISTORY)
def history_record() -> ResponseReturnValue:
    """Record what the preview showed. Pressed twice, it records once."""
    try:
        table = tables.read_table(_unpacked(request.form.get("rows", "")))
    except (UnreadableError, ValueError, zlib.error):
        return _form(_("The preview was not complete. Choose the file again.")), 422
    now = clock.now()
    found = history.plan(table.lines[:AT_ONCE], by=me(), now=now)
    made = history.record(found.new, by=me(), now=now)
    flash(
        ngettext("%(num)s earlier certificate is recorded.", "%(num)s earlier certificates are recorded.", made),
        "success",
    )
    return redirect(url_for("coordinate.register"), 303)


def _form(error: str = "") -> str:
    return render_template(
        "coordinate/history.html", error=error, columns=history_rows.COLUMNS, at_once=AT_ONCE, words=_words()
    )


def _packed(table: Table, numbers: Iterable[int]) -> str:
    wanted = set(numbers)
    columns = [name for name in history_rows.COLUMNS if name in table.columns]
    rows = ([cells.get(name) or "" for name in columns] for number, cells in table.lines if number in wanted)
    return base64.b64encode(zlib.compress(b"".join(spreadsheets.csv_chunks(columns, rows)), 9)).decode()


def _unpacked(text: str) -> bytes:
    """Return the rows as a CSV file. Raises `ValueError` and `zlib.error` for what no preview has made."""
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(base64.b64decode(text, validate=True), UNPACKED)
    except binascii.Error as error:
        raise ValueError(text[:10]) from error
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise ValueError(len(data))
    return data


def _too_many() -> str:
    return _(
        "This page takes at most %(most)s rows at a time. Split the file, or ask whoever runs this site to use the "
        "command for larger ones.",
        most=AT_ONCE,
    )


def _unreadable(fault: Fault) -> str:
    return {
        Fault.EMPTY: _("The file is empty."),
        Fault.TOO_LARGE: _("The file is too large. Split it."),
        Fault.TOO_MANY_ROWS: _too_many(),
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
