"""One tick over a national register: seconds, memory, and what it costs when nothing is due.

`python -m tests.bench.ticking CERTIFICATES DATABASE_URL` seeds an empty database and prints JSON: a process of its own,
so that the memory is the tick's.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import update

from mhfa_lms import clock, db, schema
from mhfa_lms.jobs import tick
from mhfa_lms.models import ReminderMark
from mhfa_lms.services import digests
from mhfa_lms.settings import read_settings
from tests.bench import nation, serving
from tests.bench.tables import RESET_PEAK, STATUS
from tests.bench.work import postgres_processes


@dataclass(frozen=True, slots=True)
class Ticked:
    """What one round took: seconds, those of processors (the database's too), how many MB the memory's peak grew, and
    what it posted.
    """

    seconds: float
    cpu_seconds: float
    growth_mb: float
    posted: int


def measure(certificates: int, now: datetime, *, due: int = nation.DUE) -> dict[str, Any]:
    """Seed an empty database and tick: the week's digests, the day before, what is due, with nothing due, tidying."""
    schema.upgrade()
    began = time.perf_counter()
    nation.seed(certificates, now, due=due)
    seeding = time.perf_counter() - began
    settings = read_settings({})
    rounds: dict[str, Callable[[], int]] = {
        "digests": lambda: digests.post_due(now=now),
        "first": lambda: _look_at_all(now - timedelta(days=1)),
        "due": lambda: tick.tick(settings, now).total,
        "idle": lambda: tick.tick(settings, now).total,
        "tidy": lambda: tick.tidy(now),
        "tidy_again": lambda: tick.tidy(now),
    }
    return {"seeding_s": seeding, **{name: _timed(work) for name, work in rounds.items()}}


def _look_at_all(now: datetime) -> int:
    """Tick as on the day before, and let everything have had its turn since: what a worker finds that never stopped."""
    posted = tick.tick(read_settings({}), now).total
    with db.transaction() as session:
        session.execute(update(ReminderMark).values(whole_at=now + timedelta(days=1)))
    return posted


def _timed(work: Callable[[], int]) -> Ticked:
    Path("/proc/self/clear_refs").write_text(RESET_PEAK)
    processes = [os.getpid(), *postgres_processes()()]
    before, cpu_ms, began = _memory("VmRSS"), serving.cpu_ms(processes), time.perf_counter()
    posted = work()
    db.sessions.remove()
    seconds, cpu_ms = time.perf_counter() - began, serving.cpu_ms(processes) - cpu_ms
    return Ticked(seconds, cpu_ms / 1000, _memory("VmHWM") - before, posted)


def _memory(name: str) -> float:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) / 1024


def main(words: list[str]) -> None:
    """Measure and print what came of it."""
    certificates, url = words
    db.configure(url)
    # At noon in UTC it is the same day in all the zones of the register.
    found = measure(int(certificates), clock.now().replace(hour=12))
    print(json.dumps({name: asdict(one) if isinstance(one, Ticked) else one for name, one in found.items()}))
    db.release()


if __name__ == "__main__":
    main(sys.argv[1:])
