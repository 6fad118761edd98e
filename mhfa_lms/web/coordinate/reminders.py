"""One person's reminders: what was sent, what will be, and why something was not."""

from flask import render_template

from mhfa_lms import clock, db
from mhfa_lms.models import Membership
from mhfa_lms.policy import Can
from mhfa_lms.services import reminder_story
from mhfa_lms.web.access import requires
from mhfa_lms.web.coordinate import load
from mhfa_lms.web.coordinate.blueprint import blueprint


@blueprint.get("/coordinate/people/<int:membership_id>/reminders")
@requires(Can.SEE_PEOPLE, load=load.member)
def reminders(member: Membership) -> str:
    """The reminders of one member's certificates, and of what an instructor needs to go on."""
    return render_template(
        "coordinate/reminders.html",
        member=member,
        stories=reminder_story.of_membership(db.session(), member.id, now=clock.now()),
    )
