"""Tables of earlier certificates: looked at, which saves nothing, and then recorded, row by row.

A look takes seconds and begins anew after a crash. Recording goes on where it was: a piece of rows is one transaction,
and rows that were recorded just before a crash are found again as this table's own.
"""

import json
import os
from collections import Counter
from typing import Any

from mhfa_lms import db, i18n
from mhfa_lms.adapters import spreadsheets, tables
from mhfa_lms.i18n import gettext as _
from mhfa_lms.jobs.long import Progress
from mhfa_lms.services import history, history_preview, history_records, history_rows, history_work
from mhfa_lms.services.history import Becomes, Plan, Planner
from mhfa_lms.services.history_preview import Preview
from mhfa_lms.services.history_records import Row
from mhfa_lms.services.history_rows import Line


def look_at_table(progress: Progress) -> None:
    """Find out what recording the uploaded table would do, or what an earlier look left. The worker's handler."""
    with i18n.use(progress.by.locale):
        lines, unread = _rows_kept(progress) if "again" in progress.payload else _rows_uploaded(progress)
        found = unread if unread.is_unreadable else _looked(progress, lines, unread.unknown_columns)
    finished = progress.scratch("jsonl")
    with finished.open("w", encoding="utf-8") as file:
        file.write(f"{found.line()}\n")
        file.writelines(f"{json.dumps([number, cells])}\n" for number, cells in lines)
    progress.finish(finished, ending="jsonl", media_type=history_work.ROWS_TYPE, units=len(lines))


def _rows_uploaded(progress: Progress) -> tuple[list[Line], Preview]:
    try:
        table = tables.read_table(progress.given())
    except tables.UnreadableError as error:
        return [], Preview(problem=error.fault.value)
    if missing := history_rows.missing_columns(table.columns):
        return [], Preview(missing_columns=missing)
    return list(table.lines), Preview(unknown_columns=history_rows.unknown_columns(table.columns))


def _rows_kept(progress: Progress) -> tuple[list[Line], Preview]:
    data = progress.given()
    return _lines(data), history_preview.read(data.decode().split("\n", 1)[0])


def _looked(progress: Progress, lines: list[Line], unknown: list[str]) -> Preview:
    progress.expect(len(lines))
    by, now = progress.by, progress.now_fn()
    plan = Plan()
    for done, some in enumerate(history.looked_at(lines, by=by, now=now), start=1):
        plan.add(some)
        progress.save(min(done * history.PIECE, len(lines)))
    session = db.session()
    plan.invited = history.invited(session, plan.absent, by=by, now=now)
    session.rollback()
    return history_preview.of(plan, unknown)


def record_table(progress: Progress) -> None:
    """Record the rows of a table that was looked at, and report what became of each. The worker's handler."""
    lines = _lines(progress.given())
    growing = progress.growing()
    with i18n.use(progress.by.locale), growing.open("ab") as file:
        planner = Planner(db.session(), by=progress.by, now=progress.now_fn())
        counts = Counter(progress.resume.get("counts", {}))
        done = progress.done
        if not done:
            file.write(b"".join(spreadsheets.csv_chunks(_heads(), [], bom=True)))
        for some in history.pieces(lines[:done]):
            # So that a row that stands in the table twice is still told from one that a crash repeats.
            planner.look(db.session(), some)
            progress.still_ours()
        db.session().rollback()
        for some in history.pieces(lines[done:]):
            rows = history_records.record_lines(
                planner, some, progress.payload["import_id"], by=progress.by, now=progress.now_fn()
            )
            _invite(progress, rows, counts)
            counts.update(one.outcome.becomes.value for one in rows)
            file.writelines(spreadsheets.csv_chunks(None, map(_reported, rows)))
            file.flush()
            os.fsync(file.fileno())
            done += len(some)
            progress.save(done, bytes=file.tell(), counts=dict(counts))
    progress.finish(
        growing, ending="csv", media_type=spreadsheets.CSV_TYPE, units=len(lines), told={"counts": dict(counts)}
    )


def _lines(data: bytes) -> list[Line]:
    rows = data.decode().splitlines()[1:]
    return [(number, cells) for number, cells in map(json.loads, rows)]


def _invite(progress: Progress, rows: list[Row], counts: Counter[str]) -> None:
    """Invite those whose certificates wait, each once, and count whom the limit of mails left out."""
    if not progress.payload["invite"]:
        return
    entries = [one.outcome.entry for one in rows if one.outcome.entry is not None]
    absent = {one.row.email: one.row for one in entries if one.membership_id is None}
    now = progress.now_fn()
    session = db.session()
    for address in history.invited(session, absent, by=progress.by, now=now):
        del absent[address]
    session.rollback()
    for row in absent.values():
        sent = not counts["uninvited"] and history_work.invite(row.address, row.name, by=progress.by, now=now)
        counts["invited" if sent else "uninvited"] += 1


def _heads() -> tuple[str, ...]:
    return (
        _("Row"),
        _("Person"),
        _("Name"),
        _("Certificate"),
        _("Completed on"),
        _("What became of it"),
        _("Certificate number"),
        _("In the file"),
        _("What to do"),
    )


def _reported(one: Row) -> tuple[str, ...]:
    outcome = one.outcome
    entry, fault = outcome.entry, outcome.fault
    if entry is None:
        value, fix = (fault.value, fault.fix) if fault is not None else ("", "")
        return str(outcome.number), "", "", "", "", _words(outcome.becomes), "", value, fix
    return (
        str(outcome.number),
        entry.row.who,
        entry.name,
        entry.kind.course_title,
        entry.row.completed_on.isoformat(),
        _words(outcome.becomes),
        i18n.format_code(one.code) if one.code else "",
        "",
        "",
    )


def _words(becomes: Becomes) -> Any:
    return {
        Becomes.NEW: _("Recorded"),
        Becomes.AWAITED: _("Waits until the person joins"),
        Becomes.KNOWN: _("Was there already"),
        Becomes.FAULTY: _("Not recorded"),
    }[becomes]
