"""At what hour people are written to: pure, on instants and time zones.

A mail that reminds goes at the organisation's hour of the reader's own day. What an outage delayed goes at once while
it is still day there, and else the next morning: never in the evening or at night.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# Nothing goes after this hour, but in the one hour of an organisation that chose so late a one.
EVENING: Final = 21


@lru_cache(maxsize=1024)
def exists(zone: str) -> bool:
    """Whether a time zone is known here."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def reader_zone(own: str | None, organisation: str) -> str:
    """Return the zone a person's hours are counted in: their own, where they chose one, or the organisation's."""
    return own if own and exists(own) else organisation


def at(day: date, hour: int, zone: str) -> datetime:
    """Return the instant of a full hour on a day in a zone.

    Of an hour that comes twice it is the first; for one that a change of the clocks leaves out, the first instant after
    the gap that is as late as the gap is long.
    """
    return datetime.combine(day, time(hour), ZoneInfo(zone)).astimezone(UTC)


def first_from(moment: datetime, zone: str, hour: int) -> datetime:
    """Return the first humane instant not before `moment`: itself, or the next time it is `hour` in the zone."""
    local = moment.astimezone(ZoneInfo(zone))
    if hour <= local.hour < max(EVENING, hour + 1):
        return moment
    day = local.date() if local.hour < hour else local.date() + timedelta(days=1)
    return at(day, hour, zone)


def planned(day: date, organisation: str, zone: str, hour: int) -> datetime:
    """Return when a reminder of a civil day of the organisation's reaches somebody whose zone may be another.

    It is the first humane instant there from the day's beginning, and on the same day of the organisation's.
    """
    return first_from(at(day, 0, organisation), zone, hour)
