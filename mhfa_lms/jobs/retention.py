"""The daily run of retention, and files that nobody will name any more."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from mhfa_lms import logs
from mhfa_lms.jobs import chores, long
from mhfa_lms.jobs.removal import write_down
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import history_work, retention, work_progress
from mhfa_lms.settings import Settings

# What a killed process was writing: nothing takes a day to write.
ORPHAN_AFTER: Final = timedelta(days=1)
SAFETY_COPY: Final = "before-restore.tar"
SAFETY_COPY_FOR: Final = timedelta(days=30)
# Whose bytes are there before their row: tables that were uploaded, and what long work ended with.
BEFORE_ROWS: Final = (history_work.FOLDER, long.FOLDER)
OWN_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*\.[a-z0-9]{1,8}")


def apply(settings: Settings, _job_id: int, payload: dict[str, Any], now: datetime) -> None:
    """Remove what is not to be kept any more. The worker's handler; safe to repeat and to run twice at once.

    So much at a time; when something is left, a further run is posted. What fails keeps nothing else from going; the
    first error is raised at the end.
    """
    removed: dict[str, int] = {}

    def remove(duty: retention.Duty) -> None:
        removed[duty.name] = retention.run(duty, by=SYSTEM, now=now)

    def sweep() -> None:
        removed["files"] = len(sweep_files(settings.data_dir, now=now))

    try:
        chores.each(
            {
                **{duty.name: partial(remove, duty) for duty in retention.DUTIES},
                "files": sweep,
                "erasures": lambda: write_down(settings),
            }
        )
    finally:
        _say(removed, payload, now)


def _say(removed: dict[str, int], payload: dict[str, Any], now: datetime) -> None:
    if any(removed.values()):
        logs.logger().info("retention-applied", **{name: count for name, count in removed.items() if count})
    if any(count >= retention.MOST for name, count in removed.items() if name != "files"):
        retention.post_next(str(payload["day"]), int(payload["run"]) + 1, now=now)


def stale_files(folder: Path, *, now: datetime) -> list[Path]:
    """Return what unfinished writing left in the data folder a day ago, and a safety copy that is 30 days old.

    Among it files that are whole, but whose row was never written.
    """
    parts = [*folder.glob(".*.part"), *(folder / "files").rglob(".*.part")]
    found = [path for path in parts if path.is_file() and _is_older(path, ORPHAN_AFTER, now)]
    found += _unnamed(folder / "files", now)
    copy = folder / SAFETY_COPY
    return found + ([copy] if copy.is_file() and _is_older(copy, SAFETY_COPY_FOR, now) else [])


def _unnamed(files: Path, now: datetime) -> list[Path]:
    old = {f"{name}/{path.name}": path for name in BEFORE_ROWS for path in _own(files / name, now)}
    named = work_progress.named(sorted(old)) if old else set()
    return [path for key, path in old.items() if key not in named]


def _own(folder: Path, now: datetime) -> Iterator[Path]:
    """Yield the files of a folder that have a name of ours and are older than a day. Follows no links."""
    if folder.is_symlink() or not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            if OWN_NAME.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                path = Path(entry.path)
                if _is_older(path, ORPHAN_AFTER, now):
                    yield path


def sweep_files(folder: Path, *, now: datetime) -> list[Path]:
    """Remove those files; returns them."""
    found = stale_files(folder, now=now)
    for path in found:
        path.unlink(missing_ok=True)
    return found


def _is_older(path: Path, age: timedelta, now: datetime) -> bool:
    # Every minute the worker removes files as well: one that is gone by now is no matter.
    with suppress(FileNotFoundError):
        return timedelta(seconds=now.timestamp() - path.stat().st_mtime) > age
    return False
