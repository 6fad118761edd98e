"""`python -m tests.bench [--full] [--seconds S] [--no-file]`: seed, measure, print, write docs/bench.json."""

import argparse
import os
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text

from mhfa_lms import db
from mhfa_lms.settings import Settings, read_settings
from tests.bench import measure, report, work
from tests.bench.report import Figure, Run
from tests.bench.seed import seed

POSTGRES = "MHFA_TEST_POSTGRES_URL"


def tell(what: str) -> None:
    """Say on the terminal what is going on."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{what}")
        sys.stderr.flush()


@contextmanager
def postgres_database(server: str) -> Iterator[str]:
    """A new database on a server; dropped at the end."""
    name = f"mhfa_bench_{uuid.uuid4().hex[:12]}"
    engine = create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    try:
        yield f"{server}/{name}"
    finally:
        db.release()
        with engine.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        engine.dispose()


def settings_in(folder: Path, url: str | None) -> Settings:
    """Return the settings of an installation in a folder."""
    return read_settings({"MHFA_DATA_DIR": str(folder), **({"MHFA_DATABASE_URL": url} if url else {})})


def bench(name: str, settings: Settings, *, certificates: int, seconds: float) -> Run:
    """Measure everything on one database."""
    run = Run(name)
    db.configure(settings.database_url)
    tell(f"{name}: seeding")
    seeded = seed(settings, certificates=certificates)
    beside = work.postgres_processes
    tell(f"{name}: the floor")
    floor = measure.measure_floor(seconds)
    run.pages.append(Figure("Floor: a bare Flask page", {**floor.page.figures(), "times_floor": 1.0}))
    run.pages.append(Figure("Floor: a password verified", floor.password.figures()))
    with measure.web(settings) as served:
        run.pages += measure.measure_pages(served, seeded, floor, seconds=seconds, beside=beside, tell=tell)
        run.others += measure.start_and_memory(served)
    run.others += measure.sizes(run.pages)
    if settings.is_sqlite:
        tell("starting on an empty folder")
        run.others.append(measure.first_start())
        tell("drawing certificates")
        run.others.append(work.measure_certificate(seeded.certificate_id, settings))
    tell(f"{name}: exports")
    run.others += work.measure_tables(settings, seeded)
    tell(f"{name}: ticks")
    run.others += work.measure_ticks(settings, certificates)
    tell("")
    print(report.show(run), flush=True)
    return run


def main() -> int:
    """Measure on SQLite, and on PostgreSQL when a server is named; returns 0 also when an aim was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--full", action="store_true", help="1,000,000 certificates instead of 100,000")
    parser.add_argument("--seconds", type=float, default=1.2, help="how long each page is loaded")
    parser.add_argument("--no-file", action="store_true", help="leave docs/bench.json as it is")
    chosen = parser.parse_args()
    if not Path("/proc/self/smaps_rollup").exists():
        parser.error("processor time and memory are read from /proc: this runs on Linux")
    busy = os.getloadavg()[0]
    certificates = 1_000_000 if chosen.full else 100_000
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        runs.append(bench("SQLite", settings_in(Path(folder), None), certificates=certificates, seconds=chosen.seconds))
        db.release()
    if server := os.environ.get(POSTGRES):
        with tempfile.TemporaryDirectory() as folder, postgres_database(server) as url:
            runs.append(
                bench("PostgreSQL", settings_in(Path(folder), url), certificates=certificates, seconds=chosen.seconds)
            )
    if not chosen.no_file:
        report.write(runs, busy=busy)
    if busy > 1:
        print(f"The machine was busy ({busy:.1f} processes) before the start: take these figures as an upper bound.")
    if names := report.missed(runs):
        print("Missed:", *names, sep="\n  ")
    return 0


if __name__ == "__main__":
    sys.exit(main())
