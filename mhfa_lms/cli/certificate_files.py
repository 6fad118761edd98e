"""`mhfa-lms certificates render --organisation`: many certificates as one file."""

import contextlib
import sys
from pathlib import Path
from typing import Any, Final

from sqlalchemy.orm import Session
from tqdm import tqdm

from mhfa_lms import clock, db
from mhfa_lms.adapters.files import FolderFiles
from mhfa_lms.cli.base import Failed
from mhfa_lms.jobs import certificate_files as packing
from mhfa_lms.jobs.drawing_pool import Pool
from mhfa_lms.services import certificate_files as service
from mhfa_lms.services import register, register_words
from mhfa_lms.services.certificate_files import Bundle
from mhfa_lms.settings import Settings

TOO_MANY: Final = f"A file holds at most {service.MOST} certificates: choose fewer, with --course or --site, for one."
NONE: Final = "There is no certificate of this kind. Withdrawn, replaced and erased ones are left out."


def pack(organisation: str, kind: Bundle, out: Path, *, settings: Settings, **chosen: Any) -> dict[str, Any]:
    """Put an organisation's certificates into a file and return what was done, for programs.

    Stopped and started again it goes on: what is drawn stays drawn. The file appears when it is whole.
    """
    now = clock.now()
    wanted, count, last = _chosen(db.session(), organisation, kind, **chosen)
    bar: Any = tqdm(total=count, unit="certificate", file=sys.stderr, disable=not sys.stderr.isatty())
    with contextlib.closing(bar), Pool(settings) as pool:
        for entries in packing.in_pieces(wanted, last):
            packing.draw_missing(entries, settings, clock.now, pool)
            bar.update(len(entries))
    part = out.with_name(f"{out.name}.part")
    try:
        with part.open("wb") as file:
            packed = packing.put_together(
                packing.all_entries(wanted, last),
                file,
                kind,
                files=FolderFiles(settings.data_dir / "files"),
                now=now,
                title=wanted.by.organisation_name,
            )
        part.replace(out)
    except packing.NothingDrawnError:
        raise Failed("None of the certificates could be drawn. The log above says why.") from None
    except OSError as error:
        raise Failed(f"The file {out} cannot be written: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)
    return {"file": str(out), "certificates": packed.count, "missing": [code for code, _name in packed.missing]}


def _chosen(session: Session, organisation: str, kind: Bundle, **chosen: Any) -> tuple[register.Query, int, int]:
    now = clock.now()
    try:
        by = register_words.acting_for(session, organisation)
        filters = register_words.read_filters(session, by, **chosen)
        wanted = register.query(session, filters, by=by, now=now)
        with db.transaction() as writing:
            return wanted, *service.choose(writing, wanted, kind, now=now)
    except register_words.UnknownFilterError as error:
        raise Failed(str(error)[0].upper() + str(error)[1:] + ".") from None
    except service.NotSoManyError as error:
        raise Failed(TOO_MANY if error.args[0] else NONE) from None


def in_words(done: dict[str, Any]) -> str:
    """Return what was done in a sentence or two."""
    lines = [f"Wrote {done['certificates']} certificates to {done['file']}"]
    if done["missing"]:
        lines.append(f"Could not be drawn: {', '.join(done['missing'])}")
    return "\n".join(lines)
