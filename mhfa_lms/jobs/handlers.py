"""What each kind of job does. The owner of a kind adds its line to `HANDLERS`."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from mhfa_lms.jobs import badge_making, drawing, removal, retention
from mhfa_lms.jobs.certificate_files import pack_certificates
from mhfa_lms.jobs.history_file import look_at_table, record_table
from mhfa_lms.jobs.long import LongHandler
from mhfa_lms.jobs.personal_file import pack_person
from mhfa_lms.jobs.register_file import write_register
from mhfa_lms.jobs.specimen import draw_specimen
from mhfa_lms.services import badge_lists, badges, work
from mhfa_lms.services import retention as rules_of_retention
from mhfa_lms.services.erasure import REMOVE_FILES
from mhfa_lms.settings import Settings

# handler(settings, job_id, payload, now). It opens its own transactions, may be called again after a crash,
# and raises when the work did not succeed: the runner then tries it again later.
Handler = Callable[[Settings, int, dict[str, Any], datetime], None]

HANDLERS: Final[dict[str, Handler]] = {
    drawing.KIND: drawing.draw_certificate,
    badges.MAKE: badge_making.make_badge,
    badge_lists.PUBLISH: badge_making.publish_list,
    REMOVE_FILES: removal.remove_files,
    rules_of_retention.JOB: retention.apply,
}
# What people wait for and can follow: each kind of `work.KINDS` that the worker knows. Done beside the short jobs, so
# that a certificate never waits for an export.
LONG: Final[dict[str, LongHandler]] = {
    work.REGISTER_EXPORT: write_register,
    work.PERSONAL_COPY: pack_person,
    work.CERTIFICATE_FILES: pack_certificates,
    work.CERTIFICATE_SPECIMEN: draw_specimen,
    work.HISTORY_PREVIEW: look_at_table,
    work.HISTORY_RECORD: record_table,
}
