"""What mails say comes next: from the same place as the pages, at the moment they are sent."""

from datetime import timedelta

import pytest

from mhfa_lms import db
from mhfa_lms.adapters.mail import RecordingMailer
from mhfa_lms.jobs.delivery import Counts, send_waiting
from mhfa_lms.models import EnrolmentState
from mhfa_lms.services import what_next
from mhfa_lms.settings import Settings
from tests import make
from tests.jobs.mails import message, post

pytestmark = pytest.mark.usefixtures("database")
NOON = make.NOON


def told(id_: int) -> dict[str, object]:
    db.session().rollback()
    found = what_next.facts(db.session(), message(id_), now=NOON)
    db.session().rollback()
    return found


def test_a_mail_about_a_course_tells_its_next_step_when_it_is_sent() -> None:
    member = make.member()
    enrolment = make.enrolment(member, make.published())
    id_ = post(
        "one",
        kind="attempt-released",
        account_id=member.account_id,
        facts={"path": f"/learn/{enrolment.id}/assessment"},
    )
    found = told(id_)
    assert found["next"] == "step"
    assert found["next_title"]
    assert found["steps_left"]
    with db.transaction() as session:
        row = session.merge(enrolment)
        row.state, row.ended_at = EnrolmentState.ENDED, NOON
    assert told(id_)["next"] == "over"


def test_nobody_is_told_of_another_s_course() -> None:
    enrolment = make.enrolment(make.member(), make.published())
    stranger = make.member()
    path = f"/learn/{enrolment.id}/scenario/sam"
    assert told(post("one", kind="scenario-result", account_id=stranger.account_id, facts={"path": path})) == {}
    assert told(post("two", kind="password-changed", account_id=stranger.account_id, facts={"path": path})) == {}
    assert told(post("three", kind="scenario-result", facts={"path": "/learn/999999/scenario/sam"})) == {}
    assert told(post("four", kind="scenario-result", facts={})) == {}


def test_reminders_name_the_course_that_renews(settings: Settings) -> None:
    member, revision = make.member(), make.published()
    certificate = make.certificate(member, revision, **make.due_in(30))
    facts = {"path": f"/certificates/{certificate.code}"}
    id_ = post("one", kind="reminder", account_id=member.account_id, facts=facts)
    assert told(id_) == {"renew_with": revision.title, "renew_begun": False}
    make.enrolment(member, revision, enrolled_at=NOON - timedelta(days=1))
    assert told(id_)["renew_begun"] is True
    ready = post("two", kind="certificate-ready", account_id=member.account_id, facts=facts)
    assert told(ready)["renew_from_on"] == certificate.window_opens_on.isoformat()


def test_the_mail_itself_says_it(settings: Settings) -> None:
    member = make.member()
    enrolment = make.enrolment(member, make.published())
    facts = {"name": "Amina", "course": "The course", "path": f"/learn/{enrolment.id}/assessment"}
    id_ = post("one", kind="attempt-released", account_id=member.account_id, facts=facts)
    out = RecordingMailer()
    assert send_waiting(settings, lambda: NOON, mailer=out) == Counts(sent=1)
    text = out.sent[0].get_body(("plain",))
    assert text is not None
    assert "What comes next: the step" in " ".join(text.get_content().split())
    # Told when it was sent, and not kept.
    assert "next" not in message(id_).facts
