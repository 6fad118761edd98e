"""What needs attention in this installation."""

from dataclasses import asdict

from flask import render_template
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db
from mhfa_lms.policy import Can
from mhfa_lms.services import attention, first_steps, work
from mhfa_lms.web.access import requires
from mhfa_lms.web.admin.blueprint import blueprint
from mhfa_lms.web.identity import me, settings
from mhfa_lms.web.work.words import listed


@blueprint.get("/admin")
@requires(Can.ADMINISTER)
def overview() -> ResponseReturnValue:
    """The first steps until they are done; what needs attention; and how large the installation is."""
    session, now = db.session(), clock.now()
    found = attention.gather(session, now=now)
    chosen = settings()
    # In a demonstration no mail is meant to leave.
    mail_is_set = chosen.demo or not chosen.mail_url.startswith("file:")
    steps = first_steps.gather(session, mail_is_set=mail_is_set, drafts=[number for number, _title in found.drafts])
    return render_template(
        "admin/overview.html",
        found=found,
        steps=asdict(steps),
        long_work=listed(work.recent(by=me(), now=now)),
    )
