"""What erasing a person leaves to do outside the database: their files go, and the list of erasures has a line more."""

from datetime import datetime
from typing import Any

from mhfa_lms import db
from mhfa_lms.adapters.files import FolderFiles
from mhfa_lms.adapters.lines import ERASURES, GrowingFile
from mhfa_lms.jobs.drawing import file_key
from mhfa_lms.services import erasures
from mhfa_lms.settings import Settings


def remove_files(settings: Settings, _job_id: int, payload: dict[str, Any], _now: datetime) -> None:
    """Remove the PDFs of the certificates and the files named in the payload. The worker's handler; safe to repeat."""
    write_down(settings)
    files = FolderFiles(settings.data_dir / "files")
    for code in payload["codes"]:
        files.remove(file_key(str(code)))
    for key in payload.get("keys", []):
        files.remove(str(key))


def write_down(settings: Settings) -> int:
    """Add whoever was erased to the list beside the database; returns how many were not in it yet.

    A restore of an older database goes by that list. Whatever this missed, the next call or a restore makes good.
    """
    session = db.session()
    found = erasures.listed(session)
    session.rollback()
    return GrowingFile(settings.data_dir / ERASURES).add(one.line() for one in found)
