"""An activity in a browser: saying that it is done, and confirming it for a whole class."""

from datetime import date

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from mhfa_lms import db
from mhfa_lms.models import (
    ActivityReport,
    Authorisation,
    Membership,
    MembershipRole,
    MembershipState,
    Organisation,
    Role,
)
from mhfa_lms.services import activity_queue
from tests import make, markup
from tests.make import NOON
from tests.services.test_activities import STEP, Class
from tests.web.test_learn import enter


@pytest.fixture
def school(client: FlaskClient) -> Class:
    return Class()


def address(school: Class) -> str:
    return f"/learn/{school.learner.enrolment_id}/step/{STEP}"


def as_teacher(client: FlaskClient, school: Class) -> FlaskClient:
    return make.signed_in(client, db.session().get_one(Membership, school.teacher_id))


def test_a_learner_says_so_and_sees_where_it_stands(client: FlaskClient, school: Class) -> None:
    enter(client, school.learner)
    page = client.get(address(school)).text
    assert markup.problems(page) == []
    assert "<strong>somebody</strong>" in page
    assert "with your name" in page
    assert 'value="continue"' not in page
    said = client.post(address(school), data={"do": "report", "note": "In the canteen"})
    assert said.status_code == 303
    page = client.get(address(school)).text
    assert "Waits for your instructor" in page
    assert "In the canteen" in page
    assert "Waits for your instructor" in client.get(f"/learn/{school.learner.enrolment_id}").text
    assert client.post(address(school), data={"do": "report", "note": "x" * 1001}).status_code == 413


def test_where_nobody_may_confirm_the_learner_is_promised_nothing_and_the_coordinator_told(
    client: FlaskClient, school: Class
) -> None:
    lead = make.member(db.session().get_one(Organisation, school.place_id), Role.COORDINATOR)
    lead_id = lead.id
    overview = "1 activity waits, and nobody can confirm it"
    school.report()
    assert overview not in make.signed_in(client, db.session().get_one(Membership, lead_id)).get("/coordinate").text
    with db.transaction() as session:
        session.execute(update(Authorisation).values(expires_on=date(2026, 1, 2)))
    assert overview in make.signed_in(client, db.session().get_one(Membership, lead_id)).get("/coordinate").text
    enter(client, school.learner)
    said = client.post(address(school), data={"do": "report", "note": "Done"}, follow_redirects=True).text
    assert "Nobody in your organisation can confirm it yet" in said
    assert "Your coordinator sees that it waits" in said
    assert "Your instructor has it now" not in said
    assert "We will send you a mail" not in said


def test_nobody_confirms_for_themselves_or_after_they_left(school: Class) -> None:
    def can() -> bool:
        db.session().rollback()
        return activity_queue.can_be_confirmed(db.session(), school.learner.enrolment_id, NOON.date())

    assert can()
    with db.transaction() as session:
        session.execute(update(Authorisation).values(membership_id=school.learner.actor.membership_id))
        mine = MembershipRole.membership_id == school.learner.actor.membership_id
        session.execute(update(MembershipRole).where(mine).values(role=Role.INSTRUCTOR))
    assert not can()
    with db.transaction() as session:
        session.execute(update(Authorisation).values(membership_id=school.teacher_id))
    assert can()
    with db.transaction() as session:
        left = {"state": MembershipState.LEFT, "left_at": NOON}
        session.execute(update(Membership).where(Membership.id == school.teacher_id).values(**left))
    assert not can()


def test_an_instructor_confirms_a_class_with_one_press(client: FlaskClient, school: Class) -> None:
    school.report("<b>In the canteen</b>")
    as_teacher(client, school)
    assert "1 activity to confirm" in client.get("/mark").text
    page = client.get("/mark/activities").text
    assert markup.problems(page) == []
    assert "&lt;b&gt;In the canteen" in page
    (one,) = db.session().scalars(select(ActivityReport.id)).all()
    refused = client.post("/mark/activities", data={"listed": one, "do": "confirm"})
    assert (refused.status_code, "Choose at least one" in refused.text) == (422, True)
    assert client.post("/mark/activities", data={"listed": one, "do": "all"}).status_code == 303
    assert school.state() == "confirmed"
    assert "Nothing waits" in client.get("/mark/activities").text
    enter(client, school.learner)
    assert "Confirmed by your instructor" in client.get(address(school)).text


def test_an_instructor_gives_one_back(client: FlaskClient, school: Class) -> None:
    school.report()
    as_teacher(client, school)
    (one,) = db.session().scalars(select(ActivityReport.id)).all()
    refused = client.post("/mark/activities", data={"report": one, "do": "return", "comment": " "})
    assert refused.status_code == 422
    assert markup.problems(refused.text) == []
    assert " checked" in refused.text
    client.post("/mark/activities", data={"report": one, "do": "return", "comment": "Longer, please."})
    enter(client, school.learner)
    assert "Longer, please." in client.get(address(school)).text
    assert "Given back to you" in client.get(f"/learn/{school.learner.enrolment_id}").text


def test_others_do_not_get_there(client: FlaskClient, school: Class) -> None:
    school.report()
    assert make.signed_in(client, make.member(name="Learner")).get("/mark/activities").status_code == 403
