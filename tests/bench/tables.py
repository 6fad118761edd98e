"""Exports: rows in a second and growth of memory, ours and the floor's. Each kind runs in a process of its own.

`python -m tests.bench.tables KIND ROWS DATABASE_URL ORGANISATION_ID` prints JSON. The floors read the same columns of
the same rows with the bare driver, and write them with a bare csv loop or with XlsxWriter as it is.
"""

import csv
import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any, Final

import xlsxwriter

from mhfa_lms import clock, db
from mhfa_lms.adapters import spreadsheets
from mhfa_lms.models import Role
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import register

STATUS: Final = Path("/proc/self/status")
RESET_PEAK: Final = "5"


class Kind(StrEnum):
    """What to write, and how."""

    CSV = "csv"
    CSV_FLOOR = "csv-floor"
    XLSX = "xlsx"
    XLSX_FLOOR = "xlsx-floor"


@dataclass(frozen=True, slots=True)
class Written:
    """How fast rows were written, how much the memory's peak grew meanwhile, and how many rows it were."""

    rows_a_second: float
    growth_mb: float
    rows: int


def measure(kind: Kind, most: int, organisation_id: int) -> Written:
    """Write up to so many rows of an organisation's register."""
    wanted = _query(organisation_id)
    writers: dict[Kind, Callable[[Iterator[Any]], int]] = {
        Kind.CSV: _csv,
        Kind.CSV_FLOOR: _bare_csv,
        Kind.XLSX: _xlsx,
        Kind.XLSX_FLOOR: _bare_xlsx,
    }
    source = _ours if kind in {Kind.CSV, Kind.XLSX} else _bare_rows
    writers[kind](islice(source(wanted), 200))
    reset_peak()
    before, began = memory("VmRSS"), time.perf_counter()
    rows = writers[kind](islice(source(wanted), most))
    return Written(rows / (time.perf_counter() - began), memory("VmHWM") - before, rows)


def _query(organisation_id: int) -> register.Query:
    by = replace(SYSTEM, organisation_id=organisation_id, roles=frozenset({Role.COORDINATOR}))
    return register.query(db.session(), register.Filters(), by=by, now=clock.now())


def reset_peak() -> None:
    """Let the peak of this process's memory begin anew."""
    Path("/proc/self/clear_refs").write_text(RESET_PEAK)


def memory(name: str) -> float:
    """Return a figure of this process's memory, in MB."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) / 1024


def _ours(wanted: register.Query) -> Iterator[tuple[str, ...]]:
    with db.engine().connect() as connection:
        found = register.Export(connection, wanted, 0)
        yield from found.rows()


def _bare_rows(wanted: register.Query) -> Iterator[tuple[Any, ...]]:
    """The same query in the bare driver, row by row, every value as the driver gives it."""
    engine = db.engine()
    compiled = register.export_statement(wanted).compile(engine)
    parameters = dict(compiled.params)
    raw = engine.raw_connection()
    try:
        if engine.dialect.name == "sqlite":
            cursor: Any = raw.cursor()
            cursor.execute(str(compiled), [str(parameters[name]) for name in compiled.positiontup or []])
        else:
            connection: Any = raw.driver_connection
            cursor = connection.cursor(name="bare")
            cursor.execute(str(compiled), parameters)
        while some := cursor.fetchmany(1_000):
            yield from some
        cursor.close()
    finally:
        raw.close()


def _csv(rows: Iterator[Any]) -> int:
    counted = _Counted(rows)
    for _piece in spreadsheets.csv_chunks(register.COLUMNS, counted):
        pass
    return counted.count


def _bare_csv(rows: Iterator[Any]) -> int:
    counted = _Counted(rows)
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    while some := list(islice(counted, spreadsheets.BATCH)):
        writer.writerows(some)
        buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
    return counted.count


def _xlsx(rows: Iterator[Any]) -> int:
    with tempfile.TemporaryFile() as file:
        return spreadsheets.write_xlsx(file, register.COLUMNS, rows, title="Cedar Health", made_at=clock.now())


def _bare_xlsx(rows: Iterator[Any]) -> int:
    number = 0
    with tempfile.TemporaryFile() as file:
        book = xlsxwriter.Workbook(file, {"constant_memory": True})
        sheet = book.add_worksheet()
        for number, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                sheet.write_string(number, column, str(cell))
        book.close()
    return number


class _Counted:
    """Counts what passes through."""

    def __init__(self, rows: Iterator[Any]) -> None:
        self.rows = rows
        self.count = 0

    def __iter__(self) -> Iterator[Any]:
        for row in self.rows:
            self.count += 1
            yield row


def main(words: list[str]) -> None:
    """Measure one kind and print what came of it."""
    kind, most, url, organisation_id = words
    db.configure(url)
    print(json.dumps(asdict(measure(Kind(kind), int(most), int(organisation_id)))))
    db.release()
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
