"""The coordinator's overview, and the courses on offer."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import render_template, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import ngettext
from mhfa_lms.models import Role
from mhfa_lms.policy import Can
from mhfa_lms.services import catalogue, review_state, work
from mhfa_lms.services import overview as service
from mhfa_lms.services.periods import Standing
from mhfa_lms.web.access import requires
from mhfa_lms.web.coordinate import load
from mhfa_lms.web.coordinate.blueprint import blueprint
from mhfa_lms.web.coordinate.filters import YES
from mhfa_lms.web.identity import me
from mhfa_lms.web.work.words import listed

MOST_SITES = 25


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do."""

    title: str
    href: str | None
    status: str
    kind: str
    hint: str = ""


@blueprint.get("/coordinate")
@requires(Can.COORDINATE)
def overview() -> str:
    """How many are certified, what ends soon, who is learning, what waits; by site."""
    who, session, now = me(), db.session(), clock.now()
    found = service.of(session, by=who, today=load.today(session, who, now), now=now)
    return render_template(
        "coordinate/overview.html",
        found=found,
        tasks=list(_tasks(found)),
        sites=found.sites[:MOST_SITES],
        more_sites=len(found.sites) > MOST_SITES,
        long_work=listed(work.recent(by=who, now=now, here=True)),
    )


def _tasks(found: service.Overview) -> list[Task]:
    figures = found.figures
    tasks = list(_beginning(found))
    if found.formats_asked:
        tasks.append(
            Task(
                ngettext("%(num)s person asks for another format",
                         "%(num)s people ask for another format", found.formats_asked),
                url_for("coordinate.formats"),
                _("Waiting"),
                "warn",
                _("Large print, audio, paper: they may not be able to go on until you answer."),
            )
        )  # fmt: skip
    if found.mails_missing:
        tasks.append(
            Task(
                ngettext("%(num)s mail did not arrive", "%(num)s mails did not arrive", found.mails_missing),
                url_for("coordinate.mails"),
                _("Not delivered"),
                "bad",
                _("Most often an address is misspelt or no longer in use."),
            )
        )
    if figures.grace:
        tasks.append(
            Task(
                ngettext("%(num)s certificate has expired and can still be renewed",
                         "%(num)s certificates have expired and can still be renewed", figures.grace),
                _register(Standing.GRACE),
                _("Expired"),
                "bad",
            )
        )  # fmt: skip
    if figures.due:
        tasks.append(
            Task(
                ngettext("%(num)s certificate can be renewed now",
                         "%(num)s certificates can be renewed now", figures.due),
                _register(Standing.DUE),
                _("Renew soon"),
                "warn",
                _("Reminders go out by themselves. A word from you helps."),
            )
        )  # fmt: skip
    if found.waiting:
        tasks.append(_waiting(found))
    if found.invitations:
        tasks.append(
            Task(
                ngettext("%(num)s invitation is not accepted yet",
                         "%(shown)s invitations are not accepted yet", found.invitations.number,
                         shown=found.invitations),
                url_for("coordinate.invitations"),
                _("Open"),
                "info",
            )
        )  # fmt: skip
    return tasks


def _beginning(found: service.Overview) -> Iterator[Task]:
    """Yield what has to be there before anybody can be certified."""
    needed = (_("Needed"), "warn")
    if found.is_alone:
        hint = _("You are the only one here. People come by your invitation, and find their course at once.")
        yield Task(_("Invite the first people"), url_for("coordinate.invite"), *needed, hint)
    if not found.has_lead:
        hint = _(
            "Until one is named, nobody can write scenario answers, and nobody can ask for someone to get in touch. "
            "Choose somebody calm whom people trust, not yourself, and give them the role on their page."
        )
        yield Task(_("Name a safeguarding lead"), url_for("coordinate.people"), *needed, hint)
    if not found.has_marker:
        hint = _("Nobody may mark answers. Give somebody the instructor role and an authorisation on their page.")
        yield Task(_("Authorise an instructor"), url_for("coordinate.people"), *needed, hint)
    if found.stuck:
        title = ngettext(
            "%(num)s activity waits, and nobody can confirm it", "%(num)s activities wait, and nobody can confirm them",
            found.stuck,
        )  # fmt: skip
        hint = _(
            "Nobody else may confirm what these learners did. Give somebody the instructor role and an authorisation "
            "for the certification of the course on their page."
        )
        yield Task(title, url_for("coordinate.people"), *needed, hint)
    if found.lines_to_try:
        title = ngettext(
            "%(num)s help line of yours should be tried", "%(num)s help lines of yours should be tried",
            found.lines_to_try,
        )  # fmt: skip
        hint = _("It was not tried for 180 days, or never. Somebody may need it today.")
        yield Task(title, url_for("coordinate.help_lines"), *needed, hint)


def _waiting(found: service.Overview) -> Task:
    return Task(
        ngettext("%(num)s answer waits for an instructor", "%(num)s answers wait for an instructor", found.waiting),
        url_for("grading.queue") if Role.INSTRUCTOR in me().roles else None,
        _("To mark"),
        "info",
    )


def _register(standing: Standing) -> str:
    return url_for("coordinate.register", standing=standing.value, open=YES)


@blueprint.get("/coordinate/courses")
@requires(Can.COORDINATE)
def courses() -> ResponseReturnValue:
    """The courses on offer, with the state of their clinical review."""
    newest = catalogue.newest(db.session())
    states = review_state.of_all(db.session(), newest)
    offered = [(revision, catalogue.course(revision), states[revision.id]) for revision in newest]
    return render_template("coordinate/courses.html", offered=offered)
