"""Measuring pages over HTTP beside their floors; what the web processes take of memory, and how soon they answer.

Pages and floors take turns, some rounds long, so that whatever else the machine does falls on all of them alike. A
page's processor time is the middle one of its rounds.
"""

import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import func, select

from mhfa_lms import db
from mhfa_lms.models import Attempt, AttemptAnswer
from mhfa_lms.settings import Settings
from tests.bench import floor, load, serving
from tests.bench.browser import Browser, weigh
from tests.bench.district import CROWD
from tests.bench.load import CONCURRENCY, Plan, Seen, Visit, post
from tests.bench.pages import By, Measured, pages, reading
from tests.bench.report import Figure
from tests.bench.seed import Seeded
from tests.bench.serving import Served
from tests.ports import free_port

ROUNDS: Final = 3
WARMING: Final = 0.3
KB: Final = 1024
HELLO, RENDER, QUERIES = "Floor: hello", "Floor: a 9 KB page", "Floor: that page after 3 ORM queries"
UPSERT_CROWD = "Floor: one row kept, 50 at once (POST)"
UPSERT, HASH = "Floor: one row kept (POST)", "Floor: a password verified"


class WrongAnswerError(RuntimeError):
    """A page answered otherwise than it should: its figures would mean nothing."""


@dataclass(slots=True)
class Cost:
    """What requests took, round by round: ms of processor time each, of the web processes and of PostgreSQL."""

    web: list[float] = field(default_factory=list)
    database: list[float] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)

    @property
    def cpu_ms(self) -> float:
        """Processor time of a request, the database's included."""
        return statistics.median(map(sum, zip(self.web, self.database, strict=True)))

    def figures(self) -> dict[str, float]:
        """Return the figures of the table."""
        times = [one for seen in self.seen for one in seen.times]
        found = Seen({}, times, sum(seen.seconds for seen in self.seen))
        return {
            "cpu_ms": self.cpu_ms,
            **({"database_ms": statistics.median(self.database)} if any(self.database) else {}),
            "p50_ms": found.percentile(50),
            "p95_ms": found.percentile(95),
            "requests_a_second": found.rate,
            "answers": found.count,
        }


@dataclass(frozen=True, slots=True)
class Bench:
    """Where to measure: the platform, the floors beside it, and the processes of the database server, if any."""

    platform: Served
    floors: Served
    seconds: float
    database: Callable[[], list[int]]

    def add(self, cost: Cost, served: Served, one: Measured, visits: list[Visit], seconds: float) -> None:
        """Send visits once more. Raises `WrongAnswerError`."""
        web, beside = served.processes(), self.database()
        before = serving.cpu_ms(web), serving.cpu_ms(beside)
        seen = load.run_apart(Plan(served.address, tuple(visits), seconds))
        if set(seen.statuses) != {one.status}:
            raise WrongAnswerError(f"{one.name}: answered {seen.statuses}, not {one.status}")
        cost.web.append((serving.cpu_ms(web) - before[0]) / seen.count)
        cost.database.append((serving.cpu_ms(beside) - before[1]) / seen.count)
        cost.seen.append(seen)


def floors() -> list[Measured]:
    """Return the floors, as pages."""
    return [
        Measured(HELLO, reading("/hello", [""])),
        Measured(RENDER, reading("/render", [""])),
        Measured(QUERIES, lambda: [Visit((load.get(f"/queries/{number}"),)) for number in range(1, CONCURRENCY + 1)]),
        Measured(UPSERT, lambda: [_upserts(number) for number in range(1, CONCURRENCY + 1)]),
        Measured(UPSERT_CROWD, lambda: [_upserts(number) for number in range(1, CROWD + 1)]),
        Measured(HASH, reading("/hash", [""])),
    ]


def _upserts(number: int) -> Visit:
    return Visit(tuple(post(f"/upsert/{number}/{step}", "", "") for step in range(floor.STEPS)))


def measure_pages(bench: Bench, seeded: Seeded, tell: Callable[[str], None]) -> list[Figure]:
    """Return every figure: the floors first, then the pages."""
    bare, ours = floors(), list(pages(seeded, bench.platform.port))
    costs: dict[str, Cost] = {one.name: Cost() for one in [*bare, *ours]}
    for number in range(ROUNDS):
        for one in [*bare, *ours]:
            if one.once:
                continue
            tell(f"round {number + 1} of {ROUNDS}: {one.name}")
            served, visits = bench.floors if one in bare else bench.platform, one.visits()
            if not number:
                load.run_apart(Plan(served.address, tuple(visits), WARMING))
            bench.add(costs[one.name], served, one, visits, bench.seconds)
    for one in ours:
        if one.once:
            tell(one.name)
            bench.add(costs[one.name], bench.platform, one, one.visits(), bench.seconds)
    return [Figure(one.name, costs[one.name].figures()) for one in bare] + [
        _figure(one, costs, bench.platform.port) for one in ours
    ]


def _figure(one: Measured, costs: Mapping[str, Cost], port: int) -> Figure:
    mine = costs[one.name]
    figures = {**mine.figures(), **{f"times_{name}": mine.cpu_ms / costs[of].cpu_ms for name, of in _beside(one)}}
    if one.path:
        weight = weigh(Browser(port, one.cookie), one.path)
        figures |= {"html_kb": weight.html / KB, "first_visit_kb": weight.all / KB, "requests": weight.requests}
    return Figure(one.name, figures, str(one.aim or ""), _met(one, figures, costs))


def _beside(one: Measured) -> tuple[tuple[str, str], ...]:
    """Return the floors to name beside a page."""
    if one.aim and one.aim.by is By.HASH:
        return (("hash", HASH),)
    if one.once:
        return (("upsert", UPSERT),)
    return (("hello", HELLO), ("render", RENDER), ("queries", QUERIES))


def _met(one: Measured, figures: Mapping[str, float], costs: Mapping[str, Cost]) -> bool | None:
    if one.aim is None:
        return None
    against = {
        By.QUERIES: lambda: figures["times_queries"],
        By.CPU: lambda: figures["cpu_ms"],
        By.P95: lambda: figures["p95_ms"],
        By.HASH: lambda: figures["times_hash"],
        By.SAME: lambda: figures["cpu_ms"] / costs[one.same_as].cpu_ms,
    }
    return against[one.aim.by]() <= one.aim.most


@contextmanager
def web(settings: Settings) -> Iterator[Served]:
    """The platform's web processes over a database that is ready, behind one proxy."""
    port = free_port()
    environment = {
        "MHFA_DATA_DIR": str(settings.data_dir),
        "MHFA_DATABASE_URL": settings.database_url,
        "MHFA_TRUSTED_PROXIES": "1",
    }
    with serving.started(["mhfa_lms.cli", "web", "--port", str(port)], port, "/healthz", environment) as served:
        yield served


@contextmanager
def floor_beside(settings: Settings) -> Iterator[Served]:
    """The floors in the same web processes: in a SQLite file of their own, or in the same PostgreSQL database."""
    url = f"sqlite:///{settings.data_dir / 'floor.db'}" if settings.is_sqlite else settings.database_url
    floor.fill(url)
    port = free_port()
    with serving.started(["tests.bench.floor", str(port), url], port, "/hello", {}) as served:
        yield served


def kept(seeded: Seeded, measured: list[Figure]) -> Figure:
    """Return whether every answer that fifty learners saved at once, and that was answered for, is in the database.

    Each learner saves every question's answer again and again, one after the other, under versions that count up: the
    sum of the versions is the number of requests.
    """
    sent = next(int(one.figures["answers"]) for one in measured if one.name.startswith("50 learners"))
    attempts = select(Attempt.id).where(Attempt.enrolment_id.in_([one.enrolment_id for one in seeded.crowd]))
    versions = select(func.sum(AttemptAnswer.version)).where(
        AttemptAnswer.attempt_id.in_(attempts), AttemptAnswer.client_id == "bench"
    )
    # What was read while seeding is of that moment.
    db.session().rollback()
    found = int(db.session().scalar(versions) or 0)
    db.session().rollback()
    return Figure(
        "50 learners at once: answers that were lost", {"saved": sent, "lost": sent - found}, "none", sent == found
    )


def start_and_memory(served: Served) -> list[Figure]:
    """Return how soon the server answered, and how much memory its processes take after the pages were measured."""
    seconds, memory = served.seconds_to_answer, serving.pss_mb(served.processes()[1:])
    return [
        Figure("Start to first answer", {"seconds": seconds}, "under 1.4 seconds", seconds < 1.4),
        Figure("Memory of two workers", {"PSS_MB": memory}, "at most 160 MB", memory <= 160),
    ]


def first_start() -> Figure:
    """Return how long the whole installation takes to answer on an empty folder: all included."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        words = ["mhfa_lms.cli", "serve", "--port", str(port)]
        with serving.started(words, port, "/readyz", {"MHFA_DATA_DIR": folder}) as served:
            return Figure("`serve` on an empty folder, first answer", {"seconds": served.seconds_to_answer})


def sizes(measured: list[Figure]) -> list[Figure]:
    """Return the aims about sizes: of a learner's page, and of a first visit."""
    step = next(one for one in measured if one.name == "Learner: a step").figures
    first = max(one.figures["first_visit_kb"] for one in measured if "first_visit_kb" in one.figures)
    requests = max(one.figures["requests"] for one in measured if "requests" in one.figures)
    both = {"KB": first, "requests": requests}
    whole, warm = step["first_visit_kb"], step["html_kb"]
    return [
        Figure("Learner's page, first visit", {"KB": whole}, "at most 14 KB", whole <= 14),
        Figure("Largest first visit", both, "at most 60 KB, 6 requests", first <= 60 and requests <= 6),
        Figure("Learner's page, when known", {"KB": warm}, "at most 6 KB", warm <= 6),
    ]
