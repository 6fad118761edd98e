"""Calendar files (iCalendar, RFC 5545): whole days with an alarm, for one reader, without anybody's address."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from icalendar import Event


@dataclass(frozen=True, slots=True)
class Day:
    """One day to keep in mind. A later file with the same `uid` and a higher `sequence` takes its place."""

    uid: str
    sequence: int
    day: date
    title: str
    words: str
    link: str
    alarm: timedelta


def write(days: Sequence[Day], *, maker: str, language: str, now: datetime) -> bytes:
    """Return a calendar file. Texts may hold anything: what a calendar cannot hold is left out, the rest escaped."""
    from icalendar import Calendar  # takes a while to load, and the web seldom needs it

    calendar = Calendar()
    calendar.add("prodid", f"-//{_plain(maker)}//mhfa-lms//{language.upper()}")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for day in days:
        calendar.add_component(_event(day, language, now))
    return bytes(calendar.to_ical())


def _event(day: Day, language: str, now: datetime) -> "Event":
    from icalendar import Alarm, Event

    event = Event()
    event.add("uid", day.uid)
    event.add("sequence", day.sequence)
    event.add("dtstamp", now)
    event.add("dtstart", day.day)
    event.add("dtend", day.day + timedelta(days=1))
    event.add("summary", _plain(day.title), parameters={"language": language})
    event.add("description", _plain(day.words), parameters={"language": language})
    event.add("url", day.link)
    event.add("class", "PRIVATE")
    # Nobody is busy that day because of it.
    event.add("transp", "TRANSPARENT")
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", _plain(day.title))
    alarm.add("trigger", day.alarm)
    event.add_component(alarm)
    return event


def _plain(text: str) -> str:
    """Return a text without control characters, of which a calendar file may hold none but line ends."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
