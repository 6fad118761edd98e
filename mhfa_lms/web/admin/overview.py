"""What needs attention in this installation."""

from flask import render_template
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db
from mhfa_lms.policy import Can
from mhfa_lms.services import attention
from mhfa_lms.web.access import requires
from mhfa_lms.web.admin.blueprint import blueprint


@blueprint.get("/admin")
@requires(Can.ADMINISTER)
def overview() -> ResponseReturnValue:
    """Failed mails, course problems, old help lines, a silent worker; and how large the installation is."""
    return render_template("admin/overview.html", found=attention.gather(db.session(), now=clock.now()))
