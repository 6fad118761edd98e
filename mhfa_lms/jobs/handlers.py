"""What each kind of job does. The owner of a kind adds its line to `HANDLERS`."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from mhfa_lms.jobs import drawing, removal
from mhfa_lms.services.erasure import REMOVE_FILES
from mhfa_lms.settings import Settings

# handler(settings, job_id, payload, now). It opens its own transactions, may be called again after a crash,
# and raises when the work did not succeed: the runner then tries it again later.
Handler = Callable[[Settings, int, dict[str, Any], datetime], None]

HANDLERS: Final[dict[str, Handler]] = {
    drawing.KIND: drawing.draw_certificate,
    REMOVE_FILES: removal.remove_files,
}
