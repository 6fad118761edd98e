"""Certificates in bulk: drawn by processes on every core, then put into one file."""

import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

from sqlalchemy import select

from mhfa_lms import clock, db
from mhfa_lms.adapters.files import FolderFiles
from mhfa_lms.jobs import certificate_files, drawing, drawing_pool
from mhfa_lms.jobs.drawing_pool import Pool
from mhfa_lms.models import Certificate, StoredFile
from mhfa_lms.services.certificate_files import Bundle, Entry
from mhfa_lms.settings import Settings
from tests.bench import paper, tables
from tests.bench.report import Figure

EACH: Final = 80
# Each process loads the engine with its first one.
WARM: Final = 2 * drawing_pool.MOST
# How often each is put into the file, as if they were so many more.
TIMES: Final = 5
MANY: Final = 10_000
UNSIGNED: Final = (sys.executable, "-m", "tests.bench.packing")
# Badges are made only for a site with https.
HTTPS: Final = "https://learn.example.org"


def measure(settings: Settings, organisation_id: int) -> list[Figure]:
    """Draw certificates as the packing of many does, a bare loop on one core beside it, and pack them.

    Nothing where Pango is missing.
    """
    try:
        paper.bare_drawing()
    except (ImportError, OSError):
        return []
    ids = db.session().scalars(
        select(Certificate.id)
        .where(Certificate.organisation_id == organisation_id, Certificate.file_id.is_(None))
        .order_by(Certificate.id)
        .limit(2 * (EACH + WARM))
    )
    waiting = list(ids)
    db.session().rollback()
    half = len(waiting) // 2
    unsigned = _bulk("Certificates in bulk, unsigned", settings, waiting[:half], 120, UNSIGNED)
    signed = _bulk(
        "Certificates in bulk, signed, badge attached",
        replace(settings, base_url=HTTPS),
        waiting[half:],
        720,
        drawing_pool.COMMAND,
    )
    entries = _entries(waiting)
    return [unsigned, signed, *(_packed(kind, entries, settings) for kind in Bundle)]


def _bulk(name: str, settings: Settings, ids: list[int], most_s: int, command: tuple[str, ...]) -> Figure:
    with Pool(settings, command=command) as pool:
        _all_drawn(pool, ids[:WARM])
        cpu_before, began = _cpu_s(pool), time.perf_counter()
        _all_drawn(pool, ids[WARM:])
        rate = len(ids[WARM:]) / (time.perf_counter() - began)
        cpu_ms = (_cpu_s(pool) - cpu_before) * 1000 / len(ids[WARM:])
        processes = pool.size
    began = time.perf_counter()
    for _number in ids[WARM:]:
        paper.bare_drawing()
    bare = len(ids[WARM:]) / (time.perf_counter() - began)
    takes = MANY / rate
    figures = {
        "cpu_ms": cpu_ms,
        "certificates_a_second": rate,
        "processes": processes,
        "bare_a_second_per_core": bare,
        "times_bare": processes * bare / rate,
        "seconds_for_10000": takes,
    }
    return Figure(name, figures, f"{MANY:,} in {most_s // 60} minutes on two cores", takes <= most_s * 2 / processes)


def _cpu_s(pool: Pool) -> float:
    """Return the processor time of the children so far."""
    stats = [Path(f"/proc/{child.process.pid}/stat").read_text().rpartition(")")[2].split() for child in pool._children]
    return sum(int(one[11]) + int(one[12]) for one in stats) / os.sysconf("SC_CLK_TCK")


def _all_drawn(pool: Pool, ids: list[int]) -> None:
    if errors := [one for one in pool.draw(ids, clock.now) if one.error]:
        raise RuntimeError(f"not drawn: {errors}")


def _entries(ids: list[int]) -> list[Entry]:
    found = db.session().execute(
        select(Certificate.id, Certificate.code, Certificate.name, StoredFile.key, StoredFile.sha256)
        .join(StoredFile, StoredFile.id == Certificate.file_id)
        .where(Certificate.id.in_(ids))
    )
    entries = [Entry(*row) for row in found]
    db.session().rollback()
    # Under names of their own, so that the list of contents grows as it would.
    return [replace(one, name=f"{one.name} {turn}") for turn in range(TIMES) for one in entries]


def _packed(kind: Bundle, entries: list[Entry], settings: Settings) -> Figure:
    files = FolderFiles(settings.data_dir / "files")

    def pack(some: list[Entry]) -> int:
        with tempfile.TemporaryFile() as file:
            packed = certificate_files.put_together(some, file, kind, files=files, now=clock.now(), title="All")
            return file.tell() if packed.count == len(some) else 0

    pack(entries[:20])
    tables.reset_peak()
    before, began = tables.memory("VmRSS"), time.perf_counter()
    size = pack(entries)
    seconds = time.perf_counter() - began
    read = sum((files.folder / one.key).stat().st_size for one in entries) / 1e6
    figures = {
        "MB_a_second": read / seconds,
        "growth_mb": tables.memory("VmHWM") - before,
        "certificates": len(entries),
        "MB": size / 1e6,
    }
    return Figure(f"Certificates packed as {kind.upper()}", figures)


if __name__ == "__main__":
    # A child that draws without signing, in place of the platform's own.
    from mhfa_lms.jobs import drawing_process

    drawing.signer_of = lambda _settings: paper.Unsigned()  # type: ignore[assignment]
    drawing_process.main()
