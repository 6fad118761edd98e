"""When things are looked at. APScheduler only rings bells; what is due is asked of the database when one rings."""

from collections.abc import Callable
from datetime import UTC
from typing import Final

from apscheduler.schedulers.background import BackgroundScheduler

TICK_S: Final = 60
MAIL_S: Final = 3
JOBS_S: Final = 1
CROWD_S: Final = 5


def bells(rings: dict[Callable[[], None], int]) -> BackgroundScheduler:
    """Return a scheduler that calls each function every so many seconds, beginning now. It is not started yet.

    The store is in memory, for two processes on one store run everything twice or more often. Rings missed while the
    machine slept are rung once, however late. The functions must return at once: `Bell.set` does.
    """
    scheduler = BackgroundScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    for ring, seconds in rings.items():
        scheduler.add_job(ring, "interval", seconds=seconds)
    return scheduler
