"""Measuring the work outside requests: certificates drawn, mails sent, exports, the scheduler's tick."""

import json
import smtplib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Final

from sqlalchemy import select, text

from mhfa_lms import clock, db
from mhfa_lms.adapters.files import FolderFiles
from mhfa_lms.adapters.pdf import WeasyPrintDrawer
from mhfa_lms.jobs import delivery, drawing, letters, tick
from mhfa_lms.models import Message, WorkState
from mhfa_lms.settings import Settings
from tests.bench import paper, serving
from tests.bench.report import Figure
from tests.bench.seed import Seeded
from tests.bench.tables import Kind
from tests.ports import free_port

CERTIFICATES: Final = 50
MAILS: Final = 100
FEWEST: Final = 0.9
BATCHES: Final = 3
NATION: Final = 1_000_000
CSV_ROWS: Final = 100_000
XLSX_ROWS: Final = 20_000


def measure_certificates(to_draw: list[int], settings: Settings) -> list[Figure]:
    """Draw certificates as the worker does, from the row to the file on record, a bare drawing after each."""
    name, aim = "Certificate drawn, stored and recorded", "at most 25 ms CPU"
    files, drawer = FolderFiles(settings.data_dir / "files"), WeasyPrintDrawer()
    try:
        paper.bare_drawing()
    except (ImportError, OSError):
        return [Figure(f"{name}: Pango is missing", {}, aim, None)]
    ours, signed, bare = _Clock(), _Clock(), _Clock()
    signer = drawing.signer_of(settings)
    for number, certificate_id in enumerate(to_draw[: 2 * (CERTIFICATES + 1)]):
        # Every other one as it is handed out: with a badge of the usual size inside, and signed.
        with signed if number % 2 else ours:
            drawing.draw(
                certificate_id,
                settings=settings,
                now=clock.now(),
                files=files,
                drawer=paper.WithBadge(drawer) if number % 2 else drawer,
                signer=signer if number % 2 else paper.Unsigned(),
            )
        with bare:
            paper.bare_drawing()
    return [
        Figure("Floor: a plain page drawn by WeasyPrint", bare.figures("certificates")),
        Figure(name, _beside(ours, bare), aim, ours.cpu_ms <= 25),
        Figure(
            "Certificate signed, its badge attached", _beside(signed, bare), "at most 144 ms CPU", signed.cpu_ms <= 144
        ),
    ]


def _beside(ours: "_Clock", bare: "_Clock") -> dict[str, float]:
    return {**ours.figures("certificates"), "times_bare": ours.cpu_ms / bare.cpu_ms}


class _Clock:
    """Adds up what a block takes, each time it is run; the first time, when everything is loaded, does not count."""

    def __init__(self) -> None:
        self.count = -1
        self._cpu = self._wall = 0.0

    def __enter__(self) -> None:
        self._began = time.process_time(), time.perf_counter()

    def __exit__(self, *_error: object) -> None:
        if self.count >= 0:
            self._cpu += time.process_time() - self._began[0]
            self._wall += time.perf_counter() - self._began[1]
        self.count += 1

    @property
    def cpu_ms(self) -> float:
        """Processor time of one run, in ms."""
        return self._cpu * 1000 / self.count

    def figures(self, things: str) -> dict[str, float]:
        """Return the figures of the table."""
        return {"cpu_ms": self.cpu_ms, f"{things}_a_second": self.count / self._wall}


def daytime() -> datetime:
    """Return tomorrow's noon: what reminds people waits for the day, and measuring cannot."""
    tomorrow = clock.now() + timedelta(days=1)
    return tomorrow.replace(hour=12, minute=0, second=0, microsecond=0)


def measure_mails(settings: Settings) -> list[Figure]:
    """Deliver waiting mails to a server that takes everything, beside a bare smtplib loop with one of them."""
    port = free_port()
    settings = replace(settings, mail_url=f"smtp://127.0.0.1:{port}")
    with serving.running(["tests.bench.sink", str(port)], port):
        mail = _one_mail(settings)
        bare, ours = _Clock(), _Clock()
        for _batch in range(BATCHES + 1):
            with bare:
                _bare_mails(port, mail)
            with ours:
                counts = delivery.send_waiting(settings, daytime, MAILS)
            # By tomorrow a later reminder is due for one or the other: theirs is looked at and not sent.
            if counts.all != MAILS or counts.sent < MAILS * FEWEST:
                raise RuntimeError(f"{counts.sent} of {counts.all} mails were sent, not {MAILS}")
    return [
        Figure("Floor: a mail sent by a bare smtplib loop", _each(bare)),
        Figure("Mail written, sent and recorded", {**_each(ours), "times_bare": ours.cpu_ms / bare.cpu_ms}),
    ]


def _each(taken: "_Clock") -> dict[str, float]:
    found = taken.figures("mails")
    return {"cpu_ms": found["cpu_ms"] / MAILS, "mails_a_second": found["mails_a_second"] * MAILS}


def _one_mail(settings: Settings) -> EmailMessage:
    """Return the first mail that waits, as it would be sent."""
    session = db.session()
    found = session.scalars(select(Message.id).where(Message.state == WorkState.WAITING).limit(1)).one()
    ready = delivery._read(found, daytime())
    if not isinstance(ready, delivery.Ready):
        raise LookupError("no mail waits")
    return letters.compose(ready.letter, settings, now=daytime())


def _bare_mails(port: int, mail: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", port) as connection:
        for _number in range(MAILS):
            connection.send_message(mail)


def measure_tables(settings: Settings, seeded: Seeded, turns: int = 3) -> list[Figure]:
    """Export the long register as CSV and XLSX. Each takes turns with its floor, and the middle one counts.

    They wait for the database and share its cores: one try of each tells more of what else ran meanwhile.
    """

    def written(kind: Kind, most: int) -> dict[str, float]:
        words = ["-m", "tests.bench.tables", kind, str(most), settings.database_url, str(seeded.many_id)]
        done = subprocess.run([sys.executable, *words], cwd=serving.ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr.strip()[-600:])
        found: dict[str, float] = json.loads(done.stdout)
        return found

    def beside(bare: Kind, ours: Kind, most: int) -> dict[str, float]:
        pairs = [(written(bare, most), written(ours, most)) for _turn in range(turns)]
        rates = [(floor["rows_a_second"], mine["rows_a_second"]) for floor, mine in pairs]
        return {
            "rows_a_second": statistics.median(mine for _floor, mine in rates),
            "growth_mb": max(mine["growth_mb"] for _floor, mine in pairs),
            "rows": pairs[0][1]["rows"],
            "floor_rows_a_second": statistics.median(floor for floor, _mine in rates),
            "times_floor": statistics.median(mine / floor for floor, mine in rates),
        }

    in_csv, in_xlsx = beside(Kind.CSV_FLOOR, Kind.CSV, CSV_ROWS), beside(Kind.XLSX_FLOOR, Kind.XLSX, XLSX_ROWS)
    return [
        Figure(
            "CSV export",
            in_csv,
            "at least 0.7 times the bare loop, 15 MB",
            in_csv["times_floor"] >= 0.7 and in_csv["growth_mb"] <= 15,
        ),
        Figure(
            "XLSX export",
            in_xlsx,
            "at least XlsxWriter, 21 MB",
            in_xlsx["times_floor"] >= 0.95 and in_xlsx["growth_mb"] <= 21,
        ),
    ]


def measure_ticks(settings: Settings, certificates: int) -> list[Figure]:
    """Tick twice: the first posts every reminder that is due, the second finds nothing to do."""
    found = []
    for name in ("First tick", "Tick with nothing due"):
        began = time.perf_counter()
        posted = tick.tick(settings, clock.now()).total
        seconds = time.perf_counter() - began
        found.append(Figure(f"{name}, {certificates:,} certificates", {"seconds": seconds, "posted": posted}))
    db.sessions.remove()
    return found


def measure_nation(certificates: int, url: str, *, most_s: float) -> Figure:
    """Tick over a register of its own, in a process of its own: with what is due, and with nothing due."""
    words = [sys.executable, "-m", "tests.bench.ticking", str(certificates), url]
    done = subprocess.run(words, cwd=serving.ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip()[-600:])
    found = json.loads(done.stdout.splitlines()[-1])
    figures = {
        "seconds": found["due"]["seconds"],
        "cpu_seconds": found["due"]["cpu_seconds"],
        "idle_seconds": found["idle"]["seconds"],
        "posted": found["due"]["posted"],
        "growth_mb": found["due"]["growth_mb"],
        "seeding_seconds": found["seeding_s"],
    }
    met = figures["seconds"] <= most_s if certificates >= NATION else None
    return Figure(f"A tick over {certificates:,} certificates", figures, f"at most {most_s:g} s at {NATION:,}", met)


def postgres_processes() -> Callable[[], list[int]]:
    """Return a function that lists the processes of the PostgreSQL server in use, when it runs on this machine."""
    if db.engine().dialect.name != "postgresql":
        return list
    with db.engine().connect() as connection:
        backend = int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())
    path = Path(f"/proc/{backend}/stat")
    if not path.exists():
        return list
    first = int(path.read_text().rpartition(")")[2].split()[1])
    return lambda: serving.family(first)
