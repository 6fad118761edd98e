"""The audit trail: who did what to which record, with filters in the address, and the same rows as a file."""

from datetime import date
from typing import Any

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db
from mhfa_lms.adapters import spreadsheets
from mhfa_lms.policy import Can
from mhfa_lms.services import audit_names, audit_trail, paging
from mhfa_lms.services.audit_words import VERBS, verb
from mhfa_lms.web.access import requires
from mhfa_lms.web.admin.blueprint import blueprint
from mhfa_lms.web.identity import me
from mhfa_lms.web.requests import whole

LONGEST = 254


def _text(name: str) -> str:
    return request.args.get(name, "").strip()[:LONGEST]


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None


def _filters() -> audit_trail.Filters:
    return audit_trail.Filters(
        verb=_text("verb"),
        who=_text("who"),
        kind=_text("kind"),
        subject=_text("subject"),
        organisation=_text("organisation").lower(),
        since=_day("since"),
        until=_day("until"),
    )


def _in_words(filters: audit_trail.Filters) -> dict[str, Any]:
    """Return the filters as an address writes them, without those that say nothing."""
    said = {name: getattr(filters, name) for name in ("verb", "who", "kind", "subject", "organisation")}
    days = {name: day.isoformat() for name in ("since", "until") if (day := getattr(filters, name))}
    return {name: value for name, value in (said | days).items() if value}


@blueprint.get("/admin/audit")
@requires(Can.ADMINISTER)
def audit() -> ResponseReturnValue:
    """The events, the newest first, 25 a page."""
    session, filters = db.session(), _filters()
    wanted = audit_trail.query(session, filters, by=me())
    place = paging.Place(request.args.get("after", type=whole), request.args.get("before", type=whole))
    page = audit_trail.page(session, wanted, place)
    return render_template(
        "admin/audit.html",
        lines=audit_names.resolve(session, page.rows),
        page=page,
        total=audit_trail.total(session, wanted),
        chain=audit_trail.chain(session),
        values=_in_words(filters),
        verbs=sorted(((name, str(words)) for name, words in VERBS.items()), key=lambda one: one[1]),
        verb=verb,
        zone=wanted.zone,
    )


@blueprint.get("/admin/audit.csv")
@requires(Can.ADMINISTER)
def audit_export() -> ResponseReturnValue:
    """The rows of the same filters as a file, in numbers and verbs: names stay out of it."""
    wanted = audit_trail.query(db.session(), _filters(), by=me())
    if request.method == "HEAD":
        return Response(mimetype=spreadsheets.CSV_TYPE)
    now = clock.now()
    found = audit_trail.export(wanted, now=now)
    answer = Response(spreadsheets.csv_chunks(audit_trail.COLUMNS, found.rows()), content_type=spreadsheets.CSV_TYPE)
    # Not in the generator: one that nobody began to read would never come to its end.
    answer.call_on_close(found.close)
    name = f"audit-{clock.civil_date(now, wanted.zone).isoformat()}.csv"
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    answer.headers["Cache-Control"] = "no-store"
    return answer
