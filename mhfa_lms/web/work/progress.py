"""A piece of one's own long work: how far it is, ending it early, and its file."""

from typing import Final

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock
from mhfa_lms.adapters.files import FileDamagedError, FolderFiles, pieces
from mhfa_lms.i18n import gettext as _
from mhfa_lms.policy import Actor, Can
from mhfa_lms.services import exporting, second_steps, work
from mhfa_lms.services.work import Work
from mhfa_lms.web.access import requires
from mhfa_lms.web.identity import me, settings
from mhfa_lms.web.work.blueprint import blueprint
from mhfa_lms.web.work.words import shown

# How often the page asks again by itself, in seconds: without the script, which asks more often, and not at all once
# the work has ended or the reader has asked for quiet.
ASKS_AGAIN: Final = 10


def load(actor: Actor, job_id: int) -> Work | None:
    """Return a piece of the actor's own work."""
    return work.own(job_id, by=actor, now=clock.now())


@blueprint.get("/progress/<int:job_id>")
@requires(Can.SEE_OWN_WORK, load=load)
def progress(found: Work) -> str:
    """How far the work is, and what can be done."""
    quiet = request.args.get("quiet") == "yes"
    return render_template(
        "work/progress.html",
        found=found,
        words=shown(found),
        lasts=work.FILE_LASTS,
        quiet=quiet,
        asks_again=0 if quiet or found.stage.ended else ASKS_AGAIN,
    )


@blueprint.post("/progress/<int:job_id>/cancel")
@requires(Can.SEE_OWN_WORK, load=load)
def cancel(found: Work) -> ResponseReturnValue:
    """End the work: the worker stops at its next piece."""
    if not work.cancel(found.id, by=me(), now=clock.now()):
        flash(_("It had ended already."), "info")
    return redirect(url_for("work.progress", job_id=found.id), 303)


@blueprint.get("/progress/<int:job_id>/file")
@requires(Can.SEE_OWN_WORK, load=load)
def download(found: Work) -> ResponseReturnValue:
    """The finished file, to keep; while there is none, the page that says why."""
    page = redirect(url_for("work.progress", job_id=found.id), 303)
    if found.file is None:
        return page
    if found.kind == work.PERSONAL_COPY:
        try:
            exporting.demand_password(by=me(), now=clock.now())
        except second_steps.PasswordNeededError:
            return redirect(url_for("account.password_again", next=page.location), 303)
    try:
        file = FolderFiles(settings().data_dir / "files").open(found.file.key, found.file.size)
    except FileDamagedError:
        flash(_("The file is no longer there. Please have it made again."), "warning")
        return page
    answer = Response(pieces(file), content_type=found.file.media_type)
    answer.call_on_close(file.close)
    answer.content_length = found.file.size
    answer.headers.set("Content-Disposition", "attachment", filename=str(found.payload.get("name", "file")))
    answer.headers["Cache-Control"] = "no-store"
    return answer
