"""`mhfa-lms retention`: removing what is not to be kept any more, now, or seeing what would go."""

from datetime import datetime
from typing import Any, Final

import click

from mhfa_lms import clock
from mhfa_lms.cli.base import emit, installation, json_option
from mhfa_lms.cli.worker import moment
from mhfa_lms.jobs.removal import write_down
from mhfa_lms.jobs.retention import stale_files, sweep_files
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import retention as service
from mhfa_lms.settings import Settings

SHOWN: Final = 20
LISTED: Final = 10_000


@click.command()
@click.option("--dry-run", is_flag=True, help="Remove nothing; say what would go, and until when it was to be kept.")
@click.option("--as-of", metavar="ISO-DATETIME", help="With --dry-run: what would go by then.")
@json_option
def retention(dry_run: bool, as_of: str | None, as_json: bool) -> None:
    """Remove what is not to be kept any more. The worker does so each day by itself.

    How long records are kept is the rule retention_months; the other times are fixed (docs/operating.md).
    """
    if as_of and not dry_run:
        raise click.UsageError("--as-of goes with --dry-run only: nothing is removed before its time.")
    with installation() as settings:
        if dry_run:
            now = moment(as_of, settings) if as_of else clock.now()
            found = {duty.name: described(duty, now) for duty in service.DUTIES}
            found["files"] = {
                "about": "Files left half written or without a record, and old safety copies, go",
                **files(settings, now),
            }
            emit(as_json, {"as_of": now.isoformat(), "due": found}, "\n".join(map(in_words, found.values())))
            return
        removed = apply(settings)
    emit(as_json, {"removed": removed}, "\n".join(f"{name}: {count}" for name, count in removed.items()))


def apply(settings: Settings) -> dict[str, int]:
    """Remove everything that is due; returns how many of each."""
    now = clock.now()
    removed = dict.fromkeys((duty.name for duty in service.DUTIES), 0)
    for duty in service.DUTIES:
        while some := service.run(duty, by=SYSTEM, now=now):
            removed[duty.name] += some
    write_down(settings)
    return {**removed, "files": len(sweep_files(settings.data_dir, now=now))}


def described(duty: service.Duty, now: datetime) -> dict[str, Any]:
    """Return what a run would remove of one kind: how many, and the first 10,000."""
    due = service.plan(duty, now=now, limit=LISTED + 1)
    rows = [{"id": one.id, "label": one.label, "kept_until": one.kept_until.isoformat()} for one in due[:LISTED]]
    return {"about": duty.about, "count": len(rows), "more": len(due) > LISTED, "rows": rows}


def files(settings: Settings, now: datetime) -> dict[str, Any]:
    """Return the files that a run would remove, by name."""
    found = stale_files(settings.data_dir, now=now)
    rows = [{"id": 0, "label": path.name, "kept_until": now.date().isoformat()} for path in found]
    return {"count": len(found), "more": False, "rows": rows}


def in_words(found: dict[str, Any]) -> str:
    """Return one kind for people: how many, and the first of them."""
    lines = [f"{found['count']:>6}{'+' if found['more'] else ' '} {found['about']}"]
    lines += [f"          {row['label'] or row['id']}, kept until {row['kept_until']}" for row in found["rows"][:SHOWN]]
    if found["count"] > SHOWN:
        lines.append(f"          and {found['count'] - SHOWN} more (--json lists them)")
    return "\n".join(lines)
