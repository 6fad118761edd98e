"""`mhfa-lms certificates import`: earlier certificates from a table."""

import contextlib
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tqdm import tqdm

from mhfa_lms import clock, db
from mhfa_lms.adapters import tables
from mhfa_lms.cli.base import Failed
from mhfa_lms.policy import Actor
from mhfa_lms.services import history, history_records, history_rows, register_words


def run(organisation: str, file: Path, *, dry_run: bool) -> dict[str, Any]:
    """Record the good rows, or only look at them; returns what was found and done, for programs."""
    now = clock.now()
    try:
        by = register_words.acting_for(db.session(), organisation)
        table = tables.read_table(file.read_bytes())
    except register_words.UnknownFilterError:
        raise Failed(f"There is no organisation {organisation}.") from None
    except tables.UnreadableError as error:
        raise Failed(f"{file} cannot be read: {error.fault.value}.") from None
    if missing := history_rows.missing_columns(table.columns):
        raise Failed(f"The first row does not name these columns: {', '.join(missing)}.")
    found = history.plan(table.lines, by=by, now=now)
    made = 0 if dry_run else _record(found, by, file.name)
    return {
        "would_record" if dry_run else "recorded": len(found.new) if dry_run else made,
        "awaited": len(found.awaited),
        "known": len(found.known),
        "faults": [asdict(one) for one in found.faults],
        "other_names": [one.row.number for one in found.other_names],
        "unknown_columns": history_rows.unknown_columns(table.columns),
    }


def _record(found: history.Plan, by: Actor, file_name: str) -> int:
    made = 0
    entries = [*found.new, *found.awaited]
    bar: Any = tqdm(total=len(entries), unit="row", file=sys.stderr, disable=not sys.stderr.isatty())
    with contextlib.closing(bar):
        for count, some in history_records.record_in_pieces(entries, file_name, by=by, now=clock.now()):
            made += count
            bar.update(some)
    return made


def in_words(done: dict[str, Any]) -> str:
    """Return what was found and done in lines."""
    lines = [f"Row {one['number']}: {one['value'] or '(empty)'}: {one['fix']}" for one in done["faults"]]
    if done["unknown_columns"]:
        lines.append(f"Columns that are not read: {', '.join(done['unknown_columns'])}")
    if done["other_names"]:
        rows = ", ".join(map(str, done["other_names"][:20]))
        lines.append(f"The name differs from the one used here in row {rows}")
    count = done.get("recorded", done.get("would_record"))
    verb = "Recorded" if "recorded" in done else "Would record"
    if done["awaited"]:
        lines.append(f"{done['awaited']} certificates wait until their holders join")
    lines.append(f"{verb} {count} certificates; {done['known']} were there already; {len(done['faults'])} rows to mend")
    return "\n".join(lines)
