"""Removing the files of people who were erased, after the rows that named them are gone."""

from datetime import datetime
from typing import Any

from mhfa_lms.adapters.files import FolderFiles
from mhfa_lms.jobs.drawing import file_key
from mhfa_lms.settings import Settings


def remove_files(settings: Settings, _job_id: int, payload: dict[str, Any], _now: datetime) -> None:
    """Remove the PDFs of the certificates and the files named in the payload. The worker's handler; safe to repeat."""
    files = FolderFiles(settings.data_dir / "files")
    for code in payload["codes"]:
        files.remove(file_key(str(code)))
    for key in payload.get("keys", []):
        files.remove(str(key))
