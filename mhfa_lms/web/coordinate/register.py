"""The register and its export: one query behind both."""

import tempfile
from datetime import datetime
from typing import IO, Final, cast

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from mhfa_lms import clock, db, i18n
from mhfa_lms.adapters import spreadsheets
from mhfa_lms.adapters.files import pieces
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import Organisation
from mhfa_lms.policy import Can
from mhfa_lms.services import register as service
from mhfa_lms.services import register_exports, sites, work
from mhfa_lms.web import lists
from mhfa_lms.web.access import requires
from mhfa_lms.web.coordinate import filters
from mhfa_lms.web.coordinate.blueprint import blueprint
from mhfa_lms.web.identity import me

IN_MEMORY: Final = 1024 * 1024


@blueprint.app_template_filter("day")
def day(instant: datetime, zone: str) -> str:
    """Return the civil day of an instant in a zone."""
    return i18n.format_date(clock.civil_date(instant, zone), "medium")


def _wanted() -> service.Query:
    return service.query(db.session(), filters.register_filters(), by=me(), now=clock.now())


@blueprint.get("/coordinate/register")
@requires(Can.SEE_REGISTER)
def register() -> str:
    """The certificates the organisation issued, 25 a page, with filters in the address."""
    wanted = _wanted()
    session = db.session()
    return render_template(
        "coordinate/register.html",
        filters=wanted.filters,
        values=filters.in_words(wanted.filters),
        page=service.page(session, wanted, lists.place()),
        total=service.total(session, wanted),
        zone=wanted.zone,
        sites=filters.site_options(sites.listed(session, by=wanted.by)),
        courses=filters.course_options(),
        cohorts=filters.cohort_options(wanted.by),
        standings=filters.standing_options(wanted.filters.standings),
        at_once=register_exports.AT_ONCE,
    )


@blueprint.get("/coordinate/register.<any(csv, xlsx):kind>")
@requires(Can.EXPORT_REGISTER)
def register_export(kind: str) -> ResponseReturnValue:
    """The register through the same filters as the screen, as a file to keep."""
    wanted = _wanted()
    if request.method == "HEAD":
        return Response(mimetype=spreadsheets.CSV_TYPE if kind == "csv" else spreadsheets.XLSX_TYPE)
    if service.exceeds(db.session(), wanted, register_exports.AT_ONCE):
        # An address kept from when there were fewer.
        flash(_("There are many rows by now, so the file takes a moment. Please press the export button."), "info")
        return _back(wanted)
    found = service.export(wanted, kind=kind, now=clock.now())
    try:
        if kind == "csv":
            rows = spreadsheets.csv_chunks(service.COLUMNS, found.rows(), bom=request.args.get("bom") == filters.YES)
            answer = Response(rows, content_type=spreadsheets.CSV_TYPE)
        else:
            answer = _xlsx(found)
    except BaseException:
        found.close()
        raise
    # Not in the generator: one that nobody began to read would never come to its end.
    answer.call_on_close(found.close)
    answer.headers.set("Content-Disposition", "attachment", filename=file_name(wanted, kind))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.post("/coordinate/register.<any(csv, xlsx):kind>")
@requires(Can.EXPORT_REGISTER)
def register_long_export(kind: str) -> ResponseReturnValue:
    """Have the worker make the file, and follow that on a page of its own."""
    wanted = _wanted()
    if kind == "xlsx" and service.exceeds(db.session(), wanted, spreadsheets.MOST_ROWS):
        flash(_("An Excel sheet cannot hold so many rows. Export them as CSV."), "warning")
        return _back(wanted)
    try:
        job_id = register_exports.begin(
            wanted,
            kind=kind,
            bom=request.args.get("bom") == filters.YES,
            name=file_name(wanted, kind),
            now=clock.now(),
        )
    except work.TooMuchError:
        flash(_("You have several exports under way. Wait for one of them, or cancel it."), "warning")
        return redirect(url_for("coordinate.overview"), 303)
    return redirect(url_for("work.progress", job_id=job_id), 303)


def _back(wanted: service.Query) -> ResponseReturnValue:
    return redirect(url_for("coordinate.register", **filters.in_words(wanted.filters)), 303)


def _xlsx(found: service.Export) -> Response:
    # Closed with the response; small files never touch the disk.
    file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115  # it outlives this function
    spreadsheets.write_xlsx(file, service.COLUMNS, found.rows(), title=me().organisation_name, made_at=clock.now())
    file.seek(0)
    answer = Response(pieces(cast("IO[bytes]", file)), content_type=spreadsheets.XLSX_TYPE)
    answer.call_on_close(file.close)
    return answer


def file_name(wanted: service.Query, kind: str, what: str = "register") -> str:
    """Return the name that a file about a query is saved under."""
    slug = db.session().scalars(select(Organisation.slug).where(Organisation.id == wanted.by.organisation_id)).one()
    return f"{what}-{slug}-{wanted.today.isoformat()}.{kind}"
