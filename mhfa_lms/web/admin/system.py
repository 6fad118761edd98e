"""The state of the system: is it well, and if not, what to do."""

from functools import partial

from flask import render_template, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db, i18n
from mhfa_lms.adapters.keys import open_keys
from mhfa_lms.policy import Can
from mhfa_lms.services import measuring, system_state
from mhfa_lms.services.system_facts import Reader
from mhfa_lms.web.access import requires
from mhfa_lms.web.admin.blueprint import blueprint
from mhfa_lms.web.identity import settings
from mhfa_lms.web.pages import zone


@blueprint.get("/admin/system")
@requires(Can.ADMINISTER)
def system() -> ResponseReturnValue:
    """Each fact with its state, what it means and what to do; those that need something stand first."""
    chosen, now = settings(), clock.now()
    found = measuring.measure(db.session(), chosen, key_file=chosen.key_file, keys=open_keys(chosen.keys_dir), now=now)
    facts = system_state.facts(found, Reader(now, partial(i18n.format_moment, zone=zone())))
    links = {
        "mails": url_for("admin.outbox"),
        "jobs": url_for("admin.jobs"),
        "courses": url_for("admin.courses"),
        "help_lines": url_for("admin.help_lines"),
    }
    worst = system_state.worst(facts)
    return render_template("admin/system.html", facts=facts, links=links, worst=worst, now=now)
