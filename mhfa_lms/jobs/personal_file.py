"""Packing a person's own data: the rows as JSON, a page that explains them, and the PDFs of their certificates.

Small enough to begin anew after a crash; the file appears once, when it is whole.
"""

import json
import zipfile
from datetime import timedelta
from functools import cache
from typing import Final

import jinja2

from mhfa_lms import clock, i18n
from mhfa_lms.jobs.long import Progress
from mhfa_lms.paths import templates_dir
from mhfa_lms.services import exporting, outbox, work
from mhfa_lms.services.table_words import table_words

ZIP_TYPE: Final = "application/zip"
DATA: Final = "data.json"
READ_ME: Final = "README.txt"


def pack_person(progress: Progress) -> None:
    """Pack the data of whoever asked. The worker's handler; safe to repeat."""
    rows, drawn = exporting.own(by=progress.by, keys=progress.settings.secret_keys)
    finished = progress.scratch("zip")
    done = 0
    with zipfile.ZipFile(finished, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(DATA, json.dumps(rows, ensure_ascii=False, indent=2) + "\n")
        packed.writestr(READ_ME, _read_me(progress, rows))
        progress.save(done := 2)
        for one in drawn:
            name = f"certificates/certificate-{i18n.format_code(one.code)}.pdf"
            packed.writestr(name, progress.files.read(one.key, one.sha256))
            progress.save(done := done + 1)
    progress.finish(finished, ending="zip", media_type=ZIP_TYPE, units=done, mail=_notice(progress))


def _read_me(progress: Progress, rows: exporting.Rows) -> str:
    with i18n.use(progress.by.locale):
        words = table_words()
        today = clock.civil_date(progress.now_fn(), progress.by.timezone)
        tables = [(name, words.get(name, ""), len(found)) for name, found in rows.items()]
        return (
            _environment()
            .get_template("copy/readme.txt")
            .render(site_name=progress.settings.site_name, day=today, tables=tables)
        )


def _notice(progress: Progress) -> outbox.Post:
    """Return the mail that says that it is ready; it holds a link and no content."""
    last_day = clock.civil_date(progress.now_fn() + work.FILE_LASTS - timedelta(minutes=1), progress.by.timezone)
    return outbox.Post(
        "copy-ready",
        f"copy-ready:{progress.key}",
        progress.by.account_id,
        None,
        progress.by.locale,
        {"path": f"/progress/{progress.lease.id}", "until_on": last_day.isoformat()},
    )


@cache
def _environment() -> jinja2.Environment:
    return i18n.make_environment(str(templates_dir()))
