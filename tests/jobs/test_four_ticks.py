"""Four ticks at once, whatever the clock does: each reminder is posted once, and none is left out."""

import subprocess
import sys
import threading
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Final

import pytest
from sqlalchemy import select

from mhfa_lms import clock, db
from mhfa_lms.jobs.tick import tick
from mhfa_lms.models import Certificate, Message, Organisation, Reminder
from mhfa_lms.services import rules
from mhfa_lms.services.reminder_plan import RULES, plan
from mhfa_lms.settings import Settings
from tests import make

pytestmark = pytest.mark.slow
ZONES: Final = ("Europe/London", "America/New_York", "Asia/Kathmandu")
TICKS: Final = 4
# A process that is told a database, then the moments to tick at.
TICKER: Final = """
import sys
from datetime import datetime
from mhfa_lms import db
from mhfa_lms.jobs.tick import tick
from mhfa_lms.settings import read_settings
db.configure(input())
print("done", flush=True)
for line in sys.stdin:
    tick(read_settings({}), datetime.fromisoformat(line.strip()))
    print("done", flush=True)
"""
# When the clocks of London and New York go forward and back; the leap day; the days around an outage.
DAYS: Final = (
    *(date(2027, 3, 14), date(2027, 3, 28), date(2027, 10, 31), date(2027, 11, 7)),
    *(date(2028, 2, 29), date(2028, 3, 2), date(2028, 3, 4)),
)
OFFSETS: Final = (180, 90, 30, 0, -30)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


# Around each change the hour before, the hour that is twice or never there, the one after, and the day that follows.
MOMENTS: Final = [
    *(at(day, hour, 30) for day in DAYS[:4] for hour in (0, 1, 5, 6, 7, 18)),
    *(at(date(2028, 2, 28) + timedelta(days=more), 18) for more in (0, 1, 2)),
    # The clock jumps back two hours, and goes on from there.
    *(at(date(2028, 3, 2), hour) for hour in (13, 11, 12, 18)),
    # Three days without a worker.
    at(date(2028, 3, 5), 18),
]


def wanted(session_certificates: list[Certificate], zones: dict[int, str]) -> Counter[tuple[int, int]]:
    """Return certificate and offset of every reminder that has to go: at each look the latest one, never an earlier."""
    session = db.session()
    found: Counter[tuple[int, int]] = Counter()
    for held in session_certificates:
        rules_of = plan(rules.resolve(session, RULES, organisation_id=held.organisation_id))
        gone: set[int] = set()
        for moment in MOMENTS:
            offset = rules_of.due(held, clock.civil_date(moment, zones[held.organisation_id]))
            if offset is not None and all(one > offset for one in gone):
                gone.add(offset)
        found.update((held.id, offset) for offset in gone)
    return found


class Tickers:
    """Four that tick at the same moment: threads on SQLite, where one process works, processes on PostgreSQL."""

    def __init__(self, database: str, settings: Settings) -> None:
        self.settings, self.children = settings, list[subprocess.Popen[str]]()
        if database.startswith("postgresql"):
            words = [sys.executable, "-c", TICKER]
            pipe = subprocess.PIPE
            self.children = [subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True) for _number in range(TICKS)]
            self._ask(database)

    def __enter__(self) -> "Tickers":
        return self

    def __exit__(self, *_error: object) -> None:
        for child in self.children:
            child.communicate(timeout=300)

    def tick(self, moment: datetime) -> None:
        """Tick once in each, and wait for all."""
        if self.children:
            self._ask(moment.isoformat())
        else:
            tick_in_threads(self.settings, moment)

    def _ask(self, line: str) -> None:
        for child in self.children:
            assert child.stdin is not None
            child.stdin.write(f"{line}\n")
            child.stdin.flush()
        assert [child.stdout.readline() for child in self.children if child.stdout] == ["done\n"] * TICKS


def tick_in_threads(settings: Settings, moment: datetime) -> None:
    """Tick in four threads that begin at the same time."""
    begin, went_wrong = threading.Barrier(TICKS), list[BaseException]()

    def one() -> None:
        begin.wait()
        try:
            tick(settings, moment)
        except BaseException as error:  # told below, in the test's own thread
            went_wrong.append(error)
        finally:
            db.sessions.remove()

    threads = [threading.Thread(target=one) for _number in range(TICKS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert went_wrong == []


def test_each_reminder_goes_once_across_every_jump_of_the_clock(database: str, settings: Settings) -> None:
    revision = make.published()
    for zone in ZONES:
        here = make.organisation(timezone=zone)
        for day in DAYS:
            for offset in OFFSETS:
                ends = day + timedelta(days=offset)
                dates = {"starts_on": ends - timedelta(days=1095), "window_opens_on": ends - timedelta(days=183)}
                closes = ends + timedelta(days=90)
                make.certificate(make.member(here), revision, expires_on=ends, window_closes_on=closes, **dates)
    with Tickers(database, settings) as tickers:
        for moment in MOMENTS:
            tickers.tick(moment)
    db.sessions.remove()
    session = db.session()
    zones = {row.id: row.timezone for row in session.execute(select(Organisation.id, Organisation.timezone))}
    posted = Counter((one.certificate_id, one.offset_days) for one in session.scalars(select(Reminder)))
    assert posted == wanted(list(session.scalars(select(Certificate))), zones)
    assert len(posted) > len(ZONES) * len(DAYS)
    keys = list(session.scalars(select(Message.key).where(Message.kind == "reminder")))
    assert len(keys) == len(set(keys)) == posted.total()
