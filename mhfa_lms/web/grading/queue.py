"""What waits to be marked, and taking the next of it."""

from datetime import timedelta

from flask import flash, redirect, render_template, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from mhfa_lms import clock, db
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import ngettext
from mhfa_lms.models import Role, ScenarioAnswer
from mhfa_lms.policy import Can, scope
from mhfa_lms.services import activity_queue, contacts, grading, marking_queue
from mhfa_lms.services.marking_queue import Place
from mhfa_lms.services.paging import PAGE
from mhfa_lms.web.access import requires
from mhfa_lms.web.grading.blueprint import blueprint
from mhfa_lms.web.identity import me
from mhfa_lms.web.requests import whole

SKIPPED = "skipped"
# A cookie holds 4 KB; whoever skips more than this sees the first ones again.
MOST_SKIPPED = 50


@blueprint.get("/mark")
@requires(Can.SEE_MARKING)
def queue() -> str:
    """How much waits and for how long, and the list, oldest first."""
    by, session, now = me(), db.session(), clock.now()
    if not by.authorised_types:
        return closed()
    waiting = marking_queue.waiting(session, by)
    after = _place(request.args.get("after", type=whole))
    lines = marking_queue.page(session, by, now=now, after=after)
    return render_template(
        "grading/queue.html",
        waiting=waiting,
        age=age(now - waiting.oldest_at) if waiting.oldest_at else "",
        held=marking_queue.held(session, by, now=now),
        lines=lines[:PAGE],
        later=lines[PAGE - 1].id if len(lines) > PAGE else None,
        first=after is None,
        activities=activity_queue.count(session, by),
        lately=marking_queue.lately(session, by),
        me=by.membership_id,
    )


def closed() -> str:
    """The page of an instructor without leave to mark anything: why it is empty, and whom to ask."""
    by, session = me(), db.session()
    return render_template(
        "grading/closed.html",
        leaves=contacts.leaves(session, by),
        today=clock.civil_date(clock.now(), by.timezone),
        coordinators=contacts.with_roles(session, by, Role.COORDINATOR),
    )


@blueprint.post("/mark/next")
@requires(Can.SEE_MARKING)
def next() -> ResponseReturnValue:
    """Take the next answer. With `skip=<id>` the marker gives that one back first, and meets it again at the end."""
    skipped = request.args.get("skip", type=whole)
    if skipped is None:
        return go_on()
    try:
        grading.let_go(skipped, by=me(), now=clock.now())
    except grading.UnknownAnswerError:
        return go_on()
    cookie[SKIPPED] = [*cookie.get(SKIPPED, []), skipped][-MOST_SKIPPED:]
    return go_on(leaving=skipped)


def go_on(*, leaving: int | None = None) -> ResponseReturnValue:
    """Take the next answer and go to it; when nothing is left, go to the list and say so."""
    by, now = me(), clock.now()
    passing_over = set(cookie.get(SKIPPED, []))
    found = grading.claim_next(by=by, now=now, passing_over=passing_over)
    if found is None and passing_over:
        # Everything else is done: what was skipped comes round again, but not the one that has just been skipped.
        kept = [leaving] if leaving is not None else []
        cookie[SKIPPED] = kept
        found = grading.claim_next(by=by, now=now, passing_over=kept)
    if found is not None:
        return redirect(url_for("grading.answer", answer_id=found), 303)
    if leaving is None:
        flash(_("Nothing else is free to mark."), "info")
    else:
        flash(_("Nothing else is free to mark. The answer you skipped is still in the list."), "info")
    return redirect(url_for("grading.queue"), 303)


def _place(answer_id: int | None) -> Place | None:
    """Return where an answer stood in the queue, also when it has been marked since."""
    if answer_id is None:
        return None
    sent = (
        db.session()
        .scalars(select(ScenarioAnswer.submitted_at).where(scope(me(), ScenarioAnswer), ScenarioAnswer.id == answer_id))
        .one_or_none()
    )
    return (sent, answer_id) if sent else None


def age(passed: timedelta) -> str:
    """Return how long something has waited, in the largest unit that fits."""
    minutes = max(int(passed.total_seconds() // 60), 0)
    if minutes >= 2 * 24 * 60:
        return ngettext("%(num)s day", "%(num)s days", minutes // (24 * 60))
    if minutes >= 60:
        return ngettext("%(num)s hour", "%(num)s hours", minutes // 60)
    return ngettext("%(num)s minute", "%(num)s minutes", minutes)
