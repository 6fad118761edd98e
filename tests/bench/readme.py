"""The README's table of figures, made from docs/bench.json: no figure there is typed by hand.

`python -m tests.bench.readme` writes it anew; `make bench` does so at its end.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

from tests.bench.report import FILE

README: Final = FILE.parents[1] / "README.md"
BEGIN, END = "<!-- The table is written by `make bench`. -->", "<!-- The end of the table. -->"
DATABASES: Final = ("SQLite", "PostgreSQL")
Figures = Mapping[str, Any]


def _page(of: Figures) -> str:
    return f"{of['cpu_ms']:.1f} ms{_times(of)}; {of['requests_a_second']:,.0f}/s, {of['p50_ms']:.0f}/{of['p95_ms']:.0f}"


def _times(of: Figures) -> str:
    for name, digits in (("times_queries", 1), ("times_upsert", 1), ("times_hash", 2), ("times_bare", 1)):
        if name in of:
            also = f" ({of['times_render']:.1f})" if "times_render" in of else ""
            return f", {of[name]:.{digits}f} ×{also}"
    return ""


def _certificates(of: Figures) -> str:
    return f"{of['cpu_ms']:.0f} ms{_times(of)}; {of['certificates_a_second']:,.0f}/s"


def _bulk(of: Figures) -> str:
    took = f"{of['seconds_for_10000'] / 60:.1f} minutes for 10,000"
    return f"{of['certificates_a_second']:,.0f}/s, {of['times_bare']:.1f} ×; {took}"


def _packed(of: Figures) -> str:
    return f"{of['MB_a_second']:,.0f} MB/s, {of['growth_mb']:.0f} MB more memory"


def _mails(of: Figures) -> str:
    return f"{of['cpu_ms']:.1f} ms{_times(of)}; {of['mails_a_second']:,.0f}/s"


def _rows(of: Figures) -> str:
    return f"{of['rows_a_second']:,.0f} rows/s, {of['times_floor']:.2f} ×, {of['growth_mb']:.0f} MB more memory"


def _seconds(of: Figures) -> str:
    return f"{of['seconds']:.2f} s"


def _memory(of: Figures) -> str:
    return f"{of['PSS_MB']:.0f} MB"


def _tick(of: Figures) -> str:
    took = f"{of['seconds']:.2f} s, {of['cpu_seconds']:.2f} s CPU, {of['growth_mb']:.0f} MB more memory"
    return f"{took}; {of['idle_seconds']:.2f} s with nothing due"


def _lost(of: Figures) -> str:
    return f"{of['lost']:.0f} of {of['saved']:,.0f}"


def _size(of: Figures) -> str:
    return f"{of['KB']:.1f} KB" + (f", {of['requests']:.0f} requests" if "requests" in of else "")


# What the benchmark calls it, what readers call it, and how its figures are said. A name may begin so only.
LINES: Final[tuple[tuple[str, str, Callable[[Figures], str]], ...]] = (
    ("Floor: hello", "*floor:* hello", _page),
    ("Floor: a 9 KB page", "*floor:* a 9 KB page, rendered only", _page),
    ("Floor: that page after 3 ORM queries", "*floor:* that page after 3 ORM queries", _page),
    ("Learner: home", "a learner's home", _page),
    ("Learner: home among 1", "the same in an organisation of 10,000", _page),
    ("Learner: a step", "a step", _page),
    ("Learner: a question", "a question of the assessment", _page),
    ("Floor: one row kept (", "*floor:* one row kept", _page),
    ("Learner: a step done", "saving a step", _page),
    ("Learner: an answer saved", "saving an answer", _page),
    ("Floor: one row kept, 50", "*floor:* one row kept, 50 at once", _page),
    ("50 learners at once: an answer", "50 learners saving an answer at once", _page),
    ("50 learners at once: answers", "of them, answers lost", _lost),
    ("Floor: a password verified", "*floor:* a password verified", _page),
    ("Signing in", "signing in", _page),
    ("Instructor: 100 answers", "marking queue, 100 answers", _page),
    ("Coordinator: register of 100", "register of 100", _page),
    ("Coordinator: register of 1", "register of {size}", _page),
    ("Coordinator: 100 people", "100 people", _page),
    ("Coordinator: overview of 100", "overview of 100 learners", _page),
    ("Coordinator: overview of 1", "overview of {size}", _page),
    ("Coordinator: overview of 1", "overview of {size}", _page),
    ("Certificate checked", "a certificate checked by anybody", _page),
    ("Floor: a plain page drawn", "*floor:* a plain page drawn by WeasyPrint", _certificates),
    ("Certificate drawn", "a certificate drawn, stored, recorded", _certificates),
    ("Certificate signed", "the same with its badge attached, and signed", _certificates),
    ("Certificates in bulk, unsigned", "many certificates on all cores, unsigned", _bulk),
    ("Certificates in bulk, signed", "many certificates on all cores, signed, with badges", _bulk),
    ("Certificates packed as ZIP", "certificates put into a ZIP", _packed),
    ("Certificates packed as PDF", "certificates put into one PDF to print", _packed),
    ("Floor: a mail sent", "*floor:* a mail in a bare smtplib loop", _mails),
    ("Mail written", "a mail written, sent, recorded", _mails),
    ("A tick over 10,000 ", "a tick over 10,000 certificates, 1,000 due", _tick),
    ("A tick over 100,000 ", "a tick over 100,000 certificates, 1,000 due", _tick),
    ("A tick over 1,000,000 ", "a tick over 1,000,000 certificates, 1,000 due", _tick),
    ("CSV export", "CSV export, beside a bare csv loop", _rows),
    ("XLSX export", "XLSX export, beside a bare XlsxWriter loop", _rows),
    ("Start to first answer", "start to first answer", _seconds),
    ("Memory of two", "memory of two web processes", _memory),
    ("Learner's page, first", "a learner's page with style and script", _size),
    ("Largest first visit", "the largest first visit", _size),
)


def table(document: Mapping[str, Any]) -> str:
    """Return the table of a run: a line for each thing, the databases side by side, the aim, and what was missed."""
    machine = document["machine"]
    made = date.fromisoformat(document["made_on"])
    lines = [
        f"{made.day} {made:%B %Y}, {machine['cores']} shared cores, Python {machine['python']}; "
        f"{machine['busy_before']:.1f} other processes wanted a core before the start.",
        "",
        "| what | SQLite | PostgreSQL | aim |",
        "|---|---|---|---|",
    ]
    runs = {run["name"]: [*run["pages"], *run["others"]] for run in document["runs"]}
    used: set[str] = set()
    for begin, words, say in LINES:
        found = {name: _find(runs.get(name, []), begin, used) for name in DATABASES}
        some = next((one for one in found.values() if one), None)
        if some is None:
            continue
        used.add(some["name"])
        cells = " | ".join(_cell(found[name], say) for name in DATABASES)
        lines.append(f"| {words.format(size=_after_of(some['name']))} | {cells} | {some['aim']} |")
    return "\n".join(lines)


def _find(figures: list[Any], begin: str, used: set[str]) -> Any:
    return next((one for one in figures if one["name"].startswith(begin) and one["name"] not in used), None)


def _after_of(name: str) -> str:
    return str(name.rpartition(" of ")[2])


def _cell(one: Any, say: Callable[[Figures], str]) -> str:
    if one is None or not one["figures"]:
        return ""
    return say(one["figures"]) + (" **missed**" if one["met"] is False else "")


def put(text: str, made: str) -> str:
    """Return a README with the table between its marks. Raises ValueError when it has no marks."""
    found = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    if not found.search(text):
        raise ValueError("the README has no place for the table")
    return found.sub(lambda _match: f"{BEGIN}\n{made}\n{END}", text, count=1)


def write(document: Mapping[str, Any], path: Path = README) -> None:
    """Put the table of a run into the README."""
    path.write_text(put(path.read_text(encoding="utf-8"), table(document)), encoding="utf-8")


if __name__ == "__main__":
    write(json.loads(FILE.read_text(encoding="utf-8")))
