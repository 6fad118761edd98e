"""Home, and putting oneself on a course."""

from collections.abc import Iterator

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db
from mhfa_lms.content.schema import Course
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import ngettext
from mhfa_lms.models import CourseKind, Role
from mhfa_lms.policy import Actor, Can
from mhfa_lms.services import catalogue, enrolments, journey, names, prerequisites, renewal, review_state
from mhfa_lms.services.journey import Home, Next
from mhfa_lms.services.prerequisites import Named, PrerequisitesError
from mhfa_lms.services.renewal import RefresherError
from mhfa_lms.web.access import requires
from mhfa_lms.web.identity import me
from mhfa_lms.web.learn.blueprint import blueprint
from mhfa_lms.web.learn.renewal_words import refresher_words
from mhfa_lms.web.requests import whole


@blueprint.get("/home")
@requires(Can.SEE_HOME)
def home() -> ResponseReturnValue:
    """Where to go on, and what waits; for those without a course, the courses they can start.

    Administrators who belong to no organisation have nothing to learn: they land where their work is.
    """
    who = me()
    if who.is_admin and who.membership_id is None:
        return redirect(url_for("admin.overview"), 303)
    here = journey.home(db.session(), who)
    return render_template(
        "learn/home.html",
        here=here,
        renew=journey.to_renew(db.session(), who, clock.now()) if who.membership_id is not None else None,
        name=names.first_name(who.name),
        duties=list(_duties(who)),
        offers=_offers(here, who.membership_id) if who.membership_id is not None else [],
    )


def _duties(who: Actor) -> Iterator[tuple[str, str, str, str]]:
    """Yield what a person's roles let them do here: title, address, what waits, and a sentence about it."""
    if Role.INSTRUCTOR in who.roles:
        waits = ngettext("%(num)s waits", "%(num)s wait", who.waiting) if who.waiting else ""
        yield (
            _("Mark answers"),
            url_for("grading.queue"),
            waits,
            _("Read what learners wrote and mark it by the rubric."),
        )
        yield (
            _("See your learners"),
            url_for("grading.learners"),
            "",
            _("How far they are, and who is out of attempts."),
        )
    if Role.COORDINATOR in who.roles:
        yield _("See what needs doing"), url_for("coordinate.overview"), "", _("Where your organisation stands today.")
        yield _("Open the register"), url_for("coordinate.register"), "", _("Who is certified, and until when.")
        yield _("Look after people"), url_for("coordinate.people"), "", _("Invite them, enrol them, give them roles.")
    if who.is_admin:
        yield _("Run this installation"), url_for("admin.overview"), "", _("Mails, courses, organisations, help lines.")


def _offers(here: Home, membership_id: int) -> list[tuple[int, Course, Named | None, str, bool]]:
    """Return the courses to start, for those who are on none at the moment, what each lacks to be started, why it would
    renew nothing (in words, empty when it may begin), and whether it was clinically reviewed.
    """
    if here.main is not None and here.main.next is not Next.FINISHED:
        return []
    done = {enrolment.course_id for enrolment, _certificate in here.finished}
    session, today = db.session(), clock.now().date()
    found = [revision for revision in catalogue.newest(session) if revision.course_id not in done]
    states = review_state.of_all(session, found)
    offered = [(one, catalogue.shown(one)) for one in found]
    return [
        (
            one.course_id,
            course,
            prerequisites.before(session, membership_id, course, on=today),
            _refused(membership_id, one.course_id) if course.kind == CourseKind.REFRESHER.value else "",
            states[one.id].counts,
        )
        for one, course in offered
    ]


def _refused(membership_id: int, course_id: int) -> str:
    found = renewal.refused(db.session(), membership_id, course_id, clock.now())
    return refresher_words(found) if found else ""


@blueprint.post("/learn/enrol")
@requires(Can.LEARN)
def enrol() -> ResponseReturnValue:
    """Begin a course."""
    who = me()
    course_id = request.form.get("course", type=whole)
    if course_id is None or who.membership_id is None:
        abort(404)
    try:
        enrolment_id = enrolments.enrol(who.membership_id, course_id, by=who, now=clock.now())
    except RefresherError as error:
        flash(refresher_words(error.refused), "warning")
        return redirect(url_for("learn.home"), 303)
    except PrerequisitesError:
        flash(_("Something else comes before this course. Your home page says what."), "warning")
        return redirect(url_for("learn.home"), 303)
    except enrolments.NotPublishedError:
        flash(_("This course is not open at the moment."), "warning")
        return redirect(url_for("learn.home"), 303)
    return redirect(url_for("learn.course", enrolment_id=enrolment_id), 303)
