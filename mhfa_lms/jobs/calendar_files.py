"""The calendar file that goes with a reminder: the last day, and the last one on which renewing is possible.

Instructors get the last day of an authorisation, of a background check, and of a year in which courses are counted.
"""

import hashlib
from datetime import date, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from mhfa_lms import i18n
from mhfa_lms.adapters import calendar_file
from mhfa_lms.adapters.calendar_file import Day
from mhfa_lms.i18n import gettext as _
from mhfa_lms.jobs.letter import Letter
from mhfa_lms.settings import Settings

NAME: Final = "renewal.ics"
# At nine in the morning a week before; days in a calendar begin at midnight.
ALARM: Final = timedelta(hours=9) - timedelta(days=7)
# Reminders count down to the expiry; what takes an entry's place counts up. No rule allows more days than this.
MOST_DAYS: Final = 1000


def of(letter: Letter, settings: Settings, *, now: datetime) -> bytes | None:
    """Return the calendar file of a mail, or None for one that tells of no day."""
    if not letter.facts.get("event"):
        return None
    with i18n.use(letter.locale):
        return calendar_file.write(
            _days(letter.facts, settings), maker=settings.site_name, language=i18n.language().code, now=now
        )


def _days(facts: dict[str, Any], settings: Settings) -> list[Day]:
    last = date.fromisoformat(facts["expires_on"])
    closes = date.fromisoformat(facts.get("window_closes_on") or facts["expires_on"])
    link = settings.base_url + str(facts.get("path", "/account"))
    sequence = MOST_DAYS - int(facts["offset_days"])
    host = urlsplit(settings.base_url).hostname or "localhost"

    def day(what: str, when: date, title: str, words: str) -> Day:
        # Stable for ever, so that a later mail's entry takes the place of this one; and tells nothing.
        uid = hashlib.sha256(f"{facts['event']}:{what}".encode()).hexdigest()[:32]
        return Day(f"{uid}@{host}", sequence, when, title, words, link, ALARM)

    found = [day("last", last, *_last(facts))]
    return [*found, day("window", closes, *_closes(facts))] if closes > last else found


def _last(facts: dict[str, Any]) -> tuple[str, str]:
    if "needed" in facts:
        return (
            _("Last day to teach courses of “%(type)s” that count this year", type=facts["type"]),
            _(
                "Courses to teach at %(organisation)s until this day: %(needed)s. Taught so far: %(taught)s.",
                **{name: facts[name] for name in ("organisation", "needed", "taught")},
            ),
        )
    if "type" not in facts:
        return (
            _("Last day of your background check"),
            _("Talk to your coordinator at %(organisation)s about a new one.", organisation=facts["organisation"]),
        )
    if "window_opens_on" not in facts:
        return (
            _("Last day of your authorisation “%(type)s”", type=facts["type"]),
            _("Talk to your coordinator at %(organisation)s about extending it.", organisation=facts["organisation"]),
        )
    opens, closes = (date.fromisoformat(facts[name]) for name in ("window_opens_on", "window_closes_on"))
    return (
        _("Last day of your certificate “%(type)s”", type=facts["type"]),
        _(
            "You can renew it at %(organisation)s from %(first)s to %(last)s, both days included.",
            organisation=facts["organisation"],
            first=i18n.format_date(opens),
            last=i18n.format_date(closes),
        ),
    )


def _closes(facts: dict[str, Any]) -> tuple[str, str]:
    return (
        _("Last day to renew your certificate “%(type)s”", type=facts["type"]),
        _("After this day the full course is needed. If you have renewed already, delete this entry."),
    )
