"""Writing a large export of the register: rows in pieces into a file that grows, with the place kept beside it.

An XLSX file cannot be continued after a crash. So both kinds are written as CSV first, which can, and an XLSX file is
put together from that in one go.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

from mhfa_lms import db
from mhfa_lms.adapters import spreadsheets
from mhfa_lms.jobs.long import Progress
from mhfa_lms.services import register, register_exports

PIECE: Final = 2_000


def write_register(progress: Progress) -> None:
    """Write the register as it was asked for. The worker's handler; goes on where the last try came to."""
    growing = progress.growing()
    with growing.open("ab") as file:
        _write_rows(progress, file)
    kind = progress.payload["format"]
    if kind == "xlsx":
        finished = _as_xlsx(progress, growing)
        progress.finish(finished, ending=kind, media_type=spreadsheets.XLSX_TYPE, units=progress.done)
    else:
        progress.finish(growing, ending=kind, media_type=spreadsheets.CSV_TYPE, units=progress.done)


def _write_rows(progress: Progress, file: IO[bytes]) -> None:
    asked = progress.payload
    query = register_exports.wanted(asked, progress.by)
    place = (progress.resume["key"], progress.resume["id"]) if "id" in progress.resume else None
    if place is None:
        file.write(b"".join(spreadsheets.csv_chunks(register.COLUMNS, [], bom=asked["bom"])))
    while True:
        session = db.session()
        rows, place = register_exports.piece(session, query, last=asked["last"], after=place, size=PIECE)
        # Nobody waits for a connection while the rows are written.
        session.rollback()
        if place is None:
            return
        file.writelines(spreadsheets.csv_chunks(None, rows))
        file.flush()
        os.fsync(file.fileno())
        progress.save(progress.done + len(rows), key=place[0], id=place[1], bytes=file.tell())


def _as_xlsx(progress: Progress, growing: Path) -> Path:
    finished = progress.scratch("xlsx")
    with growing.open("rb") as csv_file, finished.open("w+b") as file:
        rows = spreadsheets.read_csv(csv_file)
        next(rows)
        spreadsheets.write_xlsx(
            file,
            register.COLUMNS,
            _held(progress, rows),
            title=progress.by.organisation_name,
            made_at=progress.now_fn(),
        )
    return finished


def _held(progress: Progress, rows: Iterator[Any]) -> Iterator[Any]:
    for number, row in enumerate(rows):
        if number % PIECE == 0:
            progress.still_ours()
        yield row
