"""The one place that reads the time.

Only the edges (views, commands, the worker's tick) call `now`; everything below them is handed the time, so that
a test or `tick --as-of` can choose it.
"""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def now() -> datetime:
    """Return the present instant in UTC."""
    return datetime.now(UTC)


def civil_date(instant: datetime, zone: str) -> date:
    """Return the calendar day of an instant in a time zone named as in the IANA database."""
    return instant.astimezone(ZoneInfo(zone)).date()
