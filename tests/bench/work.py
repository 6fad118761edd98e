"""Measuring the work outside requests: certificates drawn, exports, the scheduler's tick."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from sqlalchemy import text

from mhfa_lms import clock, db
from mhfa_lms.adapters.pdf import PdfUnavailableError, WeasyPrintDrawer
from mhfa_lms.jobs import drawing, tick
from mhfa_lms.models import Certificate
from mhfa_lms.settings import Settings
from tests.bench import serving
from tests.bench.report import Figure
from tests.bench.seed import Seeded
from tests.bench.tables import Kind

CERTIFICATES: Final = 50
CSV_ROWS: Final = 100_000
XLSX_ROWS: Final = 20_000


def measure_certificate(certificate_id: int, settings: Settings) -> Figure:
    """Draw one certificate's PDF many times in a row, from the row to the bytes."""
    name, aim = f"Certificate drawn ({CERTIFICATES} in a row)", "at most 25 ms CPU"
    session, drawer = db.session(), WeasyPrintDrawer()
    certificate = session.get_one(Certificate, certificate_id)
    try:
        drawer.draw(drawing.document(certificate, settings))
    except PdfUnavailableError:
        return Figure(f"{name}: Pango is missing", {}, aim, None)
    began = time.process_time()
    for _number in range(CERTIFICATES):
        drawer.draw(drawing.document(certificate, settings))
    cpu = (time.process_time() - began) * 1000 / CERTIFICATES
    session.rollback()
    return Figure(name, {"cpu_ms": cpu}, aim, cpu <= 25)


def measure_tables(settings: Settings, seeded: Seeded) -> list[Figure]:
    """Export the long register as CSV and XLSX, beside the floors."""

    def written(kind: Kind, most: int) -> dict[str, float]:
        words = ["-m", "tests.bench.tables", kind, str(most), settings.database_url, str(seeded.many_id)]
        done = subprocess.run([sys.executable, *words], cwd=serving.ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr.strip()[-600:])
        found: dict[str, float] = json.loads(done.stdout)
        return found

    bare_csv, ours_csv = written(Kind.CSV_FLOOR, CSV_ROWS), written(Kind.CSV, CSV_ROWS)
    bare_xlsx, ours_xlsx = written(Kind.XLSX_FLOOR, XLSX_ROWS), written(Kind.XLSX, XLSX_ROWS)
    csv_share = ours_csv["rows_a_second"] / bare_csv["rows_a_second"]
    xlsx_share = ours_xlsx["rows_a_second"] / bare_xlsx["rows_a_second"]
    return [
        Figure(
            "CSV export",
            {**ours_csv, "floor_rows_a_second": bare_csv["rows_a_second"], "times_floor": csv_share},
            "at least 0.7 times the bare loop, 15 MB",
            csv_share >= 0.7 and ours_csv["growth_mb"] <= 15,
        ),
        Figure(
            "XLSX export",
            {**ours_xlsx, "floor_rows_a_second": bare_xlsx["rows_a_second"], "times_floor": xlsx_share},
            "at least XlsxWriter, 21 MB",
            xlsx_share >= 0.95 and ours_xlsx["growth_mb"] <= 21,
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


def postgres_processes() -> list[int]:
    """Return the processes of the PostgreSQL server in use, when it runs on this machine."""
    if db.engine().dialect.name != "postgresql":
        return []
    with db.engine().connect() as connection:
        backend = int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())
    path = Path(f"/proc/{backend}/stat")
    return serving.family(int(path.read_text().rpartition(")")[2].split()[1])) if path.exists() else []
