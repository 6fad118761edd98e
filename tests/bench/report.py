"""The figures as a table and as JSON, each with its aim and whether it was met."""

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).parents[2] / "docs" / "bench.json"
MET: Final = {True: "yes", False: "NO", None: ""}


@dataclass(frozen=True, slots=True)
class Figure:
    """One line: what was measured, its figures by name, the aim in words, and whether it was met (None: no aim)."""

    name: str
    figures: dict[str, float]
    aim: str = ""
    met: bool | None = None


@dataclass(slots=True)
class Run:
    """Everything measured on one database; `name` is SQLite or PostgreSQL."""

    name: str
    pages: list[Figure] = field(default_factory=list)
    others: list[Figure] = field(default_factory=list)


COLUMNS: Final = (
    ("cpu_ms", "CPU ms", "{:.2f}"),
    ("database_ms", "of it DB", "{:.2f}"),
    ("times_hello", "x hello", "{:.1f}"),
    ("times_render", "x render", "{:.1f}"),
    ("times_queries", "x 3 qu.", "{:.2f}"),
    ("times_upsert", "x upsert", "{:.2f}"),
    ("times_hash", "x hash", "{:.2f}"),
    ("p50_ms", "p50", "{:.1f}"),
    ("p95_ms", "p95", "{:.1f}"),
    ("requests_a_second", "req/s", "{:,.0f}"),
    ("html_kb", "HTML KB", "{:.1f}"),
    ("first_visit_kb", "all KB", "{:.1f}"),
)


def show(run: Run) -> str:
    """Return a run as text: the pages as a table, the rest as lines."""
    head = f"{'':44}" + "".join(f"{title:>9}" for _name, title, _form in COLUMNS) + "  aim (met)"
    lines = [run.name, head, "-" * len(head)]
    for one in run.pages:
        cells = "".join(
            f"{form.format(one.figures[name]) if name in one.figures else '':>9}" for name, _title, form in COLUMNS
        )
        lines.append(f"{one.name:44}{cells}  {_aim(one)}")
    lines += ["", *(f"{one.name:44} {_words(one.figures)}  {_aim(one)}" for one in run.others), ""]
    return "\n".join(line.rstrip() for line in lines)


def _aim(one: Figure) -> str:
    return f"{one.aim} ({MET[one.met]})" if one.aim else ""


def _words(figures: dict[str, float]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value:,.4g}" for name, value in figures.items())


def missed(runs: Iterable[Run]) -> list[str]:
    """Return the names of what missed its aim."""
    return [f"{run.name}: {one.name}" for run in runs for one in [*run.pages, *run.others] if one.met is False]


def write(runs: list[Run], *, busy: float, path: Path = FILE) -> dict[str, Any]:
    """Write everything as JSON, with the machine by its cores and the Python only; returns what was written.

    `busy`: how many processes wanted a core before the measuring began; what else ran makes every figure worse.
    """
    document: dict[str, Any] = {
        "made_on": date.today().isoformat(),  # noqa: DTZ011  # for readers; nothing depends on it
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "busy_before": busy},
        "how": "CPU: of the web processes and PostgreSQL's together, in ms per request, at 8 connections on the same"
        " cores as the load generator; the middle one of the rounds in which pages and floors took turns. Sizes"
        " gzipped. Floors: bare Flask pages in the same web processes, in the same run.",
        "runs": [asdict(run) for run in runs],
    }
    path.parent.mkdir(exist_ok=True)
    text = json.dumps(_rounded(document), indent=1, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8")
    return dict(json.loads(text))


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return round(value, 2 if value < 1_000 else 0) if isinstance(value, float) else value
