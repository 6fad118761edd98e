"""`python -m tests.bench [--full] [--seconds S] [--no-file]`: seed, measure, print, write down (bench.json, README.md).

On each database: an organisation of 10,000 learners, one with a register of 100,000 certificates (1,000,000 with
`--full`), and one of 100 learners, with whom the pages are measured.
"""

import argparse
import os
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text

from mhfa_lms import db
from mhfa_lms.adapters.files import FolderFiles
from mhfa_lms.services import course_media
from mhfa_lms.settings import Settings, read_settings
from tests.bench import measure, packing, readme, report, work
from tests.bench.report import Figure, Run
from tests.bench.seed import seed

POSTGRES = "MHFA_TEST_POSTGRES_URL"
LEARNERS = 10_000


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


def bench(name: str, settings: Settings, *, learners: int, certificates: int, seconds: float) -> Run:
    """Measure everything on one database."""
    run = Run(name)
    db.configure(settings.database_url)
    course_media.configure(FolderFiles(settings.data_dir / "files"))
    tell(f"{name}: seeding")
    seeded = seed(settings, learners=learners, certificates=certificates)
    with measure.web(settings) as platform, measure.floor_beside(settings) as floors:
        place = measure.Bench(platform, floors, seconds, work.postgres_processes())
        run.pages += measure.measure_pages(place, seeded, lambda what: tell(f"{name}: {what}"))
        run.others += measure.start_and_memory(platform)
        run.others.append(measure.kept(seeded, run.pages))
    run.others += measure.sizes(run.pages)
    if settings.is_sqlite:
        tell("starting on an empty folder")
        run.others.append(measure.first_start())
    tell(f"{name}: certificates")
    run.others += work.measure_certificates(seeded.to_draw, settings)
    tell(f"{name}: certificates in bulk")
    run.others += packing.measure(settings, seeded.many_id)
    tell(f"{name}: exports")
    run.others += work.measure_tables(settings, seeded)
    tell(f"{name}: ticks")
    run.others += work.measure_ticks(settings, certificates)
    tell(f"{name}: mails")
    run.others += work.measure_mails(settings)
    tell("")
    print(report.show(run), flush=True)
    return run


def ticks_of_nations(server: str | None, sizes: list[int]) -> list[Figure]:
    """Return what one tick takes over ever longer registers of which 1,000 certificates are due."""
    found = []
    for size in sizes:
        tell(f"a tick over {size:,} certificates")
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            url = stack.enter_context(postgres_database(server)) if server else f"sqlite:///{folder}/nation.db"
            found.append(work.measure_nation(size, url, most_s=1 if server else 2))
    return found


def main() -> int:
    """Measure on SQLite, and on PostgreSQL when a server is named; returns 0 also when an aim was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--full", action="store_true", help="1,000,000 certificates instead of 100,000")
    parser.add_argument(
        "--seconds", type=float, default=0.7, help="how long each page is loaded in each of three rounds"
    )
    parser.add_argument("--no-file", action="store_true", help="leave docs/bench.json and the README as they are")
    chosen = parser.parse_args()
    if not Path("/proc/self/smaps_rollup").exists():
        parser.error("processor time and memory are read from /proc: this runs on Linux")
    busy = os.getloadavg()[0]
    sizes = {"learners": LEARNERS, "certificates": 1_000_000 if chosen.full else 100_000}
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        runs.append(bench("SQLite", settings_in(Path(folder), None), **sizes, seconds=chosen.seconds))
        db.release()
    if server := os.environ.get(POSTGRES):
        with tempfile.TemporaryDirectory() as folder, postgres_database(server) as url:
            runs.append(bench("PostgreSQL", settings_in(Path(folder), url), **sizes, seconds=chosen.seconds))
    for run, where in zip(runs, (None, os.environ.get(POSTGRES)), strict=False):
        run.others += ticks_of_nations(where, [10_000, 100_000, *([1_000_000] if chosen.full else [])])
        print(report.show(Run(f"{run.name}: ticks", others=run.others[-3:])), flush=True)
    if not chosen.no_file:
        readme.write(report.write(runs, busy=busy))
    if busy > 1:
        print(f"The machine was busy ({busy:.1f} processes) before the start: take these figures as an upper bound.")
    if names := report.missed(runs):
        print("Missed:", *names, sep="\n  ")
    return 0


if __name__ == "__main__":
    sys.exit(main())
