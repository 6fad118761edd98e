"""Packing many certificates into one file: first whatever is not drawn yet is drawn, then all are put together.

Drawing is what takes long, and each PDF is stored once for ever: whoever goes on after a crash finds it. A ZIP goes on
behind its last whole piece; a PDF to print, whose pages share what they are made of, is put together anew.
"""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Final

from mhfa_lms import db, i18n, logs
from mhfa_lms.adapters import bundles
from mhfa_lms.adapters.files import FileDamagedError, FolderFiles
from mhfa_lms.adapters.pdf import PdfUnavailableError, WeasyPrintDrawer
from mhfa_lms.i18n import gettext as _
from mhfa_lms.jobs import drawing
from mhfa_lms.jobs.drawing_pool import Outcome, Pool
from mhfa_lms.jobs.long import Progress
from mhfa_lms.services import certificate_files as service
from mhfa_lms.services import register_exports
from mhfa_lms.services.certificate_files import Bundle, Entry, Place
from mhfa_lms.services.register import Query
from mhfa_lms.settings import Settings

PIECE: Final = 40
# Of those that are missing, so many are named on the page.
NAMED: Final = 20
MISSING: Final = "missing.txt"
MEDIA_TYPES: Final = {Bundle.ZIP: bundles.ZIP_TYPE, Bundle.PDF: bundles.PDF_TYPE}


class NothingDrawnError(RuntimeError):
    """Not one of the certificates could be drawn: something is wrong with the machine, not with them."""


@dataclass(slots=True)
class Packed:
    """What has been put in: how many, and the code and name of those that could not be."""

    count: int = 0
    missing: list[tuple[str, str]] = field(default_factory=list)


def pack_certificates(progress: Progress) -> None:
    """Pack the certificates as it was asked for. The worker's handler; goes on where the last try came to."""
    asked = progress.payload
    wanted, kind = register_exports.wanted(asked, progress.by), Bundle(asked["format"])
    if "packed" not in progress.resume:
        _draw(progress, wanted)
    with i18n.use(progress.by.locale):
        finished, packed = (_zipped if kind is Bundle.ZIP else _to_print)(progress, wanted)
    progress.finish(
        finished,
        ending=kind.value,
        media_type=MEDIA_TYPES[kind],
        units=packed.count,
        # Codes and no names: the row is kept longer than the file.
        told={"missing": len(packed.missing), "codes": [code for code, _name in packed.missing[:NAMED]]},
    )


def _zipped(progress: Progress, wanted: Query) -> tuple[Path, Packed]:
    """Put all into a ZIP, piece by piece; goes on behind the last piece that was written whole. Raises as below."""
    drawn = progress.done
    if "packed" not in progress.resume:
        progress.resume = {}
    path = progress.growing()
    resume = progress.resume
    packed = Packed(resume.get("packed", 0), _named(resume.get("missing", [])))
    place = (resume["key"], resume["id"]) if "id" in resume else None
    with path.open("r+b") as file, contextlib.closing(bundles.Zip(file, made_at=progress.now_fn())) as bundle:
        for entries, (key, last) in _pieces(wanted, progress.payload["last"], place):
            for one in entries:
                _add(bundle, one, progress.files, packed)
            file.flush()
            os.fsync(file.fileno())
            missing = [code for code, _name in packed.missing]
            progress.save(drawn, key=key, id=last, bytes=file.tell(), packed=packed.count, missing=missing)
        _end(bundle, packed)
    return path, packed


def _named(codes: list[str]) -> list[tuple[str, str]]:
    """Return codes with the names they belong to: what is kept between two tries holds no names."""
    session = db.session()
    found = service.names_of(session, codes)
    session.rollback()
    return [(code, found.get(code, "")) for code in codes]


def _to_print(progress: Progress, wanted: Query) -> tuple[Path, Packed]:
    path = progress.scratch(Bundle.PDF.value)
    entries = all_entries(wanted, progress.payload["last"], each=progress.still_ours)
    title = wanted.by.organisation_name
    with path.open("w+b") as file:
        return path, put_together(entries, file, Bundle.PDF, files=progress.files, now=progress.now_fn(), title=title)


def _draw(progress: Progress, wanted: Query) -> None:
    resume = progress.resume
    place = (resume["key"], resume["id"]) if "id" in resume else None
    with Pool(progress.settings) as pool:
        for entries, then in _pieces(wanted, progress.payload["last"], place):
            draw_missing(entries, progress.settings, progress.now_fn, pool)
            progress.save(progress.done + len(entries), key=then[0], id=then[1])


def draw_missing(entries: Iterable[Entry], settings: Settings, now_fn: Callable[[], datetime], pool: Pool) -> None:
    """Draw those that are not drawn, on all cores where that is sooner. One that cannot be drawn is logged and left.

    Raises `PdfUnavailableError`: none can be drawn on this machine as it is, so the whole work is tried again later.
    """
    missing = [one.id for one in entries if not one.key]
    outcomes = pool.draw(missing, now_fn) if pool.pays(len(missing)) else _draw_here(missing, settings, now_fn)
    for one in outcomes:
        if one.error:
            logs.logger().error("certificate-not-drawn", certificate_id=one.certificate_id, error=one.error, at=one.at)


def _draw_here(certificate_ids: Iterable[int], settings: Settings, now_fn: Callable[[], datetime]) -> Iterator[Outcome]:
    """Draw in this process, one after the other."""
    files, drawer = FolderFiles(settings.data_dir / "files"), WeasyPrintDrawer()
    for one in certificate_ids:
        try:
            drawing.draw(one, settings=settings, now=now_fn(), files=files, drawer=drawer)
        except PdfUnavailableError:
            raise
        except Exception as error:
            db.sessions.remove()
            yield Outcome(one, type(error).__name__, logs.place(error))


def in_pieces(wanted: Query, last: int) -> Iterator[list[Entry]]:
    """Yield the certificates in the order of names, some at a time."""
    for entries, _then in _pieces(wanted, last, None):
        yield entries


def all_entries(wanted: Query, last: int, *, each: Callable[[], None] = lambda: None) -> Iterator[Entry]:
    """Yield the certificates in the order of names, one by one; `each` is called before every piece of them."""
    for entries in in_pieces(wanted, last):
        each()
        yield from entries


def _pieces(wanted: Query, last: int, place: Place | None) -> Iterator[tuple[list[Entry], Place]]:
    while True:
        session = db.session()
        entries, place = service.piece(session, wanted, last=last, after=place, size=PIECE)
        # Nobody waits for a connection while the files are drawn or read.
        session.rollback()
        if place is None:
            return
        yield entries, place


def put_together(
    entries: Iterable[Entry], file: IO[bytes], kind: Bundle, *, files: FolderFiles, now: datetime, title: str
) -> Packed:
    """Write the certificates that are drawn into one file. What cannot be put in, a text in the ZIP names.

    Raises `NothingDrawnError`.
    """
    packed, bundle = Packed(), _bundle(kind, file, now, title)
    # Ended also when the work is stopped: a ZIP would end itself later, when its file is closed.
    with contextlib.closing(bundle):
        for one in entries:
            _add(bundle, one, files, packed)
        _end(bundle, packed)
    return packed


def _end(bundle: bundles.Zip | bundles.PrintPdf, packed: Packed) -> None:
    if packed.missing and isinstance(bundle, bundles.Zip):
        bundle.add(MISSING, _about_missing(packed).encode())
    if not packed.count:
        raise NothingDrawnError


def _add(bundle: bundles.Zip | bundles.PrintPdf, one: Entry, files: FolderFiles, packed: Packed) -> None:
    code = i18n.format_code(one.code)
    try:
        data = _read(files, one)
        if isinstance(bundle, bundles.Zip):
            bundle.add(bundles.file_name(one.name, f" - {code}.pdf"), data)
        else:
            bundle.add(data)
    except (FileDamagedError, bundles.UnfitPdfError):
        packed.missing.append((code, one.name))
    else:
        packed.count += 1


def _bundle(kind: Bundle, file: IO[bytes], now: datetime, title: str) -> bundles.Zip | bundles.PrintPdf:
    return bundles.Zip(file, made_at=now) if kind is Bundle.ZIP else bundles.PrintPdf(file, title=title)


def _read(files: FolderFiles, one: Entry) -> bytes:
    if not one.key:
        raise FileDamagedError(one.code)
    return files.read(one.key, one.sha256)


def _about_missing(packed: Packed) -> str:
    words = _(
        "These certificates could not be drawn, so they are not here. Ask for the file again. If they are missing "
        "again, tell whoever runs this site."
    )
    return "\r\n".join([words, "", *(f"{code}  {name}" for code, name in packed.missing), ""])
