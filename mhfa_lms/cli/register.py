"""`mhfa-lms register`: the register of certified first aiders as a file."""

import json
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Final, cast

import click

from mhfa_lms import clock, db
from mhfa_lms.adapters import spreadsheets
from mhfa_lms.cli.base import Failed, installation
from mhfa_lms.services import register as service
from mhfa_lms.services import register_words as words

IN_MEMORY: Final = 8 * 1024 * 1024
FORMATS: Final = ("csv", "xlsx", "json")
WHO: Final = click.Choice(["everyone", "listed", "not-listed"])


@click.group()
def register() -> None:
    """Export the register of first aiders."""


@register.command()
@click.option("--organisation", required=True, metavar="SLUG", help="Whose register.")
@click.option("--site", metavar="S", help="Only people of the site with this name.")
@click.option("--course", metavar="C", help="Only certificates of this course or certification type, by its slug.")
@click.option("--standing", metavar="S,S,...", help="Only these: valid, due, grace, lapsed, revoked, replaced.")
@click.option("--people", type=WHO, default="everyone", show_default=True, help="Whether they agreed to be listed.")
@click.option("--format", "kind", type=click.Choice(FORMATS), default="csv", show_default=True, help="The file's kind.")
@click.option("--bom", is_flag=True, help="Mark a CSV file as UTF-8, for older versions of Excel.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The file; without it, standard output.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def export(
    organisation: str,
    site: str | None,
    course: str | None,
    standing: str | None,
    people: str,
    kind: str,
    bom: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    """Write the register of an organisation: one row for each certificate, in the order of names.

    Cells that a spreadsheet program would run as a formula begin with an apostrophe. The audit trail notes the export.
    """
    kind = "json" if as_json else kind
    if kind == "xlsx" and out is None and sys.stdout.isatty():
        raise Failed("An XLSX file is not for a terminal: name a file with --out")
    now = clock.now()
    with installation():
        session = db.session()
        listed = {"everyone": None, "listed": True, "not-listed": False}[people]
        try:
            by = words.acting_for(session, organisation)
            filters = words.read_filters(session, by, site=site, course=course, standings=standing, listed=listed)
        except words.UnknownFilterError as error:
            raise Failed(str(error)[0].upper() + str(error)[1:] + ".") from None
        wanted = service.query(session, filters, by=by, now=now)
        with closing(service.export(wanted, kind=kind, now=now)) as found, _opened(out) as file:
            if kind == "xlsx":
                if found.count > spreadsheets.MOST_ROWS:
                    raise Failed("An XLSX sheet cannot hold so many rows: use --format csv")
                spreadsheets.write_xlsx(file, service.COLUMNS, found.rows(), title=by.organisation_name, made_at=now)
            else:
                pieces = _json(found.rows()) if kind == "json" else _csv(found.rows(), bom=bom)
                for piece in pieces:
                    file.write(piece)
    if out is not None:
        click.echo(f"Wrote {found.count} certificates to {out}", err=True)


@contextmanager
def _opened(out: Path | None) -> Iterator[IO[bytes]]:
    """Open the file beside its place and move it there when it is whole; an old one stays when anything fails."""
    if out is None:
        # Whole before its first byte goes out: an XLSX file cannot be written to a pipe whose reader leaves.
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as file:
            yield cast("IO[bytes]", file)
            file.seek(0)
            shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    part = out.with_name(f"{out.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(out)
    except OSError as error:
        raise Failed(f"The file {out} cannot be written: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)


def _csv(rows: Iterable[tuple[str, ...]], *, bom: bool) -> Iterator[bytes]:
    yield from spreadsheets.csv_chunks(service.COLUMNS, rows, bom=bom)


def _json(rows: Iterable[tuple[str, ...]]) -> Iterator[bytes]:
    """Yield a JSON list of objects, one to a line; nothing in it is a formula, so nothing is made inert."""
    yield b"["
    between = "\n"
    for row in rows:
        yield f"{between}{json.dumps(dict(zip(service.COLUMNS, row, strict=True)), ensure_ascii=False)}".encode()
        between = ",\n"
    yield b"\n]\n"
