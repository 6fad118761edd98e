"""Measuring pages over HTTP, against the floor; what the web processes take of memory, and how soon they answer."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from mhfa_lms.settings import Settings
from tests.bench import load, serving
from tests.bench.browser import Browser, weigh
from tests.bench.load import Plan, Seen, Visit
from tests.bench.pages import By, Measured, pages, reading
from tests.bench.report import Figure
from tests.bench.seed import Seeded
from tests.bench.serving import Served

WARMING: Final = 0.4
KB: Final = 1024


class WrongAnswerError(RuntimeError):
    """A page answered otherwise than it should: its figures would mean nothing."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What requests took: processor time in ms each, and what the load generator saw."""

    cpu_ms: float
    seen: Seen

    def figures(self) -> dict[str, float]:
        """Return the figures of the table."""
        return {
            "cpu_ms": self.cpu_ms,
            "p50_ms": self.seen.percentile(50),
            "p95_ms": self.seen.percentile(95),
            "requests_a_second": self.seen.rate,
        }


@dataclass(frozen=True, slots=True)
class Floor:
    """The cost of the bare page and of the bare password hash."""

    page: Cost
    password: Cost


def cost(
    served: Served, visits: list[Visit], *, seconds: float, once: bool = False, beside: list[int] | None = None
) -> Cost:
    """Send visits and return what they took of the server, and of the processes beside it (a database's)."""
    plan = Plan(served.address, tuple(visits), seconds)
    if not once:
        load.run_apart(Plan(served.address, tuple(visits), WARMING))
    processes = [*served.processes(), *(beside or [])]
    before = serving.cpu_ms(processes)
    seen = load.run_apart(plan)
    return Cost((serving.cpu_ms(processes) - before) / seen.count, seen)


def measure_floor(seconds: float) -> Floor:
    """Measure the bare page and the bare hash."""
    port = serving.free_port()
    with serving.started(["tests.bench.floor", str(port)], port, "/", {}) as served:
        return Floor(
            cost(served, reading("/", [""])(), seconds=seconds), cost(served, reading("/hash", [""])(), seconds=seconds)
        )


@contextmanager
def web(settings: Settings) -> Iterator[Served]:
    """The platform's web processes over a database that is ready, behind one proxy."""
    port = serving.free_port()
    environment = {
        "MHFA_DATA_DIR": str(settings.data_dir),
        "MHFA_DATABASE_URL": settings.database_url,
        "MHFA_TRUSTED_PROXIES": "1",
    }
    with serving.started(["mhfa_lms.cli", "web", "--port", str(port)], port, "/healthz", environment) as served:
        yield served


def measure_pages(
    served: Served,
    seeded: Seeded,
    floor: Floor,
    *,
    seconds: float,
    beside: Callable[[], list[int]],
    tell: Callable[[str], None],
) -> Iterator[Figure]:
    """Yield each page's figure."""
    cpu: dict[str, float] = {}
    for one in pages(seeded, served.port):
        tell(one.name)
        taken = cost(served, one.visits(), seconds=seconds, once=one.once, beside=beside())
        if set(taken.seen.statuses) != {one.status}:
            raise WrongAnswerError(f"{one.name}: answered {taken.seen.statuses}, not {one.status}")
        cpu[one.name] = taken.cpu_ms
        figures = {**taken.figures(), "times_floor": taken.cpu_ms / floor.page.cpu_ms}
        if one.path:
            weight = weigh(Browser(served.port, one.cookie), one.path)
            figures |= {"html_kb": weight.html / KB, "first_visit_kb": weight.all / KB, "requests": weight.requests}
        yield Figure(one.name, figures, str(one.aim or ""), _met(one, figures, floor, cpu))


def _met(one: Measured, figures: Mapping[str, float], floor: Floor, cpu: Mapping[str, float]) -> bool | None:
    if one.aim is None:
        return None
    against = {
        By.FLOOR: lambda: figures["times_floor"],
        By.CPU: lambda: figures["cpu_ms"],
        By.P95: lambda: figures["p95_ms"],
        By.HASH: lambda: figures["cpu_ms"] / floor.password.cpu_ms,
        By.SAME: lambda: figures["cpu_ms"] / cpu[one.same_as],
    }
    return against[one.aim.by]() <= one.aim.most


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
        port = serving.free_port()
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
