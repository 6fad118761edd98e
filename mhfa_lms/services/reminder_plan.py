"""Which reminder is due: pure date arithmetic on an organisation's rules.

An offset is a number of days before expiry (180, 90, 30, 0 by default); `GRACE` is the one reminder after it. Of the
reminders whose day has come only the latest counts: what an outage missed is not sent afterwards.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Final, Protocol

from sqlalchemy.orm import Session

from mhfa_lms.services import rules
from mhfa_lms.services.rules import Resolved, Rule

GRACE: Final = -1
RULES: Final = [Rule.REMINDER_DAYS, Rule.GRACE_REMINDER_DAYS, Rule.KEEP_LAST_REMINDER, Rule.REMINDER_HOUR]


# An organisation's rules, by its id: of what its people are reminded, and what its instructors owe.
Found = Callable[[int], Mapping[Rule, Resolved]]


class Held(Protocol):
    """The dates a reminder depends on: a certificate's, or anything's with the same names."""

    @property
    def starts_on(self) -> date: ...
    @property
    def expires_on(self) -> date: ...
    @property
    def window_closes_on(self) -> date: ...


@dataclass(frozen=True, slots=True)
class Dates:
    """Dates that are not a certificate's row."""

    starts_on: date
    expires_on: date
    window_closes_on: date


@dataclass(frozen=True, slots=True)
class Plan:
    """When an organisation reminds: `days` before expiry, largest first, each once, and once in grace.

    `keep_last` sends the last one in spite of an opt-out. `hour` is that of the reader's day.
    """

    days: tuple[int, ...]
    grace_days: int
    keep_last: bool = False
    hour: int = rules.DEFAULTS[Rule.REMINDER_HOUR]

    def day(self, offset: int, held: Held) -> date | None:
        """Return the day of one reminder; None for the one in grace where there is no grace."""
        if offset != GRACE:
            return held.expires_on - timedelta(days=offset)
        if held.window_closes_on <= held.expires_on:
            return None
        # A short grace ends before the usual day: the last day on which renewing is possible is then the right one.
        return min(held.expires_on + timedelta(days=self.grace_days), held.window_closes_on)

    def schedule(self, held: Held) -> list[tuple[int, date]]:
        """Return the reminders of a certificate in order, each as offset and day.

        Those whose day is not after the certificate's first one are left out: nobody is reminded to renew at once.
        """
        days = [(offset, self.day(offset, held)) for offset in (*self.days, GRACE)]
        return [(offset, day) for offset, day in days if day is not None and day > held.starts_on]

    def due(self, held: Held, today: date) -> int | None:
        """Return the offset of the latest reminder whose day has come, None when none has or renewing is over."""
        if today > held.window_closes_on:
            return None
        reached = [offset for offset, day in self.schedule(held) if day <= today]
        return reached[-1] if reached else None

    def last(self, held: Held) -> int | None:
        """Return the offset of the last reminder of all: the one that an organisation may keep going."""
        schedule = self.schedule(held)
        return schedule[-1][0] if schedule else None


def plan(found: Mapping[Rule, Resolved]) -> Plan:
    """Return the plan that resolved rules make."""
    return Plan(
        tuple(sorted({int(day) for day in found[Rule.REMINDER_DAYS].value}, reverse=True)),
        int(found[Rule.GRACE_REMINDER_DAYS].value),
        bool(found[Rule.KEEP_LAST_REMINDER].value),
        int(found[Rule.REMINDER_HOUR].value),
    )


def once(session: Session) -> Found:
    """Return a function that resolves an organisation's rules, with two queries the first time and none after."""
    return cache(lambda one: rules.resolve(session, [*RULES, Rule.MINIMUM_DELIVERIES], organisation_id=one))
